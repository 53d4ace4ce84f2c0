/** Writes and reads frames as they are declared. Writers return the frame's size in bytes. */
import { assert } from "../base/assert.ts";
import { FrameTable } from "./frame_table.ts";
import { type Field, type Fields, type Frame, HEADER_BYTES, TIMESTAMP_AT } from "./schema.ts";
import { writeU64 } from "./u64.ts";

type Names<F extends Fields, Role> = {
  [Name in keyof F]: F[Name]["role"] extends Role ? Name : never;
}[keyof F];
type Given<F> = F extends Field<infer Value, unknown> ? Value : never;
type Read<F> = F extends Field<never, infer Value> ? Value : never;

/** What a frame is written from. A count isn't given: it is its list's. */
export type Values<F extends Fields> =
  & { readonly [Name in Exclude<keyof F, Names<F, "count" | "atEnd">>]: Given<F[Name]> }
  & { readonly [Name in Names<F, "atEnd">]?: Given<F[Name]> };

/** What a frame says. */
export type ReadValues<F extends Fields> =
  & { [Name in Exclude<keyof F, Names<F, "atEnd">>]: Read<F[Name]> }
  & { [Name in Names<F, "atEnd">]?: Read<F[Name]> };

/** Writes any frame from named values. It walks the declaration: frames by the million have `positionalWriter`. */
export function writeFrame<F extends Fields>(
  frame: Frame<F>,
  view: DataView,
  at: number,
  timestamp: number,
  values: Values<F>,
): number {
  const given = values as Readonly<Record<string, unknown>>;
  let size = HEADER_BYTES;
  for (const name in frame.fields) {
    const field = frame.fields[name];
    if (field.role === "atEnd" && given[name] === undefined) break;
    size += field.role === "count" ? field.maxBytes : field.write(view, at + size, given[name]);
  }
  assert(size >= frame.bytes[0] && size <= frame.bytes[1], "a frame has a size that its peer accepts");
  return writeHeader(frame, view, at, timestamp, size);
}

/**
 * Reads the whole frame at `view[at]`, of a size that its kind may have. A list has as many items as the frame has room
 * for: whether its `count` says the same is the caller's to check.
 */
export function readFrame<F extends Fields>(frame: Frame<F>, view: DataView, at: number): ReadValues<F> {
  const size = lengthOf(view, at);
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(frame.fields)) {
    const offset = frame.at[name];
    if (field.role === "atEnd" && offset + field.maxBytes > size) break;
    values[name] = field.read(view, at + offset, size - offset);
  }
  return values as ReadValues<F>;
}

/** Writes the header of a frame; returns `size`, which may be left out for a kind of frame of one size. */
export function writeHeader(
  frame: Frame,
  view: DataView,
  at: number,
  timestamp: number,
  size: number = frame.bytes[0],
): number {
  view.setUint32(at, (size << 16) | frame.opcode);
  writeU64(view, at + TIMESTAMP_AT, timestamp);
  return size;
}

type PositionalWriter<Names extends readonly unknown[]> = (
  view: DataView,
  at: number,
  timestamp: number,
  ...values: { [I in keyof Names]: number }
) => number;

/**
 * A writer for the path of a shake: it allocates nothing and takes the fields by place. All of them are u32 or u64; `names`
 * says their order at the calls, which is the frame's. Without the names of fields `atEnd` it writes the short frame.
 *
 * It is compiled from the declaration, with offsets and sizes as constants: a loop over the fields, or closures over what
 * differs, take 4 ns a frame more, of some 10.
 */
export function positionalWriter<F extends Fields, const Names extends readonly (keyof F & string)[]>(
  frame: Frame<F>,
  ...names: Names
): PositionalWriter<Names> {
  const declared = Object.keys(frame.fields);
  assert(names.every((name, i) => name === declared[i]), "the fields are named in their order");
  let size = HEADER_BYTES;
  let code = stores(TIMESTAMP_AT, 8, "timestamp");
  for (const [i, name] of names.entries()) {
    const { type, maxBytes } = frame.fields[name];
    assert(type === "u32" || type === "u64", "every field is a whole number");
    code += stores(size, maxBytes, `value${i}`);
    size += maxBytes;
  }
  assert(size === frame.bytes[0] || size === frame.bytes[1], "the frame is a whole one");
  const header = `view.setUint32(at, ${(size << 16) | frame.opcode});`;
  const values = names.map((_, i) => `value${i}`);
  return new Function(
    "view",
    "at",
    "timestamp",
    ...values,
    `${header}${code} return ${size};`,
  ) as PositionalWriter<Names>;
}

function stores(offset: number, bytes: number, value: string): string {
  const high = bytes === 8 ? `view.setUint32(at + ${offset}, ${value} / 0x1_0000_0000);` : "";
  return `${high} view.setUint32(at + ${offset + bytes - 4}, ${value});`;
}

/** Size in bytes of a frame, as its header says. */
export function lengthOf(view: DataView, at: number): number {
  return view.getUint16(at);
}

/** The opcodes of a table of frames, by name. */
export function opcodesOf<T extends Readonly<Record<string, Frame>>>(
  frames: T,
): { readonly [Name in keyof T]: number } {
  const opcodes = Object.entries(frames).map(([name, { opcode }]) => [name, opcode]);
  return Object.fromEntries(opcodes) as { readonly [Name in keyof T]: number };
}

/** What a peer of `from` may send, of these frames. */
export function framesFrom(from: Frame["from"], frames: Readonly<Record<string, Frame>>): FrameTable {
  const table = new FrameTable();
  for (const frame of Object.values(frames)) {
    if (frame.from === from) table.allow(frame.opcode, ...frame.bytes);
  }
  return table;
}
