import { assert } from "../../base/assert.ts";
import { encodeDescription, type WrittenDescription } from "./description.ts";
import {
  assertLittleEndian,
  BLOCK_BYTES,
  BLOCK_HEAD_BYTES,
  blockCrc,
  BlockWord,
  DIGEST_BYTES,
  encodeFooter,
  encodePrologue,
  RECORD_BYTES,
  RECORD_WORDS,
  RECORDS_PER_BLOCK,
  rootDigest,
  sha256,
} from "./format.ts";
import type { SigningKey } from "./keys.ts";

/**
 * Writes a seed file from front to back, one block at a time: whatever its size, memory holds a block and 32 bytes for
 * each. It has its name only when it is complete and synced.
 */
export class SeedWriter {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #prologue: Uint8Array;
  readonly #description: Uint8Array;
  readonly #digests: Uint8Array;
  readonly #records: number;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  readonly #words = new Uint32Array(this.#block.buffer);
  #inBlock = 0;
  #blocks = 0;
  #written = 0;

  /** @param records how many will be added, exactly */
  constructor(path: string, description: WrittenDescription, records: number) {
    assertLittleEndian();
    this.#path = path;
    this.#records = records;
    this.#description = encodeDescription(description);
    this.#prologue = encodePrologue(this.#description, records);
    this.#digests = new Uint8Array(Math.ceil(records / RECORDS_PER_BLOCK) * DIGEST_BYTES);
    this.#file = Deno.openSync(`${path}.new`, { write: true, create: true, truncate: true });
    this.#write(this.#prologue);
    this.#write(this.#description);
  }

  add(id: number, amountFen: number, dueMs: number, sponsor: number, wave: number): void {
    const at = BLOCK_HEAD_BYTES / 4 + this.#inBlock * RECORD_WORDS;
    const words = this.#words;
    words[at] = id;
    words[at + 1] = amountFen;
    words[at + 2] = dueMs;
    words[at + 3] = sponsor | wave << 16;
    if (++this.#inBlock === RECORDS_PER_BLOCK) this.#endBlock();
  }

  /** Completes and signs the file; without a key it stays unsigned, and no server takes it. */
  finish(key: SigningKey | undefined): void {
    if (this.#inBlock > 0) this.#endBlock();
    assert(this.#written === this.#records, "as many records were added as were announced");
    const root = rootDigest(this.#prologue, this.#description, this.#digests);
    this.#write(this.#digests);
    this.#write(encodeFooter(root, key?.idBytes ?? new Uint8Array(), key?.sign(root) ?? new Uint8Array()));
    this.#file.syncSync();
    this.#file.close();
    Deno.renameSync(`${this.#path}.new`, this.#path);
  }

  /** Gives up: nothing is left. */
  abandon(): void {
    this.#file.close();
    Deno.removeSync(`${this.#path}.new`);
  }

  #endBlock(): void {
    const words = this.#words;
    const block = this.#block.subarray(0, BLOCK_HEAD_BYTES + this.#inBlock * RECORD_BYTES);
    words[BlockWord.index] = this.#blocks;
    words[BlockWord.records] = this.#inBlock;
    words[BlockWord.crc] = blockCrc(block);
    this.#digests.set(sha256(block), this.#blocks * DIGEST_BYTES);
    this.#write(block);
    this.#written += this.#inBlock;
    this.#blocks++;
    this.#inBlock = 0;
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}
