import assert from "node:assert/strict";
import { decodeClaim, encodeClaim, encodeHead, encodeMark, markOffset, newestMark } from "./claim_file.ts";

const HEAD = {
  ledger: "a",
  hash: "5e".repeat(32),
  claimedAt: "2029-01-01T12:00:00.000Z",
  seed: "/seeds/é.seed",
  trusted: "because",
};
const MARKS = [{ seq: 7, headHex: "a1".repeat(32) }, { seq: 12, headHex: "b2".repeat(32) }];

/** A claim with these marks, by place. */
function claim(marks: readonly ({ seq: number; headHex: string } | undefined)[]): Uint8Array {
  const headText = encodeHead(HEAD);
  const bytes = encodeClaim(headText);
  marks.forEach((mark, slot) => {
    if (mark !== undefined) bytes.set(encodeMark(mark), markOffset(headText, slot));
  });
  return bytes;
}

Deno.test("a claim is read as it was written, with none of its marks, one, or both", () => {
  for (const marks of [[undefined, undefined], [MARKS[0], undefined], [undefined, MARKS[1]], MARKS]) {
    const read = decodeClaim(claim(marks));
    assert.deepEqual(read.head, HEAD);
    assert.deepEqual([read.marks, read.damagedMarks], [marks, 0]);
    assert.deepEqual(newestMark([read]), marks[1] ?? marks[0]);
  }
});

Deno.test("every flipped bit of a claim is told, and spoils no more than the mark that it is in", () => {
  const whole = claim(MARKS);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bytes = whole.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    let read;
    try {
      read = decodeClaim(bytes);
    } catch {
      continue;
    }
    assert.equal(read.damagedMarks, 1, `bit ${bit}`);
    assert.deepEqual(read.head, HEAD);
    const left = read.marks.filter((mark) => mark !== undefined);
    assert.ok(left.length === 1 && MARKS.some((mark) => mark.seq === left[0].seq), `bit ${bit}`);
  }
});

Deno.test("a claim that is cut, too long, of another version or of other fields is none", () => {
  const whole = claim(MARKS);
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeClaim(whole.slice(0, length)));
  }
  assert.throws(() => decodeClaim(new Uint8Array([...whole, 10])), /cut off or too long/);
  const text = encodeHead(HEAD);
  assert.throws(
    () => decodeClaim(encodeClaim(text.replace("claim 2", "claim 3"))),
    /format 3, and this redpkt knows 2/,
  );
  assert.throws(() => decodeClaim(encodeClaim(encodeHead({ ...HEAD, colour: 1 } as typeof HEAD))), /colour/);
});
