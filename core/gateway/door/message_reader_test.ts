import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { MessageKind, MessageReader, type MessageTaker, SocketCode } from "./message_reader.ts";
import { binaryMessage, closeMessage, pongMessage } from "./message_writer.ts";

const MOST_BYTES = 70_000;

/** What a reader tells, in order. */
class Heard implements MessageTaker<null> {
  readonly events: string[] = [];
  message(_peer: null, bytes: Uint8Array): void {
    this.events.push(`message ${bytes.toHex()}`);
  }
  pinged(_peer: null, bytes: Uint8Array): void {
    this.events.push(`ping ${bytes.toHex()}`);
  }
  ended(): void {
    this.events.push("ended");
  }
  broken(_peer: null, code: number): void {
    this.events.push(`broken ${code}`);
  }
}

/** A piece as a client sends it, masked. */
function piece(first: number, payload: Uint8Array, mask = [1, 2, 3, 4]): number[] {
  const size = payload.length;
  const length = size < 126 ? [size] : size < 65_536 ? [126, size >>> 8, size & 255] : [
    127,
    ...[0, 0, 0, 0, size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255],
  ];
  const masked = Array.from(payload, (byte, i) => byte ^ mask[i & 3]);
  return [first, 0x80 | length[0], ...length.slice(1), ...mask, ...masked];
}

function bytesOf(count: number, first = 0): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => first + i);
}

/** What is heard of bytes that come in chunks of these sizes, round and round. */
function heardOf(bytes: readonly number[], chunks: readonly number[], mostBytes = MOST_BYTES): string[] {
  const [heard, reader] = [new Heard(), new MessageReader()];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + chunks[i % chunks.length]);
    reader.take(Uint8Array.from(bytes.slice(at, end)), mostBytes, null, heard);
    at = end;
  }
  return heard.events;
}

Deno.test("messages of every size come whole, joined or split anywhere", () => {
  const sizes = [0, 1, 12, 125, 126, 300, 65_535, 65_536];
  const payloads = sizes.map((size) => bytesOf(size, size));
  const stream = payloads.flatMap((payload) => piece(0x82, payload));
  const wanted = payloads.map((payload) => `message ${payload.toHex()}`);
  const random = new Random(7);
  const anyhow = Array.from({ length: 50 }, () => random.between(1, 9_000));
  for (const chunks of [[1_000, 1, 1, 1], [4_096], [stream.length], anyhow]) {
    assert.deepEqual(heardOf(stream, chunks), wanted);
  }
});

Deno.test("a message in pieces is one, and a ping between them is answered", () => {
  const stream = [
    ...piece(0x02, bytesOf(5)),
    ...piece(0x89, bytesOf(2)),
    ...piece(0x00, bytesOf(3, 5)),
    ...piece(0x8a, bytesOf(1)),
    ...piece(0x80, bytesOf(2, 8)),
    ...piece(0x88, bytesOf(2)),
    ...piece(0x82, bytesOf(9)),
  ];
  const wanted = ["ping 0001", `message ${bytesOf(10).toHex()}`, "ended"];
  for (const chunks of [[1], [7], [stream.length]]) assert.deepEqual(heardOf(stream, chunks), wanted);
});

Deno.test("a message that is too large is refused by its header, in one piece or in many", () => {
  const [huge] = [[0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]];
  assert.deepEqual(heardOf(huge, [huge.length]), [`broken ${SocketCode.tooBig}`]);
  assert.deepEqual(heardOf(piece(0x82, bytesOf(101)).slice(0, 6), [6], 100), [`broken ${SocketCode.tooBig}`]);
  assert.deepEqual(heardOf(piece(0x82, bytesOf(100)), [1], 100).length, 1);
  const many = [...piece(0x02, bytesOf(60)), ...piece(0x00, bytesOf(60))];
  assert.deepEqual(heardOf(many, [many.length], 100), [`broken ${SocketCode.tooBig}`]);
});

Deno.test("what breaks the rules ends the connection, and nothing behind it is heard", () => {
  const [none, some] = [bytesOf(0), bytesOf(3)];
  const cases: [number[], number][] = [
    [[0x82, 0x00], SocketCode.protocolError], // not masked
    [piece(0xc2, some), SocketCode.protocolError], // reserved bits
    [piece(0x81, some), SocketCode.unsupportedData], // text
    [piece(0x83, some), SocketCode.protocolError],
    [piece(0x8b, some), SocketCode.protocolError],
    [piece(0x80, some), SocketCode.protocolError], // the end of nothing
    [[...piece(0x02, some), ...piece(0x82, some)], SocketCode.protocolError],
    [piece(0x09, none), SocketCode.protocolError], // a ping in pieces
    [piece(0x89, bytesOf(126)), SocketCode.protocolError],
  ];
  for (const [bytes, code] of cases) {
    const stream = [...bytes, 0, 0, 0, 0, 0, 0, ...piece(0x82, some)];
    assert.deepEqual(heardOf(stream, [stream.length]), [`broken ${code}`], `${bytes}`);
    assert.deepEqual(heardOf(stream, [1]), [`broken ${code}`], `${bytes}`);
  }
});

Deno.test("whatever bytes come, a reader throws nothing and keeps no more than a message", () => {
  const random = new Random(11);
  for (let round = 0; round < 300; round++) {
    const heard = new Heard();
    const reader = new MessageReader();
    for (let i = 0; i < 20; i++) {
      const chunk = Uint8Array.from({ length: random.below(200) }, () => random.below(256));
      if (chunk.length > 1 && random.below(2) === 0) chunk.set([0x82, 0x80 | random.below(126)]);
      reader.take(chunk, 1_000, null, heard);
    }
    const over = heard.events.findIndex((event) => event.startsWith("broken") || event === "ended");
    assert.ok(over < 0 || over === heard.events.length - 1, `round ${round}`);
  }
});

Deno.test("what is written is as RFC 6455 has it", () => {
  const [one, none] = [bytesOf(3), bytesOf(0)];
  assert.equal(binaryMessage(one, bytesOf(2, 3)).toHex(), "82050001020304");
  assert.equal(binaryMessage(bytesOf(126), none).subarray(0, 5).toHex(), "827e007e00");
  assert.equal(pongMessage(one).toHex(), "8a03000102");
  assert.equal(closeMessage(4_101, "draining").toHex(), "880a1005" + "647261696e696e67");
  assert.equal(MessageKind.close, 8);
});
