/**
 * How a frame is declared: who sends it, its opcode, and its fields in order. Offsets, sizes, writers, readers and the
 * tables of `docs/protocol.md` come from the declaration (`frame_codec.ts`, `.ci/protocol_page.ts`).
 *
 * Every frame begins with 12 bytes of header: length u16, opcode u16, timestamp u64. All integers are big-endian.
 */
import { assert } from "../base/assert.ts";
import { MAX_FRAME_BYTES } from "./frame_table.ts";
import { readU64, writeU64 } from "./u64.ts";

export const HEADER_BYTES = 12;
/** Offset of the timestamp of the sender's clock, u64: unix seconds in version 0, unix milliseconds in version 1. */
export const TIMESTAMP_AT = 4;

/** A type of field. `Given` is what a writer takes, `Read` what a reader returns. */
export interface Field<Given = unknown, Read = unknown> {
  /** As the document says it. */
  readonly type: string;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** A `count` is written by the `list` behind it; some frames end before a field that is `atEnd`. */
  readonly role: "plain" | "count" | "list" | "atEnd";
  /** Returns the bytes written. */
  write(view: DataView, at: number, value: Given): number;
  /** `bytes` are those from the field on to the end of the frame. */
  read(view: DataView, at: number, bytes: number): Read;
}

/** A whole number below 2^32. */
export const u32 = {
  type: "u32",
  minBytes: 4,
  maxBytes: 4,
  role: "plain",
  write: (view: DataView, at: number, value: number): number => {
    view.setUint32(at, value);
    return 4;
  },
  read: (view: DataView, at: number): number => view.getUint32(at),
} as const;

/** A whole number, exact below 2^53. */
export const u64 = {
  type: "u64",
  minBytes: 8,
  maxBytes: 8,
  role: "plain",
  write: (view: DataView, at: number, value: number): number => {
    writeU64(view, at, value);
    return 8;
  },
  read: readU64,
} as const;

/** A u32 that a frame may lack, with all behind it. */
export const optional = { ...u32, role: "atEnd", minBytes: 0 } as const;

/** How many items the list behind it has. */
export const count = { ...u32, role: "count" } as const;

/** A fixed number of bytes. */
export function bytes(size: number): Field<Uint8Array, Uint8Array> {
  return {
    type: `${size} bytes`,
    minBytes: size,
    maxBytes: size,
    role: "plain",
    write(view, at, value) {
      assert(value.length === size, "a field of bytes has its size");
      return writeBytes(view, at, value);
    },
    read: (view, at) => bytesAt(view, at, size).slice(),
  };
}

/** Up to `most` bytes of text, to the end of the frame. A writer takes text or its UTF-8. */
export function utf8(most: number, least = 1): Field<string | Uint8Array, string> {
  return {
    type: `${least} to ${most} bytes of UTF-8`,
    minBytes: least,
    maxBytes: most,
    role: "plain",
    write: (view, at, value) =>
      writeBytes(view, at, typeof value === "string" ? new TextEncoder().encode(value) : value),
    read: (view, at, size) => new TextDecoder().decode(bytesAt(view, at, size)),
  };
}

/** Up to `most` items to the end of the frame, each a u32 for each name; a `count` stands before it. One flat list. */
export function list(most: number, ...names: string[]): Field<ArrayLike<number>, number[]> {
  const words = Math.max(1, names.length);
  return {
    type: `count times ${names.length === 0 ? "u32" : names.map((name) => `${name} u32`).join(", ")}`,
    minBytes: 0,
    maxBytes: 4 * words * most,
    role: "list",
    write(view, at, values) {
      assert(values.length % words === 0, "a list has whole items");
      view.setUint32(at - 4, values.length / words);
      for (let i = 0; i < values.length; i++) view.setUint32(at + 4 * i, values[i]);
      return 4 * values.length;
    },
    read: (view, at, size) => Array.from({ length: size >>> 2 }, (_, i) => view.getUint32(at + 4 * i)),
  };
}

// deno-lint-ignore no-explicit-any -- fields of every type are in one record
export type Fields = Readonly<Record<string, Field<any, any>>>;

/** One kind of frame. */
export interface Frame<F extends Fields = Fields> {
  readonly from: "client" | "server";
  readonly opcode: number;
  readonly fields: F;
  /** Offset of each field from the start of the frame. */
  readonly at: { readonly [Name in keyof F]: number };
  /** The least and the most bytes of the frame, header included. */
  readonly bytes: readonly [min: number, max: number];
}

/** A kind of frame that clients send. */
export function fromClient<F extends Fields>(opcode: number, fields: F): Frame<F> {
  return frame("client", opcode, fields);
}

/** A kind of frame that servers send. */
export function fromServer<F extends Fields>(opcode: number, fields: F): Frame<F> {
  return frame("server", opcode, fields);
}

function frame<F extends Fields>(from: "client" | "server", opcode: number, fields: F): Frame<F> {
  const at: Record<string, number> = {};
  let [min, max] = [HEADER_BYTES, HEADER_BYTES];
  let before: Field | undefined;
  for (const [name, field] of Object.entries(fields)) {
    assert(min === max || field.role === "atEnd", "nothing stands behind a field that varies");
    assert((field.role === "list") === (before?.role === "count"), "a count and its list stand together");
    at[name] = max;
    min += field.minBytes;
    max += field.maxBytes;
    before = field;
  }
  assert(before?.role !== "count" && max <= MAX_FRAME_BYTES, "a count has a list, a frame fits its limit");
  return { from, opcode, fields, at: at as Frame<F>["at"], bytes: [min, max] };
}

function bytesAt(view: DataView, at: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, size);
}

function writeBytes(view: DataView, at: number, value: Uint8Array): number {
  bytesAt(view, at, value.length).set(value);
  return value.length;
}
