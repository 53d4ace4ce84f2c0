import assert from "node:assert/strict";
import { frames, Opcode1 } from "../wire/v1/frames.ts";
import { Passes } from "./pass.ts";
import { Tokens } from "./token.ts";

const OLD = { id: 1, secret: new Uint8Array(16).fill(1) };
const NEW = { id: 2, secret: new Uint8Array(16).fill(2) };
const passes = new Passes({ keys: [NEW, OLD], event: "gala" });
const AWARDS = Uint32Array.of(77, 499, 2, 0, 0x8010_0001, 188, 5, 1);
const AT = 5;

/** A user shows the pass that they were sent, at another place of another buffer. */
function shown(user = 7, awards = AWARDS, by = passes): Uint8Array {
  const bytes = new Uint8Array(AT + frames.pass.bytes[1]);
  const size = by.write(new DataView(bytes.buffer), AT, 0, user, awards);
  new DataView(bytes.buffer).setUint16(AT + 2, Opcode1.carry);
  return bytes.subarray(0, AT + size);
}

function check(pass: Uint8Array, user = 7, by = passes) {
  return by.check(new DataView(pass.buffer, pass.byteOffset, pass.byteLength), AT, user);
}

Deno.test("a pass is good for its user and event, also one of an older key", () => {
  assert.equal(check(shown()), undefined);
  assert.equal(check(shown(), 8), "ofOther");
  assert.equal(check(shown(7, AWARDS, new Passes({ keys: [OLD], event: "gala" }))), undefined);
  const unknown = new Passes({ keys: [{ ...OLD, id: 3 }], event: "gala" });
  assert.equal(check(shown(7, AWARDS, unknown)), "unknownKey");
  for (const event of ["gala2", "gal", ""]) {
    assert.equal(check(shown(), 7, new Passes({ keys: [NEW], event })), "forged", event);
  }
  const most = Uint32Array.from({ length: 64 }, (_, i) => i + 1);
  assert.equal(check(shown(0xffff_ffff, most), 0xffff_ffff), undefined);
});

Deno.test("every changed bit is found, and so is every other size", () => {
  const pass = shown();
  for (let bit = (AT + 12) * 8; bit < pass.length * 8; bit++) {
    const changed = pass.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    assert.notEqual(check(changed), undefined, `bit ${bit}`);
  }
  for (const size of [frames.carry.bytes[0], pass.length - AT - 1, pass.length - AT + 16]) {
    const cut = new Uint8Array(AT + frames.carry.bytes[1]);
    cut.set(pass);
    new DataView(cut.buffer).setUint16(AT, size);
    assert.equal(check(cut), "damaged", String(size));
  }
});

Deno.test("one award less, or those of a token's text, is no pass", () => {
  const less = shown(7, AWARDS.subarray(0, 4));
  less.set(shown().subarray(AT + frames.pass.at.mac, AT + frames.pass.at.count), AT + frames.pass.at.mac);
  assert.equal(check(less), "forged");
  // What a token signs begins otherwise, so no token's signature is ever a pass's.
  const token = new Tokens({ keys: [NEW], event: "gala" }).make(7, 0);
  const forged = shown();
  forged.set(token.subarray(12), AT + frames.pass.at.mac);
  assert.equal(check(forged), "forged");
});
