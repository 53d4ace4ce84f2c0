/** What a peer may do to the frame cursor: anything. Compared with a reader that has all bytes at once. */
import assert from "node:assert/strict";
import { Random } from "../base/random.ts";
import { FrameCursor, NO_MORE_FRAMES, WHOLE_FRAME } from "./frame_cursor.ts";
import { FrameTable, MAX_OPCODE } from "./frame_table.ts";

const CONNECTIONS = 4;
const READ_BYTES = 256;

function someTable(random: Random): FrameTable {
  const table = new FrameTable();
  for (let opcode = 0; opcode < 8; opcode++) {
    if (random.below(3) === 0) continue;
    const minBytes = random.between(12, 60);
    table.allow(opcode, minBytes, minBytes + (random.below(2) === 0 ? 0 : random.below(300)));
  }
  return table;
}

/** Bytes that are good frames for a while, then perhaps anything at all. */
function someStream(random: Random, table: FrameTable): Uint8Array {
  const bytes: number[] = [];
  for (let frames = random.below(20); frames > 0; frames--) {
    const opcode = random.below(8);
    const isGood = table.minBytes[opcode] > 0 && random.below(40) > 0;
    const length = isGood ? random.between(table.minBytes[opcode], table.maxBytes[opcode]) : random.below(80);
    bytes.push(length >>> 8, length & 0xff, 0, opcode);
    for (let i = 4; i < length; i++) bytes.push(random.below(256));
  }
  for (let rest = random.below(3) === 0 ? random.below(40) : 0; rest > 0; rest--) {
    bytes.push(random.below(256));
  }
  return Uint8Array.from(bytes);
}

/** All frames of a stream as "at+length", a minus in front of the place where it is bad, and whether a rest is left. */
function expected(
  stream: Uint8Array,
  table: FrameTable,
): { frames: string[]; isBad: boolean; hasRest: boolean } {
  const view = new DataView(stream.buffer);
  const frames: string[] = [];
  let at = 0;
  while (stream.length - at >= 4) {
    const length = view.getUint16(at);
    const opcode = view.getUint16(at + 2);
    const isKnown = opcode < MAX_OPCODE && table.minBytes[opcode] > 0;
    if (!isKnown || length < table.minBytes[opcode] || length > table.maxBytes[opcode]) {
      return { frames, isBad: true, hasRest: false };
    }
    if (length > stream.length - at) break;
    frames.push(stream.subarray(at, at + length).toHex());
    at += length;
  }
  return { frames, isBad: false, hasRest: at < stream.length };
}

function run(seed: number): void {
  const random = new Random(seed);
  const table = someTable(random);
  const cursor = new FrameCursor(table, CONNECTIONS, READ_BYTES);
  const peers = Array.from({ length: CONNECTIONS }, (_, connection) => {
    const stream = someStream(random, table);
    return { connection, stream, at: 0, frames: [] as string[], isBad: false };
  });
  for (
    let open = [...peers];
    open.length > 0;
    open = open.filter((p) => !p.isBad && p.at < p.stream.length)
  ) {
    const peer = open[random.below(open.length)];
    const size = random.below(1 + Math.min(READ_BYTES, peer.stream.length - peer.at));
    const bytes = new Uint8Array(READ_BYTES + 8);
    const start = random.below(8);
    bytes.set(peer.stream.subarray(peer.at, peer.at + size), start);
    peer.at += size;
    cursor.load(peer.connection, bytes, new DataView(bytes.buffer), start, start + size);
    let found = cursor.next();
    for (; found === WHOLE_FRAME; found = cursor.next()) {
      const from = cursor.view.byteOffset + cursor.at;
      peer.frames.push(new Uint8Array(cursor.view.buffer, from, cursor.length).toHex());
    }
    peer.isBad = found !== NO_MORE_FRAMES;
  }
  const wanted = peers.map((peer) => expected(peer.stream, table));
  peers.forEach((peer, i) => {
    assert.deepEqual(peer.frames, wanted[i].frames, `seed ${seed}: frames`);
    assert.equal(peer.isBad, wanted[i].isBad, `seed ${seed}: bad`);
  });
  assert.equal(cursor.partialCount, wanted.filter((one) => one.hasRest).length, `seed ${seed}: kept rests`);
  for (const { connection } of peers) cursor.forget(connection);
  assert.equal(cursor.partialCount, 0, `seed ${seed}: nothing is kept of who is gone`);
}

Deno.test("whatever comes in whatever pieces, the cursor finds what a reader of the whole finds", () => {
  for (let seed = 1; seed <= 3000; seed++) run(seed);
});

Deno.test("pure noise never throws and is refused within one header", () => {
  const random = new Random(2015);
  const table = new FrameTable();
  table.allow(2, 16);
  const cursor = new FrameCursor(table, 1, READ_BYTES);
  for (let round = 0; round < 20_000; round++) {
    const size = random.below(READ_BYTES + 1);
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i++) bytes[i] = random.below(256);
    cursor.load(0, bytes, new DataView(bytes.buffer), 0, size);
    let found = cursor.next();
    while (found === WHOLE_FRAME) found = cursor.next();
    if (found === NO_MORE_FRAMES) assert.ok(cursor.partialCount === 1 || size === 0);
    cursor.forget(0);
    assert.equal(cursor.partialCount, 0);
  }
});
