import assert from "node:assert/strict";
import { CloseCode, Opcode } from "./codes.ts";
import { FrameCursor, NO_MORE_FRAMES, WHOLE_FRAME } from "./frame_cursor.ts";
import { FrameTable, MAX_FRAME_BYTES } from "./frame_table.ts";
import { Field, requestFrames, writeClaimRequest, writeLoginRequest, writeShakeRequest } from "./version0.ts";

const CONNECTION = 3;
const READ_BYTES = 4096;

/** A login, two shakes and a claim, of user 77. */
const SESSION: Uint8Array = session();
const SESSION_FRAMES = [
  `${Opcode.loginRequest}:16:77`,
  `${Opcode.shakeRequest}:16:77`,
  `${Opcode.claimRequest}:20:77`,
  `${Opcode.shakeRequest}:16:77`,
];

function session(): Uint8Array {
  const bytes = new Uint8Array(68);
  const view = new DataView(bytes.buffer);
  let at = writeLoginRequest(view, 0, 1, 77);
  at += writeShakeRequest(view, at, 2, 77);
  at += writeClaimRequest(view, at, 3, 77, 5);
  at += writeShakeRequest(view, at, 4, 77);
  assert.equal(at, bytes.length);
  return bytes;
}

function open(table = requestFrames()): FrameCursor {
  return new FrameCursor(table, 8, READ_BYTES);
}

/** Gives one piece to the cursor; returns the frames as "opcode:length:user" and where it ended. */
function feed(
  cursor: FrameCursor,
  piece: Uint8Array,
  connection = CONNECTION,
): { frames: string[]; end: number } {
  // Away from offset 0, as bytes lie in an engine's buffer.
  const bytes = new Uint8Array(piece.length + 9).fill(0xee);
  bytes.set(piece, 7);
  cursor.load(connection, bytes, new DataView(bytes.buffer), 7, 7 + piece.length);
  const frames: string[] = [];
  for (;;) {
    const end = cursor.next();
    if (end !== WHOLE_FRAME) return { frames, end };
    frames.push(`${cursor.opcode}:${cursor.length}:${cursor.view.getUint32(cursor.at + Field.userId)}`);
  }
}

function header(length: number, opcode: number, size = 4): Uint8Array {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, (length << 16) | opcode);
  return bytes;
}

Deno.test("many frames in one read come out in order", () => {
  const cursor = open();
  assert.deepEqual(feed(cursor, SESSION), { frames: SESSION_FRAMES, end: NO_MORE_FRAMES });
  assert.equal(cursor.partialCount, 0);
});

Deno.test("one byte at a time", () => {
  const cursor = open();
  const frames: string[] = [];
  for (let i = 0; i < SESSION.length; i++) {
    const got = feed(cursor, SESSION.subarray(i, i + 1));
    assert.equal(got.end, NO_MORE_FRAMES);
    frames.push(...got.frames);
  }
  assert.deepEqual(frames, SESSION_FRAMES);
  assert.equal(cursor.partialCount, 0);
});

Deno.test("at every pair of split points", () => {
  for (let first = 0; first <= SESSION.length; first++) {
    for (let second = first; second <= SESSION.length; second++) {
      const cursor = open();
      const pieces = [SESSION.subarray(0, first), SESSION.subarray(first, second), SESSION.subarray(second)];
      const frames = pieces.flatMap((piece) => feed(cursor, piece).frames);
      assert.deepEqual(frames, SESSION_FRAMES, `split at ${first} and ${second}`);
      assert.equal(cursor.partialCount, 0);
    }
  }
});

Deno.test("a rest is kept when it and the next piece are joined and leave a rest again", () => {
  const cursor = open();
  const twice = new Uint8Array([...SESSION, ...SESSION]);
  const got = [twice.subarray(0, 10), twice.subarray(10, 30), twice.subarray(30, 75), twice.subarray(75)]
    .map((piece) => feed(cursor, piece).frames.length);
  assert.deepEqual(got, [0, 1, 3, 4]);
});

Deno.test("connections don't mix", () => {
  const cursor = open();
  for (let i = 0; i < SESSION.length; i++) {
    for (const connection of [0, 5, 7]) {
      const got = feed(cursor, SESSION.subarray(i, i + 1), connection);
      assert.equal(got.frames.length, [15, 31, 51, 67].includes(i) ? 1 : 0);
    }
  }
});

Deno.test("forget drops the rest, and the number's next user starts afresh", () => {
  const cursor = open();
  feed(cursor, SESSION.subarray(0, 13));
  assert.equal(cursor.partialCount, 1);
  cursor.forget(CONNECTION);
  cursor.forget(CONNECTION);
  assert.equal(cursor.partialCount, 0);
  assert.deepEqual(feed(cursor, SESSION).frames, SESSION_FRAMES);
});

Deno.test("a bad header gives its close code as soon as 4 bytes of it are there, and again when asked again", () => {
  const cases: [string, Uint8Array, number][] = [
    ["an opcode of the other side", header(20, Opcode.loginResponse), CloseCode.unknownOpcode],
    ["an opcode that nobody has", header(16, 7), CloseCode.unknownOpcode],
    ["the highest opcode", header(16, 0xffff), CloseCode.unknownOpcode],
    ["an opcode just past the table", header(16, 1024), CloseCode.unknownOpcode],
    ["a length of 0", header(0, Opcode.shakeRequest), CloseCode.frameTooShort],
    ["a length under the header's", header(11, Opcode.shakeRequest), CloseCode.frameTooShort],
    ["one byte too short", header(15, Opcode.shakeRequest), CloseCode.frameTooShort],
    ["one byte too long", header(17, Opcode.shakeRequest), CloseCode.frameTooLong],
    ["as long as a length can be", header(0xffff, Opcode.shakeRequest), CloseCode.frameTooLong],
  ];
  for (const [name, bytes, code] of cases) {
    const cursor = open();
    assert.deepEqual(feed(cursor, bytes), { frames: [], end: -code }, name);
    assert.equal(cursor.next(), -code, `${name}, asked again`);
    assert.equal(cursor.partialCount, 0, name);

    const late = open();
    assert.equal(feed(late, bytes.subarray(0, 3)).end, NO_MORE_FRAMES, `${name}, three bytes`);
    assert.equal(feed(late, bytes.subarray(3)).end, -code, `${name}, the fourth`);
    assert.equal(late.partialCount, 0, name);
  }
});

Deno.test("frames in front of a bad one still come out", () => {
  const cursor = open();
  const bytes = new Uint8Array([...SESSION, ...header(16, 99)]);
  assert.deepEqual(feed(cursor, bytes), { frames: SESSION_FRAMES, end: -CloseCode.unknownOpcode });
});

Deno.test("the longest frame comes through, in one read, split, and with a full read behind its rest", () => {
  const table = new FrameTable();
  table.allow(2, 12, MAX_FRAME_BYTES);
  const frame = header(MAX_FRAME_BYTES, 2, MAX_FRAME_BYTES);
  assert.equal(feed(open(table), frame).frames.length, 1);

  const cursor = open(table);
  assert.equal(feed(cursor, frame.subarray(0, MAX_FRAME_BYTES - 1)).end, NO_MORE_FRAMES);
  const rest = new Uint8Array(READ_BYTES);
  for (let at = 1; at + 12 <= READ_BYTES; at += 12) rest.set(header(12, 2), at);
  assert.equal(feed(cursor, rest).frames.length, 1 + Math.floor((READ_BYTES - 1) / 12));
  assert.equal(cursor.partialCount, 1);
});

Deno.test("an empty read changes nothing", () => {
  const cursor = open();
  assert.deepEqual(feed(cursor, new Uint8Array(0)), { frames: [], end: NO_MORE_FRAMES });
  feed(cursor, SESSION.subarray(0, 5));
  assert.equal(feed(cursor, new Uint8Array(0)).end, NO_MORE_FRAMES);
  assert.deepEqual(feed(cursor, SESSION.subarray(5)).frames, SESSION_FRAMES);
});
