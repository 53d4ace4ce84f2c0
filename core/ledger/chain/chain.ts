import { hash } from "node:crypto";
import { type EndedPacket, type EntryRows, ROW_FIELDS } from "../record/entry_rows.ts";

/** Bytes of a head: a SHA-256. */
export const HEAD_BYTES = 32;

/**
 * What a ledger was after a commit. Each commit adds rows, or marks of what was delivered, or both, so that the two
 * numbers together name it; and its head stands for all that was committed up to it, in that order.
 */
export interface Link {
  /** Its last row, and its last mark. */
  readonly seq: number;
  readonly mark: number;
  readonly head: Uint8Array;
}

/** What one commit adds. */
export interface Commit {
  /** Numbers of its rows, as in `EntryRows.values`. */
  readonly rows: Float64Array;
  /** By `seq`, in order. */
  readonly bodies: Iterable<readonly [seq: number, words: Uint32Array]>;
  /** Sent packets that end with it, in the order of the rows that end them. */
  readonly ended: Iterable<readonly [packetId: number, ended: EndedPacket]>;
  /** As `eachDelivered` reads it; empty for none. */
  readonly delivered: Uint32Array;
}

/** The link in front of a ledger's first commit: no row, and a head that no other ledger has. */
export function genesis(ledgerId: string): Link {
  return { seq: 0, mark: 0, head: hash("sha256", `redpkt ledger ${ledgerId}`, "buffer") };
}

/** What `EntryRows` and marks add as one commit. */
export function commitOf({ values, count, bodies, ended }: EntryRows, delivered: Uint32Array): Commit {
  return { rows: values.subarray(0, count * ROW_FIELDS), bodies, ended, delivered };
}

const HEADER_NUMBERS = 6;

/**
 * Computes links. A head is the SHA-256 of the head before it and of everything that the commit adds, as one string of
 * bytes: numbers as 64-bit floats and words as 32-bit integers, all little-endian as they lie in memory.
 *
 *     head before          32 bytes
 *     numbers              seq and mark of the link; rows, bodies, ended packets, words of marks: how many of each
 *     rows                 8 numbers each
 *     bodies               its row, how many words; the words
 *     ended packets        the row that ends it, its id, how many words; the words
 *     marks                the words
 */
export class LinkHasher {
  #bytes = new Uint8Array(64 * 1024);
  #at = 0;

  /** The link that a commit makes out of the one before. */
  next(before: Link, { rows, bodies, ended, delivered }: Commit): Link {
    const header = new Float64Array(HEADER_NUMBERS);
    this.#at = 0;
    this.#add(before.head);
    this.#add(header); // its place: what it counts comes with the rest
    this.#add(rows);
    header[0] = before.seq + rows.length / ROW_FIELDS;
    header[1] = before.mark + (delivered.length > 0 ? 1 : 0);
    header[2] = rows.length / ROW_FIELDS;
    for (const [seq, words] of bodies) {
      header[3]++;
      this.#add(new Float64Array([seq, words.length]));
      this.#add(words);
    }
    for (const [packetId, { seq, words }] of ended) {
      header[4]++;
      this.#add(new Float64Array([seq, packetId, words.length]));
      this.#add(words);
    }
    header[5] = delivered.length;
    this.#add(delivered);
    this.#bytes.set(bytesOf(header), HEAD_BYTES);
    return {
      seq: header[0],
      mark: header[1],
      // By way of its digits, which cost two thirds of a buffer.
      head: Uint8Array.fromHex(hash("sha256", this.#bytes.subarray(0, this.#at))),
    };
  }

  #add(words: Float64Array | Uint32Array | Uint8Array): void {
    const bytes = bytesOf(words);
    if (this.#at + bytes.length > this.#bytes.length) {
      const longer = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + bytes.length));
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

/** Whether two heads are the same. */
export function isSameHead(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function bytesOf(words: Float64Array | Uint32Array | Uint8Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
