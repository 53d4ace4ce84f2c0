import assert from "node:assert/strict";
import { showsToken } from "./bearer.ts";
import { makeGuard } from "./guard.ts";

const address = { hostname: "127.0.0.1", port: 8989 };
const guard = makeGuard({ address, names: ["access-1.example"] });
const locked = makeGuard({ address, names: [], isKnown: (request) => showsToken(request, "s3cret") });

function ask(
  headers: Record<string, string>,
  { method = "POST", by = guard, local = "127.0.0.1" } = {},
): number {
  const request = new Request("http://redpkt/stop", {
    method,
    headers: { host: "127.0.0.1:8989", ...headers },
  });
  return by(request, local)?.status ?? 200;
}

/** Asserts one status of many requests, each by the text that it differs in. */
function all(status: number, texts: readonly string[], request: (text: string) => number): void {
  assert.deepEqual(texts.filter((text) => request(text) !== status), []);
}

Deno.test("it answers to loopback, its address and its names, whatever the port, case and last dot", () => {
  const own = [
    "localhost",
    "LocalHost.:1",
    "127.0.0.1",
    "127.8.9.1:80",
    "[::1]:8989",
    "ACCESS-1.example:443",
  ];
  all(200, own, (host) => ask({ host }));
});

Deno.test("a name that isn't its own is refused, for reads too, and so is one that could be read in two ways", () => {
  const strange = [
    "",
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example:8989",
    "0.0.0.0",
    "10.0.0.1",
    "2130706433",
    "0x7f000001",
    "127.1",
    "[::]",
    "[::ffff:10.0.0.1]",
    "user@127.0.0.1",
    "127.0.0.1@evil.example",
    "127.0.0.1, evil.example",
    "127.0.0.1, 127.0.0.1",
    "127.0.0.1/",
    "127.0.0.1#",
    "127.0.0.1?",
    "127.0.0.1:x",
    "127.0.0.1:8989:1",
    "local host",
    "localhost..",
    "access-1.example.evil",
  ];
  all(403, strange, (host) => ask({ host }));
  all(403, strange, (host) => ask({ host }, { method: "GET" }));
});

Deno.test("on every address it answers to the one that a connection came in on, and to no other", () => {
  const by = makeGuard({ address: { hostname: "0.0.0.0", port: 1 }, names: [] });
  assert.equal(ask({ host: "10.0.0.7:1" }, { by, local: "10.0.0.7" }), 200);
  assert.equal(ask({ host: "10.0.0.8:1" }, { by, local: "10.0.0.7" }), 403);
  assert.equal(ask({ host: "access-1.example" }, { by, local: "10.0.0.7" }), 403);
});

Deno.test("a page may ask if it came from here, by the same name and port", () => {
  all(200, ["http://127.0.0.1:8989", "https://127.0.0.1:8989"], (origin) => ask({ origin }));
  assert.equal(ask({ host: "access-1.example", origin: "https://access-1.example" }), 200, "behind a proxy");
  const others = [
    "null",
    "",
    "http://evil.example",
    "http://127.0.0.1",
    "http://127.0.0.1:3000",
    "http://localhost:8989",
    "http://127.0.0.1:8989.evil.example",
    "http://127.0.0.1:8989@evil.example",
    "http://127.0.0.1:8989/",
    "http://127.0.0.1:8989, http://evil.example",
    "file://127.0.0.1:8989",
    "chrome-extension://abc",
    "127.0.0.1:8989",
  ];
  all(403, others, (origin) => ask({ origin }));
  all(403, others, (origin) => ask({ origin }, { method: "GET" }));
});

Deno.test("what browsers say of the asking site counts, and following a link is no asking", () => {
  all(200, ["none", "same-origin"], (site) => ask({ "sec-fetch-site": site }));
  all(
    403,
    ["cross-site", "same-site", "what?"],
    (site) => ask({ "sec-fetch-site": site }, { method: "GET" }),
  );
  const follow = (dest: string, method: string) =>
    ask({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": dest }, { method });
  assert.equal(follow("document", "GET"), 200);
  assert.equal(follow("document", "POST"), 403, "a form is no link");
  all(403, ["iframe", "embed", "object"], (dest) => follow(dest, "GET"));
});

Deno.test("a body is JSON and says so; what pages can send without being asked first is not taken", () => {
  const body = { "content-length": "2" };
  all(
    200,
    ["application/json", "Application/JSON; charset=utf-8", 'application/json;charset="UTF-8"'],
    (type) => ask({ ...body, "content-type": type }),
  );
  const types = [
    "",
    "text/plain",
    "text/plain; charset=application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json, text/plain",
    "text/plain, application/json",
    "application/json; charset=utf-7",
    "application/json; x=y",
    "application/jsonp",
    "application/json-patch+json",
  ];
  all(415, types, (type) => ask({ ...body, "content-type": type }));
  assert.equal(ask(body), 415, "without a type");
  assert.equal(ask({ "transfer-encoding": "chunked" }), 415, "chunked without a type");
  assert.equal(ask({ "content-type": "text/plain" }), 415, "an empty form");
  assert.equal(ask({}), 200, "no body, no type");
  assert.equal(ask({ ...body, "content-type": "application/json", "content-encoding": "gzip" }), 415);
  assert.equal(ask({ "transfer-encoding": "chunked", "content-type": "application/json" }), 200);
  assert.equal(ask({ "transfer-encoding": "gzip, chunked", "content-type": "application/json" }), 415);
});

Deno.test("a body over 1 MiB is refused by its announced length", () => {
  const json = { "content-type": "application/json" };
  assert.equal(ask({ ...json, "content-length": String(1 << 20) }), 200);
  assert.equal(ask({ ...json, "content-length": String((1 << 20) + 1) }), 413);
  assert.equal(
    ask({ ...json, "content-length": "2" }, { method: "GET" }),
    400,
    "whoever only asks sends none",
  );
});

Deno.test("a token that is set is wanted of everybody, as a bearer token and nowhere else", () => {
  all(200, ["Bearer s3cret", "bearer  s3cret"], (authorization) => ask({ authorization }, { by: locked }));
  const wrong = [
    "",
    "s3cret",
    "Bearer",
    "Bearer s3cre",
    "Bearer s3creT",
    "Bearer s3cret2",
    "Basic s3cret",
    "Bearer s3cret, Bearer x",
  ];
  all(401, wrong, (authorization) => ask({ authorization }, { by: locked }));
  assert.equal(ask({ cookie: "token=s3cret; redpkt_monitor=s3cret" }, { by: locked }), 401);
  const inAddress = new Request("http://redpkt/stop?token=s3cret", { headers: { host: "localhost" } });
  assert.equal(locked(inAddress)?.status, 401);
  assert.equal(ask({ authorization: "Bearer s3cret", origin: "http://evil.example" }, { by: locked }), 403);
});

Deno.test("every refusal is JSON of one form that says what to do", async () => {
  for (const headers of [{ host: "evil.example" }, { origin: "null" }, { "content-type": "text/plain" }]) {
    const request = new Request("http://redpkt/", {
      method: "POST",
      headers: { host: "localhost", ...headers },
    });
    const { errors } = await guard(request)!.json();
    assert.match(errors[0], /: (ask|use|send) /);
  }
});
