import assert from "node:assert/strict";
import { HttpPeer as Peer } from "../../test/server/http_peer.ts";
import { makeGuard } from "./guard.ts";
import { plainCounts } from "./http_metrics.ts";
import { type HttpLimits, serveHttp } from "./http_server.ts";

const LIMITS: HttpLimits = { connections: 8, streams: 2, requestMs: 600, readMs: 600 };
const HOST = "Host: 127.0.0.1\r\n";
const JSON_POST = `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n`;

/** A server with small limits that tells what it was asked, and streams until its readers leave. */
async function bench(limits: Partial<HttpLimits> = {}) {
  const { counts, count } = plainCounts();
  const address = { hostname: "127.0.0.1", port: 0 };
  const state = { streams: 0, answers: 0 };
  const gate = Promise.withResolvers<void>();
  const served = await serveHttp(address, {
    guard: makeGuard({ address, names: [] }),
    count,
    async fetch(request) {
      state.answers++;
      const { pathname } = new URL(request.url);
      if (pathname === "/wait") await gate.promise;
      if (pathname === "/big") return new Response(new Uint8Array(64 << 20));
      if (pathname !== "/stream") {
        return Response.json({ [request.method]: pathname, body: await request.text() });
      }
      state.streams++;
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(": hello\n\n")),
        cancel: () => void state.streams--,
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
  }, { ...LIMITS, ...limits });
  const { port } = served.address;
  return {
    counts,
    state,
    gate,
    port,
    async health() {
      const response = await fetch(`http://127.0.0.1:${port}/health`);
      return [response.status, await response.json()];
    },
    [Symbol.asyncDispose]: () => served.stop(),
  };
}

/** The status of an answer that closes, and its errors. */
async function refusal(port: number, text: string): Promise<[status: number, error: string]> {
  using peer = await Peer.open(port, text);
  const [head, body] = (await peer.ended()).split("\r\n\r\n");
  assert.match(head, /content-type: application\/json/i);
  return [Number(head.split(" ")[1]), JSON.parse(body).errors[0]];
}

Deno.test("requests and answers pass unchanged, on one connection one after the other", async () => {
  await using server = await bench();
  using peer = await Peer.open(
    server.port,
    `${JSON_POST}Content-Length: 6\r\n\r\n"0123"${JSON_POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n` +
      `GET /a HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
  );
  const bodies = [...(await peer.ended()).matchAll(/^\{.*?\}$|\{"\w+":"\/\w*","body":.*?\}(?=HTTP|$)/gm)].map(
    ([m]) => m,
  );
  assert.deepEqual(bodies.map((text) => JSON.parse(text)), [
    { POST: "/echo", body: '"0123"' },
    { POST: "/echo", body: "{}" },
    { GET: "/a", body: "" },
  ]);
});

Deno.test("every answer tells browsers to keep it from other sites, and none lets one in", async () => {
  await using server = await bench();
  for (const host of [HOST, "Host: evil.example\r\n"]) {
    using peer = await Peer.open(server.port, `GET /a HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    const [head] = (await peer.ended()).toLowerCase().split("\r\n\r\n");
    assert.match(head, /^x-content-type-options: nosniff\r$/m);
    assert.match(head, /^cross-origin-resource-policy: same-origin\r$/m);
    assert.ok(!head.includes("access-control-allow"));
  }
});

Deno.test("what HTTP lets be read in two ways is refused", async () => {
  await using server = await bench();
  const cases: [status: number, text: string][] = [
    [400, `GET http://evil.example/a HTTP/1.1\r\n${HOST}\r\n`],
    [400, `GET //evil.example/a HTTP/1.1\r\n${HOST}\r\n`],
    [400, `GET a HTTP/1.1\r\n${HOST}\r\n`],
    [405, `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`],
    [405, `TRACE /a HTTP/1.1\r\n${HOST}\r\n`],
    [405, `CONNECT 127.0.0.1:22 HTTP/1.1\r\n${HOST}\r\n`],
    [403, "GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n"],
    [403, "GET /a HTTP/1.1\r\n\r\n"],
    [403, "GET /a HTTP/1.0\r\n\r\n"],
    [403, `GET /a HTTP/1.1\r\n${"X: y\r\n".repeat(2_200)}Host: evil.example\r\n\r\n`],
    [403, `GET /a HTTP/1.1\r\n${HOST}${"X: y\r\n".repeat(2_200)}Origin: http://evil.example\r\n\r\n`],
    [400, `${JSON_POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    [400, `${JSON_POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} `],
    [400, `${JSON_POST}Content-Length: -1\r\n\r\n`],
    [417, `${JSON_POST}Content-Length: 2\r\nExpect: a miracle\r\n\r\n{}`],
    [413, `${JSON_POST}Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n`],
    [431, `GET /a HTTP/1.1\r\n${HOST}X: ${"y".repeat(20_000)}\r\n\r\n`],
    [400, "\x16\x03\x01\x02\x00"],
  ];
  for (const [status, text] of cases) {
    assert.equal((await refusal(server.port, text))[0], status, text.slice(0, 100));
  }
  assert.equal(server.state.answers, 0, "nobody was asked");
});

Deno.test("a body of 60 MB is refused before it is read, and one without a length after 1 MiB", async () => {
  await using server = await bench({ requestMs: 60_000 });
  const [status, error] = await refusal(server.port, `${JSON_POST}Content-Length: 60000000\r\n\r\n[`);
  assert.deepEqual([status, error.split(":")[0]], [413, "a body has at most 1048576 bytes"]);
  using peer = await Peer.open(server.port, `${JSON_POST}Transfer-Encoding: chunked\r\n\r\n`);
  const chunk = new TextEncoder().encode(`100000\r\n${"[".repeat(1 << 20)}\r\n`);
  await peer.send(chunk);
  await peer.send(chunk);
  assert.match(await peer.until(/"errors":.*\}/), /^HTTP\/1.1 413 /);
  let sent = 2;
  while (sent < 400 && await peer.send(chunk)) sent++;
  assert.ok(sent < 400, "it was cut off");
  assert.equal(server.state.answers, 0);
  assert.equal((await server.health())[0], 200);
});

Deno.test("who asks slowly is told so and closed: nothing, half a head, half a body, or byte by byte", async () => {
  await using server = await bench();
  const begun = ["", "GET /a HT", `${JSON_POST}Content-Length: 100\r\n\r\nabc`];
  const peers = await Promise.all(begun.map((text) => Peer.open(server.port, text)));
  for (const peer of peers) assert.match(await peer.ended(), /^HTTP\/1.1 408 [\s\S]*"errors"/);
  using slow = await Peer.open(server.port, `${JSON_POST}Content-Length: 1000000\r\n\r\n`);
  while (await slow.send(" "));
  for (const peer of peers) peer[Symbol.dispose]();
  assert.equal(server.counts.httpTimeouts, 4);
});

Deno.test("those who hold connections without asking keep nobody out", async () => {
  await using server = await bench({ requestMs: 60_000 });
  const held: Peer[] = [];
  for (let i = 0; i < 40; i++) {
    held.push(await Peer.open(server.port, `${JSON_POST}Content-Length: 9\r\n\r\n{`));
  }
  assert.deepEqual(await server.health(), [200, { GET: "/health", body: "" }]);
  assert.ok(server.counts.httpOverfull >= 33, `${server.counts.httpOverfull}`);
  for (const peer of held) peer[Symbol.dispose]();
});

Deno.test("whoever is being answered is never closed for others", async () => {
  await using server = await bench({ requestMs: 60_000 });
  using first = await Peer.open(server.port, `GET /wait HTTP/1.1\r\n${HOST}\r\n`);
  while (server.state.answers === 0) await new Promise((resolve) => setImmediate(resolve));
  const held: Peer[] = [];
  for (let i = 0; i < 40; i++) held.push(await Peer.open(server.port, "GET"));
  await server.health();
  server.gate.resolve();
  await first.until(/"\/wait"/);
  for (const peer of held) peer[Symbol.dispose]();
});

Deno.test("streams have a limit; those that are left make room, and a HEAD leaves none behind", async () => {
  await using server = await bench();
  const ask = `GET /stream HTTP/1.1\r\n${HOST}\r\n`;
  const peers = [await Peer.open(server.port, ask), await Peer.open(server.port, ask)];
  for (const peer of peers) await peer.until(/: hello/);
  using third = await Peer.open(server.port, ask);
  assert.match(await third.until(/"errors":.*\}/), /^HTTP\/1.1 503 [\s\S]*2 streams are open/);
  assert.deepEqual([server.state.streams, server.counts.httpOverfull], [2, 1]);
  for (const peer of peers) peer[Symbol.dispose]();
  while (server.state.streams > 0) await new Promise((resolve) => setImmediate(resolve));
  using head = await Peer.open(server.port, `HEAD /stream HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  assert.match(await head.ended(), /^HTTP\/1.1 200 [\s\S]*\r\n\r\n$/);
  assert.equal(server.state.streams, 0);
  using again = await Peer.open(server.port, ask);
  await again.until(/: hello/);
});

Deno.test("whoever doesn't read what they asked for is closed", async () => {
  await using server = await bench();
  using peer = await Peer.open(server.port, `GET /big HTTP/1.1\r\n${HOST}\r\n`);
  while (server.counts.httpTimeouts === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.ok((await peer.ended()).length < 64 << 20);
});

Deno.test("who asks a thousand things at once without waiting is closed before they are answered", async () => {
  await using server = await bench();
  using peer = await Peer.open(server.port, `GET /a HTTP/1.1\r\n${HOST}\r\n`.repeat(1_000));
  await peer.ended();
  assert.ok(server.state.answers <= 8, `${server.state.answers}`);
  assert.equal((await server.health())[0], 200);
});
