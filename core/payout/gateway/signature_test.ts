import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Random } from "../../base/random.ts";
import { signRequest } from "./signature.ts";

Deno.test("a signature is the HMAC-SHA256 of the four lines, whatever key and body", () => {
  const random = new Random(4);
  for (let i = 0; i < 300; i++) {
    const key = Uint8Array.from({ length: 32 + random.below(60) }, () => random.below(256));
    const body = "a付款".repeat(random.below(40));
    const request = { method: "POST", path: `/v1/${i}`, timestamp: String(i), body };
    const wanted = createHmac("sha256", key).update(`POST\n/v1/${i}\n${i}\n${body}`).digest("hex");
    assert.equal(signRequest(key, request), wanted);
    assert.equal(signRequest(key, request), wanted, "a key can be used again");
  }
});
