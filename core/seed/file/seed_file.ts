import type { KeyObject } from "node:crypto";
import { crc32 } from "node:zlib";
import { assert } from "../../base/assert.ts";
import { UserError } from "../../base/user_error.ts";
import { decodeDescription, type Description, planOf } from "./description.ts";
import {
  assertLittleEndian,
  BLOCK_BYTES,
  BLOCK_HEAD_BYTES,
  blockCrc,
  BlockWord,
  DIGEST_BYTES,
  encodeFooter,
  encodePrologue,
  fileParts,
  Footer,
  FOOTER_BYTES,
  FORMAT_VERSION,
  hex,
  KEY_ID_BYTES,
  MOST_DESCRIPTION_BYTES,
  Prologue,
  PROLOGUE_BYTES,
  PROLOGUE_MAGIC,
  RECORD_BYTES,
  RECORD_WORDS,
  RECORDS_PER_BLOCK,
  rootDigest,
  sha256,
  SIGNATURE_BYTES,
} from "./format.ts";
import { isSignedBy } from "./keys.ts";

/** Why a seed file is not taken. */
export type SeedFault =
  | "unreadable"
  | "noSeedFile"
  | "cut"
  | "altered"
  | "unsigned"
  | "untrusted"
  | "expired"
  | "otherHost"
  | "consumed";

/** A seed file that is not taken, in one line that says why. */
export class SeedRefused extends UserError {
  override name = "SeedRefused";
  readonly fault: SeedFault;

  constructor(path: string, fault: SeedFault, why: string) {
    super(`${path}: ${why}`);
    this.fault = fault;
  }
}

/**
 * A seed file that is open for reading: its description in memory, its tickets by offset, a block at a time. Opening
 * proves all but the blocks, whatever the size; each block is proven when it is read.
 */
export class SeedFile implements Disposable {
  readonly path: string;
  readonly description: Description;
  /** The plan as its author wrote it. */
  readonly planJson: unknown;
  /** Tickets. */
  readonly records: number;
  /** Its root digest in hexadecimal: the file's name wherever it matters. */
  readonly hash: string;
  /** Id of the key that has signed it; undefined if none has. */
  readonly keyId: string | undefined;
  readonly blocks: number;
  /** How many names the file has. */
  readonly links: number;
  readonly #file: Deno.FsFile;
  readonly #firstBlock: number;
  readonly #digests: Uint8Array;
  readonly #root: Uint8Array;
  readonly #signature: Uint8Array;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  /** The loaded block's words: see {@linkcode RecordWord}. */
  readonly words: Uint32Array = new Uint32Array(this.#block.buffer);
  #loaded = -1;

  /**
   * Opens a file and proves that it is whole and unaltered, but for its blocks.
   *
   * @throws SeedRefused
   */
  constructor(path: string) {
    assertLittleEndian();
    this.path = path;
    this.#file = openFile(path);
    try {
      const { size, nlink } = this.#file.statSync();
      this.links = nlink ?? 1;
      const prologue = this.#read(0, PROLOGUE_BYTES, size);
      const view = new DataView(prologue.buffer);
      this.#checkPrologue(prologue, view);
      const descriptionBytes = view.getUint32(Prologue.descriptionBytes, true);
      this.records = view.getUint32(Prologue.records, true);
      const parts = fileParts(descriptionBytes, this.records);
      if (size < parts.end) throw this.#refuse("cut", `is cut off: it has ${size} of ${parts.end} bytes`);
      if (size > parts.end) throw this.#refuse("altered", `has ${size - parts.end} bytes too many`);
      this.blocks = parts.blocks;
      this.#firstBlock = parts.firstBlock;
      const description = this.#read(PROLOGUE_BYTES, descriptionBytes, size);
      this.#digests = this.#read(parts.digests, parts.blocks * DIGEST_BYTES, size);
      const footer = this.#read(parts.footer, FOOTER_BYTES, size);
      this.#root = rootDigest(prologue, description, this.#digests);
      this.hash = hex(this.#root);
      this.#signature = footer.subarray(Footer.signature, Footer.signature + SIGNATURE_BYTES);
      const keyId = footer.subarray(Footer.keyId, Footer.keyId + KEY_ID_BYTES);
      this.#checkFooter(footer, keyId);
      this.keyId = this.#signature.every((byte) => byte === 0) ? undefined : hex(keyId);
      this.description = this.#describe(description, prologue);
      this.planJson = planOf(description);
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  /**
   * Loads the block that holds a ticket and returns the ticket's offset in `words`.
   *
   * @throws SeedRefused if the block is damaged
   */
  locate(record: number): number {
    const block = Math.floor(record / RECORDS_PER_BLOCK);
    if (block !== this.#loaded) this.loadBlock(block);
    return BLOCK_HEAD_BYTES / 4 + (record % RECORDS_PER_BLOCK) * RECORD_WORDS;
  }

  /**
   * Reads and proves a block.
   *
   * @returns how many tickets it has; they are in `words` from the fourth word on
   * @throws SeedRefused if it is damaged
   */
  loadBlock(block: number): number {
    assert(block >= 0 && block < this.blocks, "the block exists");
    this.#loaded = -1;
    const records = Math.min(RECORDS_PER_BLOCK, this.records - block * RECORDS_PER_BLOCK);
    const bytes = this.#block.subarray(0, BLOCK_HEAD_BYTES + records * RECORD_BYTES);
    this.#readInto(this.#firstBlock + block * BLOCK_BYTES, bytes);
    const { words } = this;
    const isRight = words[BlockWord.index] === block && words[BlockWord.records] === records &&
      words[BlockWord.crc] === blockCrc(bytes);
    if (!isRight) {
      throw this.#refuse("altered", `block ${block} of ${this.blocks} is damaged: its checksum is wrong`);
    }
    const digest = this.#digests.subarray(block * DIGEST_BYTES, (block + 1) * DIGEST_BYTES);
    if (!isSame(sha256(bytes), digest)) {
      throw this.#refuse("altered", `block ${block} of ${this.blocks} was altered after it was signed`);
    }
    this.#loaded = block;
    return records;
  }

  /**
   * Whether it was signed by somebody who is trusted.
   *
   * @throws SeedRefused if not
   */
  checkSignature(trusted: ReadonlyMap<string, KeyObject>): void {
    if (this.keyId === undefined) throw this.#refuse("unsigned", "is not signed");
    const key = trusted.get(this.keyId);
    if (key === undefined) {
      const whom = trusted.size === 0 ? "no key is trusted" : `trusted are ${[...trusted.keys()].join(", ")}`;
      throw this.#refuse(
        "untrusted",
        `is signed by key ${this.keyId}, and ${whom}. Trust it with redpkt seed key trust`,
      );
    }
    if (!isSignedBy(key, this.#root, this.#signature)) {
      throw this.#refuse("altered", `its signature is not that of key ${this.keyId}`);
    }
  }

  /**
   * Whether it is for this host, now.
   *
   * @throws SeedRefused if not
   */
  checkUse(hostId: string, wallMs: number): void {
    const { host, plan } = this.description;
    if (host.id !== hostId) throw this.#refuse("otherHost", `is for host ${host.id}, and this is ${hostId}`);
    if (wallMs >= plan.expires) {
      throw this.#refuse("expired", `has expired at ${new Date(plan.expires).toISOString()}`);
    }
  }

  /** Id of its first ticket; `Infinity` if it has none. */
  get firstId(): number {
    return this.description.groups[0]?.[2] ?? Infinity;
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkPrologue(prologue: Uint8Array, view: DataView): void {
    if (!isSame(prologue.subarray(0, PROLOGUE_MAGIC.length), PROLOGUE_MAGIC)) {
      throw this.#refuse("noSeedFile", "is no seed file");
    }
    if (view.getUint32(Prologue.crc, true) !== crc32(prologue.subarray(0, Prologue.crc))) {
      throw this.#refuse("altered", "its first 64 bytes are damaged");
    }
    const version = view.getUint32(Prologue.version, true);
    if (version !== FORMAT_VERSION) {
      throw this.#refuse("noSeedFile", `has format ${version}, and this redpkt knows ${FORMAT_VERSION}`);
    }
    const descriptionBytes = view.getUint32(Prologue.descriptionBytes, true);
    if (descriptionBytes > MOST_DESCRIPTION_BYTES || descriptionBytes % RECORD_BYTES !== 0) {
      throw this.#refuse("altered", "its first 64 bytes contradict each other");
    }
  }

  /** The footer is what would be written of these parts, byte for byte: none of it may say something else unseen. */
  #checkFooter(footer: Uint8Array, keyId: Uint8Array): void {
    const root = footer.subarray(Footer.root, Footer.root + DIGEST_BYTES);
    if (!isSame(footer, encodeFooter(root, keyId, this.#signature))) {
      throw this.#refuse("altered", "its last 128 bytes are damaged");
    }
    if (!isSame(root, this.#root)) throw this.#refuse("altered", "its SHA-256 is not what its footer says");
  }

  #describe(bytes: Uint8Array, prologue: Uint8Array): Description {
    // The same of the prologue, which has a checksum of the description.
    if (!isSame(prologue, encodePrologue(bytes, this.records))) {
      throw this.#refuse("altered", "its first 64 bytes or its description are damaged");
    }
    try {
      return decodeDescription(bytes, this.path);
    } catch (error) {
      throw this.#refuse("altered", `its description is wrong: ${(error as Error).message}`);
    }
  }

  #refuse(fault: SeedFault, why: string): SeedRefused {
    return new SeedRefused(this.path, fault, why);
  }

  #read(at: number, bytes: number, size: number): Uint8Array<ArrayBuffer> {
    if (at + bytes > size) {
      throw this.#refuse(size === 0 ? "noSeedFile" : "cut", `is cut off: it has ${size} bytes`);
    }
    const buffer = new Uint8Array(bytes);
    this.#readInto(at, buffer);
    return buffer;
  }

  #readInto(at: number, buffer: Uint8Array): void {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    for (let got = 0; got < buffer.length;) {
      const more = this.#file.readSync(buffer.subarray(got));
      if (more === null) throw this.#refuse("cut", "was cut off while it was being read");
      got += more;
    }
  }
}

function openFile(path: string): Deno.FsFile {
  try {
    const file = Deno.openSync(path);
    if (file.statSync().isFile) return file;
    file.close();
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    throw new SeedRefused(path, "unreadable", `cannot be read: ${why}`);
  }
  throw new SeedRefused(path, "unreadable", "is no file");
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
