import assert from "node:assert/strict";
import { Control } from "../collect/control.ts";
import { MonitorCore } from "../collect/monitor_core.ts";
import { makeSnapshot, TestWorld } from "../collect/testing.ts";
import { pageScript } from "./page.ts";
import { webApp } from "./web.ts";

const TARGET = { url: "http://127.0.0.1:9", name: "fleet 1" };
const S = 1_700_000_000;

function bench(isOpen = true) {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  const calls: [string, RequestInit][] = [];
  const logged: unknown[] = [];
  const control = new Control(
    core,
    (url, init) => {
      calls.push([url, init]);
      return Promise.resolve(Response.json({ errors: ["qps: too much"] }, { status: 400 }));
    },
    (_level, event, fields) => void logged.push([event, fields]),
    "target secret",
  );
  const app = webApp({ core, control, token: "secret", isOpen });
  const get = (path: string, headers = {}) => app.request(`http://127.0.0.1:1${path}`, { headers });
  return { world, core, app, get, calls, logged };
}

Deno.test("the page is one text under 300 kB that may load nothing else", async () => {
  const response = await bench().get("/");
  const html = await response.text();
  assert.ok(html.length < 300_000, `${html.length} characters`);
  assert.match(response.headers.get("content-security-policy")!, /default-src 'none'.*connect-src 'self'/);
  const outside = [...html.matchAll(/(?:src|href|url)\s*[=(]\s*["']?(https?:\/\/[^"' )]+)/g)].map(([, url]) =>
    url
  );
  assert.deepEqual(outside, []);
  assert.match(html, /uPlot/);
});

Deno.test("history is columns by line, empty ones as null", async () => {
  const { world, core, get } = bench();
  for (const second of [S, S + 1]) {
    world.clock.advance(1000);
    core.replay(TARGET, makeSnapshot(second, { deltas: { shakesDue: 4 } }));
    core.tick();
  }
  const history = await (await get("/api/history")).json();
  assert.deepEqual(history.seconds, [S, S + 1]);
  assert.deepEqual(history.columns.slice(0, 2), [[4, 4], null]);
  assert.deepEqual(history.targets.map(({ name }: { name: string }) => name), ["fleet 1"]);
});

Deno.test("who acts needs the token, who looks on loopback doesn't", async () => {
  const { get, app, core } = bench();
  assert.equal((await get("/api/history")).status, 200);
  for (const path of ["/api/actions", "/api/marks"]) {
    const answer = await app.request(`http://127.0.0.1:1${path}`, { method: "POST", body: "{}" });
    assert.equal(answer.status, 401, path);
  }
  const headers = { authorization: "Bearer secret" };
  const mark = await app.request("http://127.0.0.1:1/api/marks", {
    method: "POST",
    headers,
    body: JSON.stringify({ kind: "phase", text: "wave 1" }),
  });
  assert.equal(mark.status, 200);
  assert.deepEqual(core.marks.all.map(({ kind, text }) => [kind, text]), [["phase", "wave 1"]]);
  const wrong = await app.request("http://127.0.0.1:1/api/marks", { method: "POST", headers, body: "{" });
  assert.equal(wrong.status, 400);
});

Deno.test("with a token of the operator's nobody sees anything without it, and a cookie stands for it", async () => {
  const { app, get } = bench(false);
  for (const path of ["/", "/events", "/api/history", "/api/counters"]) {
    assert.equal((await get(path)).status, 401, path);
  }
  const login = (token: string) =>
    app.request("http://10.0.0.1:1/login", { method: "POST", body: JSON.stringify({ token }) });
  assert.equal((await login("guess")).status, 401);
  const cookie = (await login("secret")).headers.get("set-cookie")!;
  assert.match(cookie, /HttpOnly; SameSite=Strict/);
  assert.ok(!cookie.includes("secret"), "every port of this host sees the cookie, so it isn't the token");
  assert.equal((await get("/api/history", { cookie: cookie.split(";")[0] })).status, 200);
  assert.equal(
    (await get("/api/actions", { cookie: cookie.split(";")[0] })).status,
    401,
    "a cookie can't act",
  );
});

Deno.test("an action goes to its targets with their token, is marked and logged, and tells what they answer", async () => {
  const { app, calls, core, logged, world } = bench();
  world.clock.advance(1000);
  core.replay(TARGET, makeSnapshot(S));
  const response = await app.request("http://127.0.0.1:1/api/actions", {
    method: "POST",
    headers: { authorization: "Bearer secret" },
    body: JSON.stringify({
      action: "POST /rate",
      body: { qps: 9 },
      targets: ["fleet 1", "nobody"],
      who: "ann",
    }),
  });
  assert.deepEqual(await response.json(), {
    results: [
      { target: "fleet 1", ok: false, error: "qps: too much" },
      { target: "nobody", ok: false, error: "no such target" },
    ],
  });
  const [[url, init]] = calls;
  assert.deepEqual([url, init.body], ["http://127.0.0.1:9/rate", '{"qps":9}']);
  assert.equal((init.headers as Record<string, string>).authorization, "Bearer target secret");
  assert.deepEqual(core.marks.all.map(({ text, who }) => [text, who]), [["rate qps 9 on 2 targets", "ann"]]);
  assert.equal((logged[0] as [string])[0], "action");
  assert.ok(!JSON.stringify(logged).includes("secret"), "no secret in the log");
});

Deno.test("the page's modules are one script in which no name stands twice and nothing is imported", () => {
  const script = pageScript();
  assert.doesNotMatch(script, /^(import|export) /m);
  // Parsed, not run: a name that is declared twice, or a type that was left in, is a SyntaxError.
  new Function(script);
  // But two functions of one name are none: the later one would silently be both.
  const names = [...script.matchAll(/^(?:async )?function\*? (\w+)/gm)].map(([, name]) => name);
  assert.ok(names.length > 50, `${names.length} functions`);
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
});
