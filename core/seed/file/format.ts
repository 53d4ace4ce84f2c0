/**
 * The bytes of a seed file, as `docs/seed-format.md` says. All numbers are little-endian.
 *
 * prologue | description | blocks of records | SHA-256 of each block | footer
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export const FORMAT_VERSION = 1;

/** "RPKTSEED" and "RPKTSEAL". */
export const PROLOGUE_MAGIC = new TextEncoder().encode("RPKTSEED");
export const FOOTER_MAGIC = new TextEncoder().encode("RPKTSEAL");

export const PROLOGUE_BYTES = 64;
/** Offsets in the prologue. */
export const Prologue = {
  magic: 0,
  version: 8,
  descriptionBytes: 12,
  descriptionCrc: 16,
  recordBytes: 20,
  recordsPerBlock: 24,
  records: 28,
  blocks: 32,
  crc: 60,
} as const;

/** A description is longer only if the file is damaged. */
export const MOST_DESCRIPTION_BYTES = 1 << 26;

export const RECORD_BYTES = 16;
export const RECORD_WORDS = 4;
/** Offsets of a record's words. */
export const RecordWord = {
  id: 0,
  amountFen: 1,
  /** Milliseconds from the start of its wave. */
  dueMs: 2,
  /** Low 16 bits: the sponsor's number. High 16 bits: the wave's index. */
  sponsorAndWave: 3,
} as const;

export const RECORDS_PER_BLOCK = 4096;
export const BLOCK_HEAD_BYTES = 16;
/** Offsets of a block head's words: its place among the blocks, its records, and the checksum of both and the records. */
export const BlockWord = { index: 0, records: 1, reserved: 2, crc: 3 } as const;
export const BLOCK_BYTES = BLOCK_HEAD_BYTES + RECORDS_PER_BLOCK * RECORD_BYTES;

export const DIGEST_BYTES = 32;

export const FOOTER_BYTES = 128;
/** Offsets in the footer. */
export const Footer = { magic: 0, root: 8, keyId: 40, signature: 48, crc: 124 } as const;
export const KEY_ID_BYTES = 8;
export const SIGNATURE_BYTES = 64;

/** What a signature signs: these words and the file's root digest. */
const SIGNED_PREFIX = new TextEncoder().encode("redpkt seed file 1\n");

export function signedBytes(root: Uint8Array): Uint8Array {
  return Buffer.concat([SIGNED_PREFIX, root]);
}

/** Where everything is, from three numbers of the prologue. */
export function fileParts(descriptionBytes: number, records: number): {
  readonly blocks: number;
  readonly firstBlock: number;
  readonly digests: number;
  readonly footer: number;
  readonly end: number;
} {
  const blocks = Math.ceil(records / RECORDS_PER_BLOCK);
  const firstBlock = PROLOGUE_BYTES + descriptionBytes;
  const digests = firstBlock + blocks * BLOCK_HEAD_BYTES + records * RECORD_BYTES;
  const footer = digests + blocks * DIGEST_BYTES;
  return { blocks, firstBlock, digests, footer, end: footer + FOOTER_BYTES };
}

/** The first 64 bytes. */
export function encodePrologue(description: Uint8Array, records: number): Uint8Array {
  const bytes = new Uint8Array(PROLOGUE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(PROLOGUE_MAGIC, Prologue.magic);
  view.setUint32(Prologue.version, FORMAT_VERSION, true);
  view.setUint32(Prologue.descriptionBytes, description.length, true);
  view.setUint32(Prologue.descriptionCrc, crc32(description), true);
  view.setUint32(Prologue.recordBytes, RECORD_BYTES, true);
  view.setUint32(Prologue.recordsPerBlock, RECORDS_PER_BLOCK, true);
  view.setUint32(Prologue.records, records, true);
  view.setUint32(Prologue.blocks, Math.ceil(records / RECORDS_PER_BLOCK), true);
  view.setUint32(Prologue.crc, crc32(bytes.subarray(0, Prologue.crc)), true);
  return bytes;
}

/** The last 128 bytes. */
export function encodeFooter(root: Uint8Array, keyId: Uint8Array, signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FOOTER_BYTES);
  bytes.set(FOOTER_MAGIC, Footer.magic);
  bytes.set(root, Footer.root);
  bytes.set(keyId, Footer.keyId);
  bytes.set(signature, Footer.signature);
  new DataView(bytes.buffer).setUint32(Footer.crc, crc32(bytes.subarray(0, Footer.crc)), true);
  return bytes;
}

/** The checksum of a block, without the place where it is written. */
export function blockCrc(block: Uint8Array): number {
  return crc32(block.subarray(BLOCK_HEAD_BYTES), crc32(block.subarray(0, 4 * BlockWord.crc)));
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/** The digest that names a file and is signed: of the prologue, the description and the blocks' digests. */
export function rootDigest(prologue: Uint8Array, description: Uint8Array, digests: Uint8Array): Uint8Array {
  return createHash("sha256").update(prologue).update(description).update(digests).digest();
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Records are read and written as words of this machine. */
export function assertLittleEndian(): void {
  if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1) {
    throw new Error("seed files are little-endian, and this machine is not");
  }
}
