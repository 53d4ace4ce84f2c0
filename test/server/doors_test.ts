/** The HTTP doors of real processes: other sites' pages, rebound names, floods. */
import assert from "node:assert/strict";
import { FRAME_BYTES, writeLoginRequest } from "../../core/wire/version0.ts";
import { browserPath, launchBrowser, tellNoBrowser } from "../monitor/browser.ts";
import { HttpPeer } from "./http_peer.ts";
import { redpkt, Running, startServer } from "../processes.ts";

tellNoBrowser();

const JSON_TYPE = "content-type: application/json";

/** A server, a fleet of its users and a monitor of both, each with its API on a free port. */
async function startAll(env: Record<string, string> = {}) {
  const server = new Running(
    ["server", "--host", "127.0.0.1", "--port", "0", "--admin", "127.0.0.1:0", "--workers", "1"],
    undefined,
    env,
  );
  const { port, admin } = await server.event("listening");
  const client = new Running(
    ["client", "--users", "0-9", "--server", `127.0.0.1:${port}`, "--control", "127.0.0.1:0"],
    undefined,
    env,
  );
  const { control } = await client.event("ready");
  const monitor = new Running(
    ["monitor", "--target", `${admin}`, "--web", "127.0.0.1:0", "--headless"],
    undefined,
    env,
  );
  const page = new URL((await monitor.event("page")).url as string).host;
  return {
    apis: [String(admin), String(control), page],
    async [Symbol.asyncDispose]() {
      for (const each of [monitor, client, server]) await each[Symbol.asyncDispose]();
    },
  };
}

/** Asks as a program of its own would, with exactly these headers; returns the status. */
async function ask(api: string, line: string, headers: readonly string[] = [], body = ""): Promise<number> {
  const length = body === "" ? [] : [`content-length: ${body.length}`];
  const head = [`${line} HTTP/1.1`, ...headers, ...length, "connection: close"].join("\r\n");
  using peer = await HttpPeer.open(Number(api.split(":").at(-1)), `${head}\r\n\r\n${body}`);
  return Number((await peer.until(/^HTTP\/1.1 \d+/)).split(" ")[1]);
}

const READS: readonly (readonly string[])[] = [
  ["/health", "/config", "/counters", "/metrics", "/stream", "/openapi.json"],
  ["/health", "/status", "/counters", "/metrics", "/stream", "/openapi.json"],
  ["/", "/health", "/events", "/api/history", "/api/counters"],
];
const ACTS = ["/stop", "/stop", "/api/marks"];

Deno.test("every API refuses rebound names, others' pages and bodies that aren't JSON, and serves whom it should", async () => {
  await using all = await startAll();
  for (const [i, api] of all.apis.entries()) {
    const own = `host: ${api}`;
    for (const path of READS[i]) {
      assert.equal(await ask(api, `GET ${path}`, [own]), 200, `${api}${path}`);
      assert.equal(await ask(api, `GET ${path}`, ["host: evil.example"]), 403, `${api}${path} rebound`);
      assert.equal(
        await ask(api, `GET ${path}`, [own, "origin: http://evil.example"]),
        403,
        `${api}${path} page`,
      );
      assert.equal(
        await ask(api, `GET ${path}`, [own, "sec-fetch-site: cross-site"]),
        403,
        `${api}${path} image`,
      );
    }
    const act = `POST ${ACTS[i]}`;
    const wrong: [status: number, headers: string[], body?: string][] = [
      [403, ["host: evil.example"]],
      [403, [own, "origin: null"]],
      [403, [own, "origin: http://evil.example", "content-type: text/plain"], "{}"],
      [415, [own, "content-type: text/plain"], "{}"],
      [415, [own, "content-type: application/x-www-form-urlencoded"], "a=b"],
      [415, [own], "{}"],
      [413, [own, JSON_TYPE, "content-length: 1048577"]],
    ];
    for (const [status, headers, body] of wrong) {
      assert.equal(await ask(api, act, headers, body), status, `${api} ${headers}`);
    }
  }
});

Deno.test("a token that is set is wanted on loopback too, of everything", async () => {
  await using all = await startAll({ REDPKT_TOKEN: "s3cret" });
  for (const [i, api] of all.apis.entries()) {
    const own = `host: ${api}`;
    for (const path of READS[i]) {
      assert.equal(await ask(api, `GET ${path}`, [own]), 401, `${api}${path}`);
      assert.equal(await ask(api, `GET ${path}?token=s3cret`, [own]), 401, `${api}${path} in the address`);
      assert.equal(
        await ask(api, `GET ${path}`, [own, "authorization: Bearer s3cret"]),
        200,
        `${api}${path}`,
      );
    }
    assert.equal(await ask(api, `POST ${ACTS[i]}`, [own]), 401);
  }
});

Deno.test("whatever floods the admin API, the next one who asks is answered, and nothing is left open", async () => {
  await using server = await startServer([
    "--workers",
    "1",
    "--engine",
    Deno.build.os === "linux" ? "epoll" : "auto",
  ]);
  const port = Number(new URL(server.api).port);
  const host = `host: 127.0.0.1\r\n`;
  const post = `POST /packets HTTP/1.1\r\n${host}${JSON_TYPE}\r\n`;
  const isWell = async (after: string) => {
    const response = await fetch(`${server.api}/health`, { signal: AbortSignal.timeout(10_000) });
    assert.deepEqual([response.status, (await response.json()).status], [200, "ok"], after);
  };
  const body = new Uint8Array(60_000_000).fill("[".charCodeAt(0));
  using large = await HttpPeer.open(port, `${post}content-length: ${body.length}\r\n\r\n`);
  assert.match(await large.until(/"errors"/), /^HTTP\/1.1 413/);
  await large.send(body);
  await isWell("60 MB");

  using endless = await HttpPeer.open(port, `${post}transfer-encoding: chunked\r\n\r\n`);
  const chunk = new TextEncoder().encode(`100000\r\n${"[".repeat(1 << 20)}\r\n`);
  let sentMb = 2;
  for (let i = 0; i < sentMb; i++) await endless.send(chunk);
  assert.match(await endless.until(/"errors"/), /^HTTP\/1.1 413/);
  while (sentMb < 400 && await endless.send(chunk)) sentMb++;
  assert.ok(sentMb < 400, "400 MB without a length are cut off");
  await isWell("400 MB");

  const peers: HttpPeer[] = [];
  for (let i = 0; i < 1_500; i++) peers.push(await HttpPeer.open(port, `${post}content-length: 9\r\n\r\n{`));
  await isWell("1,500 half POSTs");
  for (let i = 0; i < 1_000; i++) {
    peers.push(await HttpPeer.open(port, `GET /stream HTTP/1.1\r\n${host}\r\n`));
  }
  await isWell("1,000 streams");
  if (Deno.build.os === "linux") {
    const open = [...Deno.readDirSync(`/proc/${server.running.process.pid}/fd`)].length;
    assert.ok(open < 200, `${open} descriptors, below those that engines leave`);
  }
  const { counters } = await server.get("/counters");
  assert.ok(
    counters.httpOverfull > 2_000 && counters.httpRefused >= 2,
    JSON.stringify(counters.httpOverfull),
  );
  for (const peer of peers) peer[Symbol.dispose]();

  // A player's connection is none of this.
  const user = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const login = new Uint8Array(FRAME_BYTES[0]);
  writeLoginRequest(new DataView(login.buffer), 0, 0, 1);
  await user.write(login);
  assert.ok(await user.read(login));
  user.close();
});

Deno.test({
  name: "in a browser, a page of another site can neither act nor read, whatever it tries",
  ignore: browserPath === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using server = await startServer(["--workers", "1"]);
    const port = new URL(server.api).port;
    const evil = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("<!DOCTYPE html><body>", { headers: { "content-type": "text/html" } }),
    );
    // Its name leads here: what a rebound name comes to.
    const browser = await launchBrowser(["--host-resolver-rules=MAP rebound.example 127.0.0.1"]);
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${evil.addr.port}/`);
      const read = await page.evaluate(`(async () => {
        const api = "http://127.0.0.1:${port}";
        const order = JSON.stringify({ ratePerS: 1, total: 1 });
        const tries = [
          () => fetch(api + "/packets", { method: "POST", mode: "no-cors", body: order }),
          () => fetch(api + "/packets", { method: "POST", headers: { "content-type": "application/json" }, body: order }),
          () => fetch(api + "/stop", { method: "POST", mode: "no-cors" }),
          () => fetch(api + "/drain", { method: "POST" }),
          async () => void navigator.sendBeacon(api + "/stop"),
          () => fetch(api + "/config").then((response) => response.text()).then((text) => "read " + text),
          () => new Promise((done) => {
            const events = new EventSource(api + "/stream");
            events.onmessage = () => done("read events");
            events.addEventListener("snapshot", () => done("read events"));
            events.onerror = () => done();
          }),
          () => new Promise((done) => {
            const image = new Image();
            image.onload = image.onerror = () => done();
            image.src = api + "/metrics";
          }),
          () => new Promise((done) => {
            const frame = document.createElement("iframe");
            frame.name = "in";
            frame.onload = () => done();
            document.body.append(frame);
            const form = document.createElement("form");
            Object.assign(form, { method: "POST", action: api + "/stop", target: "in", enctype: "text/plain" });
            form.append(Object.assign(document.createElement("input"), { name: '{"a":"', value: '"}' }));
            document.body.append(form);
            form.submit();
          }),
        ];
        const found = [];
        for (const each of tries) found.push(await each().catch(() => undefined));
        return found.filter((text) => typeof text === "string");
      })()`);
      assert.deepEqual(read, []);
      await page.goto(`http://rebound.example:${port}/config`);
      assert.match(await page.locator("body").innerText(), /not called \\?"rebound.example/);
      await page.goto(`${server.api}/health`);
      assert.match(
        await page.locator("body").innerText(),
        /"status":"ok"/,
        "it still runs, and people may look",
      );
      const { counters } = await server.get("/counters");
      assert.equal(counters.shakePacketsMade, 0);
      assert.ok(counters.httpRefused >= 8, `${counters.httpRefused}`);
      assert.ok(!server.running.lines.some(({ event }) => event === "action"), "nothing was done");
    } finally {
      await browser.close();
      await evil.shutdown();
    }
  },
});

Deno.test({
  name: "in a browser, the monitor's page asks for a token that is set, once, and leaves it nowhere",
  ignore: browserPath === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const token = "s3cret";
    await using monitor = new Running(
      ["monitor", "--target", "127.0.0.1:1", "--web", "127.0.0.1:0", "--headless"],
      undefined,
      { REDPKT_TOKEN: token },
    );
    const url = String((await monitor.event("page")).url);
    const browser = await launchBrowser();
    try {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url);
      await page.fill('[name="token"]', "guess");
      await page.keyboard.press("Enter");
      await page.getByText("That is not the token").waitFor();
      await page.fill('[name="token"]', token);
      await page.keyboard.press("Enter");
      await page.waitForSelector('#link[data-state="live"]');
      for (const { name, value } of await context.cookies()) assert.ok(!value.includes(token), name);
      await page.reload();
      await page.waitForSelector('#link[data-state="live"]');
      const other = await (await browser.newContext()).newPage();
      await other.goto(`${url}#token=${token}`);
      await other.waitForSelector('#link[data-state="live"]');
      assert.ok(!other.url().includes(token));
    } finally {
      await browser.close();
    }
  },
});

Deno.test("a token that is set and empty is refused, rather than taken for none", async () => {
  const { code, stderr } = await redpkt(["server", "--port", "0", "--admin", "127.0.0.1:0"], {
    env: { REDPKT_TOKEN: "" },
  });
  assert.equal(code, 2);
  assert.match(stderr, /REDPKT_TOKEN: is set and empty/);
});
