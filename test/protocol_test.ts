/** Every example of `docs/protocol.md` is decoded by the document's own tables, and written by our writers. */
import assert from "node:assert/strict";
import text from "../docs/protocol.md" with { type: "text" };
import { protocolPage } from "../.ci/protocol_page.ts";
import { CloseCode, FIRST_VERSION_1_OPCODE, PLUGIN_OPCODES } from "../core/wire/codes.ts";
import { readFrame, type Values, writeFrame } from "../core/wire/frame_codec.ts";
import { FrameCursor, WHOLE_FRAME } from "../core/wire/frame_cursor.ts";
import { type Fields, type Frame, TIMESTAMP_AT } from "../core/wire/schema.ts";
import { readU64 } from "../core/wire/u64.ts";
import { frames0 } from "../core/wire/version0.ts";
import { frames, Opcode1, responseFrames1 } from "../core/wire/v1/frames.ts";

const AT_MS = 1_424_268_000_000;

type Value = number | string | number[] | Uint8Array;

interface Example {
  readonly name: string;
  readonly opcode: number;
  /** As the text says it: one number, or the least and the most. */
  readonly bytesSaid: readonly number[];
  readonly fields: readonly { readonly at: number; readonly type: string; readonly name: string }[];
  readonly frame: Uint8Array<ArrayBuffer>;
  readonly values: Readonly<Record<string, string>>;
}

function examples(): Example[] {
  return text.split(/^### /m).slice(1).flatMap((section) => {
    const [, name, opcode] = section.match(/^`(\w+)` 0x([0-9a-f]{4})/)!;
    const [, least, most] = section.match(/([\d,]+)(?: to (\d+))? bytes\./)!;
    const fields = [...section.matchAll(/^\| (\d+) +\| ([^|]+?) +\| `(\w+)` +\|$/gm)]
      .map(([, at, type, field]) => ({ at: Number(at), type, name: field }));
    return [...section.matchAll(/^```frame\n([^`]+)\n```/gm)].map(([, example]) => {
      const [hex, ...lines] = example.split("\n");
      const frame = Uint8Array.fromHex(hex.replaceAll(" ", "")) as Uint8Array<ArrayBuffer>;
      return {
        name,
        opcode: parseInt(opcode, 16),
        bytesSaid: [Number(least), Number(most ?? least)],
        // A short frame lacks the last fields; its values say that, too.
        fields: fields.filter(({ at }) => at < frame.length),
        frame,
        values: Object.fromEntries(lines.map((line) => line.split(" = "))),
      };
    });
  });
}

/** A field by its type in the document's table. */
function decode(view: DataView, at: number, type: string): Value {
  if (type === "u32") return view.getUint32(at);
  if (type === "u64") return readU64(view, at);
  const rest = new Uint8Array(view.buffer, at);
  if (type.endsWith("UTF-8")) return new TextDecoder().decode(rest);
  if (/^\d+ bytes$/.test(type)) return rest.slice(0, parseInt(type));
  return Array.from({ length: rest.length / 4 }, (_, i) => view.getUint32(at + 4 * i));
}

/** A value as the document writes it. */
function said(value: Value): string {
  if (value instanceof Uint8Array) return value.toHex();
  return Array.isArray(value) ? value.join(" ") : `${value}`;
}

for (const [i, { name, opcode, bytesSaid, fields, frame, values }] of examples().entries()) {
  Deno.test(`the example of ${name} (the page's ${i + 1}.) says what its fields say, and is what is written`, () => {
    const view = new DataView(frame.buffer);
    assert.deepEqual([view.getUint16(0), view.getUint16(2)], [frame.length, opcode]);
    assert.equal(readU64(view, TIMESTAMP_AT), AT_MS);
    const decoded = Object.fromEntries(fields.map(({ at, type, name }) => [name, decode(view, at, type)]));
    const words = Object.entries(decoded).map(([key, value]) => [key, said(value)]);
    assert.deepEqual(Object.fromEntries(words), values);
    const declared: Frame = frames[name as keyof typeof frames];
    assert.deepEqual(readFrame(declared, view, 0), decoded);
    const bytes = new Uint8Array(frame.length + 64).fill(0xaa);
    const size = writeFrame(declared, new DataView(bytes.buffer), 0, AT_MS, decoded as Values<Fields>);
    assert.equal(bytes.subarray(0, size).toHex(), frame.toHex());
    assert.ok(bytes.subarray(size).every((byte) => byte === 0xaa), "nothing behind it is touched");
    assert.deepEqual(bytesSaid, declared.bytes);
  });
}

Deno.test("the document has every frame of version 1 and no other, and its tables are the declarations", () => {
  assert.deepEqual(
    [...new Set(examples().map(({ name, opcode }) => `${name} ${opcode}`))].sort(),
    Object.entries(Opcode1).map(([name, opcode]) => `${name} ${opcode}`).sort(),
  );
  assert.equal(text, protocolPage(text, frames), "`deno task protocol` writes it");
});

Deno.test("the document's table of version 0 is the declarations", () => {
  const rows = [...text.matchAll(/^\| (\d+) +\| (\w+) +\| (\d+) +\| (client|server) \|/gm)];
  assert.deepEqual(
    rows.map(([, opcode, name, bytes, from]) => [Number(opcode), name, Number(bytes), from]),
    Object.entries(frames0).map(([name, { opcode, bytes: [bytes], from }]) => {
      return [opcode, name[0].toUpperCase() + name.slice(1), bytes, from];
    }),
  );
});

Deno.test("the server's opcodes are those with 0x80, no two are the same, and none is a plugin's", () => {
  const all = Object.values(frames);
  assert.equal(new Set(all.map(({ opcode }) => opcode)).size, all.length);
  for (const { from, opcode } of all) {
    assert.equal((opcode & 0x80) !== 0, from === "server");
    assert.ok(opcode >= FIRST_VERSION_1_OPCODE && opcode < PLUGIN_OPCODES.from);
  }
});

Deno.test("a client takes the server's frames, joined or split anywhere, and no client's", () => {
  const all = examples();
  const server = all.filter(({ opcode }) => (opcode & 0x80) !== 0);
  const stream = Uint8Array.from(server.flatMap(({ frame }) => [...frame]));
  for (const step of [1, 3, 17, stream.length]) {
    const cursor = new FrameCursor(responseFrames1(), 1, stream.length);
    const seen: number[] = [];
    for (let at = 0; at < stream.length; at += step) {
      cursor.load(0, stream, new DataView(stream.buffer), at, Math.min(at + step, stream.length));
      while (cursor.next() === WHOLE_FRAME) seen.push(cursor.opcode);
    }
    assert.deepEqual(seen, server.map(({ opcode }) => opcode));
  }
  for (const { frame } of all.filter(({ opcode }) => (opcode & 0x80) === 0)) {
    const cursor = new FrameCursor(responseFrames1(), 1, frame.length);
    cursor.load(0, frame, new DataView(frame.buffer), 0, frame.length);
    assert.equal(cursor.next(), -CloseCode.unknownOpcode);
  }
});
