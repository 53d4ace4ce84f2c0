/** The bytes of a claim, as `docs/seed-format.md` says: a head that never changes, and two marks that are written in turn. */
import { crc32 } from "node:zlib";
import { z } from "zod";
import type { LedgerHead } from "../../ledger/chain/links.ts";

const headSchema = z.strictObject({
  ledger: z.string(),
  /** The seed file's hash. */
  hash: z.string(),
  claimedAt: z.string(),
  /** Where the seed file was, for whoever looks for it. */
  seed: z.string(),
  /** Why somebody took the ledger at its word, without an older claim; absent on nearly all. */
  trusted: z.string().optional(),
});

/** Who uses a seed file, and since when. */
export type ClaimHead = z.output<typeof headSchema>;

/** A claim as it was read. */
export interface Claim {
  readonly head: ClaimHead;
  /** The head's own bytes: two copies of a claim have the same. */
  readonly headText: string;
  /** By place: what was marked there; undefined if nothing was yet, or only the half of it. */
  readonly marks: readonly (LedgerHead | undefined)[];
  /** Marks that are neither right nor empty. */
  readonly damagedMarks: number;
}

const VERSION = 2;
/** A mark: rows in decimal, the chain's head, a checksum of both. */
const MARK = /^mark (\d{16}) ([0-9a-f]{64}) ([0-9a-f]{8})\n$/;
const NO_MARK = `mark ${"-".repeat(16)} ${"-".repeat(64)} ${"-".repeat(8)}\n`;
export const MARKS = 2;
export const MARK_BYTES = NO_MARK.length;

export function encodeHead(head: ClaimHead): string {
  const text = JSON.stringify(head);
  return `redpkt claim ${VERSION} ${checksum(text)} ${text}\n`;
}

/** A whole claim without a mark: it is not in force until it has one. */
export function encodeClaim(headText: string): Uint8Array {
  return new TextEncoder().encode(headText + NO_MARK.repeat(MARKS));
}

export function encodeMark({ seq, headHex }: LedgerHead): Uint8Array {
  const text = `${String(seq).padStart(16, "0")} ${headHex}`;
  return new TextEncoder().encode(`mark ${text} ${checksum(text)}\n`);
}

/** @throws Error that says what is wrong */
export function decodeClaim(bytes: Uint8Array): Claim {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  const headText = text.slice(0, text.indexOf("\n") + 1);
  const [, version, crc, json] = /^redpkt claim (\d+) ([0-9a-f]{8}) (.*)\n$/.exec(headText) ?? [];
  if (version === undefined) throw new Error("it is no claim");
  if (Number(version) !== VERSION) {
    throw new Error(`it has format ${version}, and this redpkt knows ${VERSION}`);
  }
  if (checksum(json) !== crc) throw new Error("its checksum is wrong");
  const rest = text.slice(headText.length);
  if (rest.length !== MARKS * MARK_BYTES) throw new Error("it is cut off or too long");
  const slots = Array.from({ length: MARKS }, (_, i) => rest.slice(i * MARK_BYTES, (i + 1) * MARK_BYTES));
  const marks = slots.map(decodeMark);
  return {
    head: headSchema.parse(JSON.parse(json)),
    headText,
    marks,
    damagedMarks: slots.filter((slot, i) => marks[i] === undefined && slot !== NO_MARK).length,
  };
}

/** The offset of a mark in a claim's file. */
export function markOffset(headText: string, slot: number): number {
  return new TextEncoder().encode(headText).length + slot * MARK_BYTES;
}

/** The newest mark; undefined: the claim is not in force yet. */
export function newestMark(claims: readonly Claim[]): LedgerHead | undefined {
  return claims.flatMap(({ marks }) => marks).reduce(
    (newest, mark) => mark !== undefined && mark.seq >= (newest?.seq ?? 0) ? mark : newest,
    undefined,
  );
}

function decodeMark(slot: string): LedgerHead | undefined {
  const [, seq, headHex, crc] = MARK.exec(slot) ?? [];
  return seq !== undefined && checksum(`${seq} ${headHex}`) === crc
    ? { seq: Number(seq), headHex }
    : undefined;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
