import assert from "node:assert/strict";
import { handshakeAnswer, handshakeProblem } from "./handshake.ts";
import { isOriginAllowed } from "./origins.ts";
import { RateTable } from "./rate_table.ts";

const GOOD = {
  upgrade: "WebSocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

Deno.test("a handshake is answered as RFC 6455 shows it, and a bad one is not", () => {
  assert.equal(handshakeProblem("GET", GOOD), undefined);
  assert.match(handshakeAnswer(GOOD["sec-websocket-key"]), /Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n$/);
  assert.ok(handshakeProblem("POST", GOOD));
  for (
    const wrong of [{ upgrade: "h2c" }, { "sec-websocket-version": "8" }, { "sec-websocket-key": "x" }, {
      "sec-websocket-key": undefined,
    }]
  ) {
    assert.ok(handshakeProblem("GET", { ...GOOD, ...wrong } as typeof GOOD), JSON.stringify(wrong));
  }
});

Deno.test("a page may connect to where it came from, or if it is allowed; programs may", () => {
  const allowed = new Set(["https://party.example"]);
  const may = (origin: string | undefined, host = "gw.example:8080") =>
    isOriginAllowed(origin, host, allowed);
  for (
    const origin of [undefined, "http://gw.example:8080", "https://gw.example:8080", "https://party.example"]
  ) {
    assert.ok(may(origin), origin);
  }
  const others = [
    "null",
    "",
    "http://gw.example",
    "http://party.example",
    "https://party.example.evil",
    "https://evil/https://party.example",
    "file://",
    "http://gw.example:8080@evil",
  ];
  for (const origin of others) assert.ok(!may(origin), origin);
  assert.ok(!isOriginAllowed("http://a", undefined, allowed));
  assert.ok(isOriginAllowed("null", "b", new Set(["*"])));
});

Deno.test("a rate lets a burst through, then so many a second, by key", () => {
  const table = new RateTable<number>(2, 3);
  assert.deepEqual([0, 0, 0, 0].map(() => table.take(1, 0)), [0, 0, 0, 500]);
  assert.equal(table.take(2, 0), 0, "another key has its own");
  assert.ok(table.take(1, 499) > 0);
  assert.equal(table.take(1, 500), 0);
  assert.deepEqual(
    [0, 0, 0, 0].map(() => table.take(1, 60_000)),
    [0, 0, 0, 500],
    "no more than a burst is saved",
  );
});

Deno.test("no limit is none, and however many keys come, few are known: who was seen last", () => {
  const open = new RateTable<number>(0, 1);
  for (let i = 0; i < 10; i++) assert.equal(open.take(1, 0), 0);
  const table = new RateTable<number>(1, 1, 10);
  assert.equal(table.take(0, 0), 0);
  for (let key = 1; key < 100; key++) {
    assert.equal(table.take(key, 0), 0);
    assert.ok(table.take(0, 0) > 0, "who comes again and again is not forgotten");
  }
  assert.equal(table.take(1, 0), 0, "who came long ago is");
});
