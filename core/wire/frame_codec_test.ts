import assert from "node:assert/strict";
import { AssertionFailed } from "../base/assert.ts";
import { Random } from "../base/random.ts";
import { framesFrom, lengthOf, positionalWriter, readFrame, type Values, writeFrame } from "./frame_codec.ts";
import { MAX_OPCODE } from "./frame_table.ts";
import {
  bytes,
  count,
  type Field,
  type Fields,
  fromClient,
  fromServer,
  HEADER_BYTES,
  list,
  optional,
  TIMESTAMP_AT,
  u32,
  u64,
  utf8,
} from "./schema.ts";
import { readU64 } from "./u64.ts";

/** Any declaration that is allowed, with values for its fields. */
function someFrame(random: Random) {
  const fields: Record<string, Field> = {};
  const values: Record<string, unknown> = {};
  const word = () => random.below(2 ** 32);
  for (let i = random.below(6); i > 0; i--) {
    const size = random.between(1, 40);
    const kind = random.below(3);
    fields[`f${i}`] = [u32, u64, bytes(size)][kind] as Field;
    values[`f${i}`] = [word(), word() * 2 ** 21 + 1, Uint8Array.from({ length: size }, word)][kind];
  }
  const end = random.below(4);
  if (end === 1) {
    const names = ["user", "amountFen"].slice(0, random.below(3));
    Object.assign(fields, { count, items: list(9, ...names) });
    values.count = random.below(10);
    values.items = Array.from({ length: values.count as number * Math.max(1, names.length) }, word);
  } else if (end === 2) {
    fields.text = utf8(40);
    values.text = "恭喜发财".slice(0, random.between(1, 4));
  } else if (end === 3) {
    Object.assign(fields, { last: optional, lastOfAll: optional });
    if (random.below(2) === 0) Object.assign(values, { last: word(), lastOfAll: word() });
  }
  return { frame: fromClient(random.below(MAX_OPCODE), fields as Fields), values };
}

Deno.test("what is written of any declaration is read back, has an allowed size and touches nothing else", () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = new Random(seed);
    const { frame, values } = someFrame(random);
    const around = new Uint8Array(600).fill(0xaa);
    const view = new DataView(around.buffer, 3); // views needn't begin where their buffers do
    const at = random.below(20);
    const size = writeFrame(frame, view, at, seed * 2 ** 33, values as Values<Fields>);
    assert.deepEqual(readFrame(frame, view, at), values, `seed ${seed}`);
    assert.equal(lengthOf(view, at), size);
    assert.equal(readU64(view, at + TIMESTAMP_AT), seed * 2 ** 33);
    assert.ok(size >= frame.bytes[0] && size <= frame.bytes[1], `seed ${seed}: ${size} bytes`);
    assert.ok(around.subarray(0, 3 + at).every((byte) => byte === 0xaa), `seed ${seed}: before`);
    assert.ok(around.subarray(3 + at + size).every((byte) => byte === 0xaa), `seed ${seed}: behind`);
  }
});

Deno.test("offsets and sizes follow from the fields in their order", () => {
  const frame = fromServer(7, { a: u32, b: u64, c: bytes(5), last: optional });
  assert.deepEqual(frame.at, { a: 12, b: 16, c: 24, last: 29 });
  assert.deepEqual(frame.bytes, [29, 33]);
  assert.deepEqual(fromServer(7, { count, items: list(3, "a", "b") }).bytes, [16, 40]);
  assert.deepEqual(fromServer(7, { text: utf8(3) }).bytes, [13, 15]);
  assert.deepEqual(fromServer(7, {}).bytes, [HEADER_BYTES, HEADER_BYTES]);
});

Deno.test("a frame that can't be is our own mistake, when it is declared", () => {
  const wrong: Fields[] = [
    { text: utf8(3), behind: u32 },
    { last: optional, behind: u32 },
    { items: list(3) },
    { count, notItems: u32 },
    { count },
    { tooLong: bytes(4085) },
  ];
  for (const fields of wrong) {
    assert.throws(() => fromClient(7, fields), AssertionFailed, `${Object.keys(fields)}`);
  }
});

Deno.test("a frame that no peer would take isn't written", () => {
  const view = new DataView(new ArrayBuffer(64));
  const chat = fromClient(7, { text: utf8(3) });
  for (const text of ["", "恭喜", "abcd"]) {
    assert.throws(() => writeFrame(chat, view, 0, 0, { text }), AssertionFailed);
  }
  const named = fromClient(7, { count, items: list(2) });
  assert.throws(() => writeFrame(named, view, 0, 0, { items: [1, 2, 3] }), AssertionFailed);
  const pairs = fromClient(7, { count, items: list(2, "user", "amountFen") });
  assert.throws(() => writeFrame(pairs, view, 0, 0, { items: [1, 2, 3] }), AssertionFailed);
  const key = fromClient(7, { key: bytes(2) });
  assert.throws(() => writeFrame(key, view, 0, 0, { key: new Uint8Array(3) }), AssertionFailed);
});

Deno.test("a writer by place names all fields in their order, and whole numbers alone", () => {
  const frame = fromClient(7, { a: u32, b: u32, last: optional });
  const view = new DataView(new ArrayBuffer(64));
  assert.equal(positionalWriter(frame, "a", "b")(view, 0, 0, 1, 2), 20);
  assert.equal(positionalWriter(frame, "a", "b", "last")(view, 0, 0, 1, 2, 3), 24);
  assert.deepEqual(readFrame(frame, view, 0), { a: 1, b: 2, last: 3 });
  assert.throws(() => positionalWriter(frame, "b", "a"), AssertionFailed);
  assert.throws(() => positionalWriter(frame, "a"), AssertionFailed);
  const wide = fromClient(7, { a: u64, b: u32 });
  assert.equal(positionalWriter(wide, "a", "b")(view, 0, 2 ** 40 + 1, 2 ** 52 + 3, 4), 24);
  assert.deepEqual(readFrame(wide, view, 0), { a: 2 ** 52 + 3, b: 4 });
  assert.equal(readU64(view, TIMESTAMP_AT), 2 ** 40 + 1);
  assert.throws(() => positionalWriter(fromClient(7, { a: bytes(4) }), "a"), AssertionFailed);
});

Deno.test("a side accepts the other side's frames, in their sizes", () => {
  const table = framesFrom("server", { ask: fromClient(7, {}), answer: fromServer(8, { text: utf8(9) }) });
  assert.deepEqual([table.minBytes[7], table.minBytes[8], table.maxBytes[8]], [0, 13, 21]);
});
