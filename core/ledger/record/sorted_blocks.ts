import { assert } from "../../base/assert.ts";

/** Records of a block that is sorted in memory, at most. */
const RECORDS_PER_BLOCK = 1 << 20;
/** Records that are read of a block at once when blocks are merged. */
const RECORDS_PER_READ = 8 << 10;

/**
 * Sorts more records than fit into memory: blocks are sorted by their first word, put into a temporary file, and merged.
 * A record is a fixed number of unsigned 32-bit words.
 */
export class SortedBlocks {
  readonly #words: number;
  readonly #recordsPerBlock: number;
  readonly #file: Deno.FsFile;
  readonly #path: string;
  #block: Uint32Array;
  #count = 0;
  readonly #blockSizes: number[] = [];

  /** @param words of a record; the first one is the key */
  constructor(words: number, recordsPerBlock = RECORDS_PER_BLOCK) {
    assert(recordsPerBlock <= RECORDS_PER_BLOCK, "key and place fit into one exact number");
    this.#words = words;
    this.#recordsPerBlock = recordsPerBlock;
    this.#path = Deno.makeTempFileSync({ prefix: "redpkt-sort-" });
    this.#file = Deno.openSync(this.#path, { read: true, write: true });
    this.#block = new Uint32Array(recordsPerBlock * words);
  }

  /** Takes the place of one more record and returns its offset in {@linkcode words}. */
  next(): number {
    if (this.#count === this.#recordsPerBlock) this.#spill();
    return this.#count++ * this.#words;
  }

  /** Records so far. */
  get size(): number {
    return this.#blockSizes.reduce((sum, size) => sum + size, this.#count);
  }

  /** Where the present block's records are written. */
  get words(): Uint32Array {
    return this.#block;
  }

  /** Hands over all records in order of their keys; each is valid until `take` returns. Only once. */
  merge(take: (words: Uint32Array, at: number) => void): void {
    if (this.#count > 0) this.#spill();
    this.#block = new Uint32Array(0);
    let start = 0;
    const cursors = this.#blockSizes.map((size) => {
      const cursor = new BlockCursor(this.#file, start, size, this.#words);
      start += size;
      return cursor;
    });
    // A dozen blocks are ten million records, so the least key is simply looked for.
    for (;;) {
      let least: BlockCursor | undefined;
      for (const cursor of cursors) {
        if (!cursor.isDone && (least === undefined || cursor.key < least.key)) least = cursor;
      }
      if (least === undefined) return;
      take(least.buffer, least.at);
      least.advance();
    }
  }

  close(): void {
    this.#file.close();
    Deno.removeSync(this.#path);
  }

  #spill(): void {
    const words = this.#words;
    // Key and place in one number: 32 and 20 bits, which is exact and sorts without a call for each comparison.
    const order = new Float64Array(this.#count);
    for (let i = 0; i < this.#count; i++) order[i] = this.#block[i * words] * RECORDS_PER_BLOCK + i;
    order.sort();
    const sorted = new Uint32Array(this.#count * words);
    for (let i = 0; i < this.#count; i++) {
      const from = (order[i] % RECORDS_PER_BLOCK) * words;
      for (let word = 0; word < words; word++) sorted[i * words + word] = this.#block[from + word];
    }
    const bytes = new Uint8Array(sorted.buffer);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#blockSizes.push(this.#count);
    this.#count = 0;
  }
}

/** Reads one sorted block, a piece at a time. */
class BlockCursor {
  readonly buffer: Uint32Array<ArrayBuffer>;
  at = 0;
  readonly #file: Deno.FsFile;
  readonly #words: number;
  #nextRecord: number;
  #left: number;
  #end = 0;

  constructor(file: Deno.FsFile, firstRecord: number, records: number, words: number) {
    this.#file = file;
    this.#words = words;
    this.#nextRecord = firstRecord;
    this.#left = records;
    this.buffer = new Uint32Array(RECORDS_PER_READ * words);
    this.#fill();
  }

  get isDone(): boolean {
    return this.at === this.#end;
  }

  get key(): number {
    return this.buffer[this.at];
  }

  advance(): void {
    this.at += this.#words;
    if (this.at === this.#end && this.#left > 0) this.#fill();
  }

  #fill(): void {
    const records = Math.min(this.#left, RECORDS_PER_READ);
    const bytes = new Uint8Array(this.buffer.buffer, 0, records * this.#words * 4);
    this.#file.seekSync(this.#nextRecord * this.#words * 4, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) at += this.#file.readSync(bytes.subarray(at)) ?? bytes.length;
    this.#nextRecord += records;
    this.#left -= records;
    this.at = 0;
    this.#end = records * this.#words;
  }
}
