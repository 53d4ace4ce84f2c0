import assert from "node:assert/strict";
import { handshakeAnswer, handshakeProblem } from "./handshake.ts";
import { isOriginAllowed } from "./origins.ts";

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
