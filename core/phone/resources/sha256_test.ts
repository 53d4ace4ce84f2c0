import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Random } from "../../base/random.ts";
import { sha256 } from "./sha256.ts";

Deno.test("it is the SHA-256 that others compute, at every length around a block and for a picture", () => {
  const random = new Random(1);
  for (const length of [...Array(140).keys(), 70_001]) {
    const bytes = Uint8Array.from({ length }, () => random.below(256));
    assert.equal(sha256(bytes), createHash("sha256").update(bytes).digest("hex"), `${length} bytes`);
  }
});
