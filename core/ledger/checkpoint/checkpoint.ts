import { crc32 } from "node:zlib";
import type { GivenBack, Registry } from "../registry/registry.ts";
import { LASTING_CHUNK_BYTES } from "../registry/packets.ts";
import { restoreSends, sendsWords } from "./sends_state.ts";

/** Name of the checkpoint's file in a ledger's directory. */
export const CHECKPOINT_FILE = "checkpoint";
/** "RPKC" and the format's version. */
const MAGIC = 0x52504b43;
const VERSION = 5;
/** It knows of no passes, and is as good as one of a ledger that has seen none. */
const VERSION_WITHOUT_CARRIED = 4;
const VERSION_WITHOUT_HEAD = 2;
const HEAD_WORDS = 7;
const CHUNK_HEAD_WORDS = 2;
/** Instead of a chunk's number: there are no more, and how many there were stands where its checksum would. */
const NO_MORE = 0xffff_ffff;

/** What a checkpoint says besides what users sent each other, and the packets' columns. */
export interface CheckpointHead {
  /** Every row up to this one, and every delivered mark up to that one, is in it. */
  readonly seq: number;
  readonly mark: number;
  /** Which ledger it is of, and the head of the commit that brought its last row, in hexadecimal digits. */
  readonly ledger: string;
  readonly headHex: string;
  /** Of an order, if that isn't 0. */
  readonly mints: readonly (readonly [
    firstId: number,
    count: number,
    amountFen: number,
    sponsor: number,
    order: number,
  ])[];
  readonly orders: readonly KeptOrder[];
  readonly givenBack: readonly GivenBack[];
  readonly largeAmountsFen: readonly (readonly [packetId: number, amountFen: number])[];
}

/** What a registry says in a checkpoint's head. */
export function headOf({ mints, orders, givenBack, packets }: Registry): Pick<
  CheckpointHead,
  "mints" | "orders" | "givenBack" | "largeAmountsFen"
> {
  return {
    mints: Array.from(
      mints.all(),
      ({ firstId, count, amountFen, sponsor, order = 0 }) => [firstId, count, amountFen, sponsor, order],
    ),
    orders: Array.from(orders.all, ({ number, json, isEnded }) => ({ number, json, isEnded })),
    givenBack,
    largeAmountsFen: [...packets.largeAmountsFen],
  };
}

/** An operator's order, with an `OrderText` as JSON. */
export interface KeptOrder {
  readonly number: number;
  readonly json: string;
  readonly isEnded: boolean;
}

/** Not a checkpoint, or a damaged one: read the rows instead. */
export class CheckpointBroken extends Error {
  override name = "CheckpointBroken";
}

/**
 * What is used and counted, up to a row: a flat file that is read in one go, so that a start needn't read ten million
 * rows. Each part has a checksum, and the end says how many there are. A new one is written beside the old one and renamed over it. Yields after each part.
 */
export function* writeCheckpoint(
  path: string,
  place: Pick<CheckpointHead, "seq" | "mark" | "ledger" | "headHex">,
  registry: Registry,
  chunks: Iterable<[number, Uint8Array]>,
): Generator<void, void> {
  const file = Deno.openSync(`${path}.new`, { write: true, create: true, truncate: true });
  try {
    const text = new TextEncoder().encode(JSON.stringify({ ...place, ...headOf(registry) }));
    const state = bytesOf(stateWords(registry));
    const chunkHead = new Uint32Array(CHUNK_HEAD_WORDS);
    const sums = [text.length, crc32(text), state.length, crc32(state)];
    write(file, bytesOf(Uint32Array.of(MAGIC, VERSION, LASTING_CHUNK_BYTES, ...sums)));
    write(file, text);
    write(file, state);
    yield;
    let count = 0;
    for (const [number, bytes] of chunks) {
      chunkHead.set([number, sumOf(number, bytes)]);
      write(file, bytesOf(chunkHead));
      write(file, bytes);
      count++;
      yield;
    }
    chunkHead.set([NO_MORE, count]);
    write(file, bytesOf(chunkHead));
    file.syncSync();
  } finally {
    file.close();
  }
  Deno.renameSync(`${path}.new`, path);
}

/** A checkpoint that is being read, part by part. */
export class CheckpointReader {
  readonly head: CheckpointHead;
  readonly #file: Deno.FsFile;
  readonly #chunkHead = new Uint32Array(CHUNK_HEAD_WORDS);
  /** Chunks that were read. */
  #chunks = 0;

  readonly #version: number;
  /** Bytes of what users have won elsewhere and sent each other, and their checksum. */
  readonly #stateBytes: number;
  readonly #stateSum: number;

  private constructor(file: Deno.FsFile, oldest: number) {
    this.#file = file;
    const fixed = readFixed(file, oldest);
    this.#version = fixed[1];
    [this.#stateBytes, this.#stateSum] = fixed.subarray(HEAD_WORDS - 2);
    this.head = readHead(file, fixed);
  }

  /** The head of a checkpoint, also of the version before, which lacks its ledger and that ledger's head. */
  static headOf(path: string): (Pick<CheckpointHead, "seq"> & Partial<CheckpointHead>) | undefined {
    const reader = CheckpointReader.#open(path, VERSION_WITHOUT_HEAD);
    reader?.close();
    return reader?.head;
  }

  /**
   * Opens a checkpoint and reads its head.
   *
   * @returns undefined if there is none
   * @throws CheckpointBroken
   */
  static open(path: string): CheckpointReader | undefined {
    return CheckpointReader.#open(path, VERSION_WITHOUT_CARRIED);
  }

  static #open(path: string, oldest: number): CheckpointReader | undefined {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
    try {
      return new CheckpointReader(file, oldest);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Reads all but the packets' columns into an empty registry; before any chunk. @throws CheckpointBroken */
  readRegistry(registry: Registry): void {
    const { orders, mints, givenBack, largeAmountsFen } = this.head;
    for (const { number, json, isEnded } of orders) {
      registry.orders.restore(number, JSON.parse(json), json, isEnded);
    }
    for (const [firstId, count, amountFen, sponsor, order] of mints) {
      registry.made({ firstId, count, amountFen, sponsor, order });
    }
    for (const given of givenBack) registry.wentBack(given);
    for (const [packetId, amountFen] of largeAmountsFen) {
      registry.packets.largeAmountsFen.set(packetId, amountFen);
    }
    const { carried, sends } = this.readState();
    registry.carried.restore(carried);
    restoreSends(registry.sends, sends);
  }

  /**
   * Reads what users have won elsewhere, as `CarriedAwards.words`, and what they sent each other, as `sendsWords`; before
   * any chunk, or not at all.
   */
  readState(): { readonly carried: Uint32Array; readonly sends: Uint32Array } {
    const bytes = new Uint8Array(this.#stateBytes);
    if (readFully(this.#file, bytes) < bytes.length) throw new CheckpointBroken("it is cut off");
    if (crc32(bytes) !== this.#stateSum) throw new CheckpointBroken("the checksum of its sends is wrong");
    const words = new Uint32Array(bytes.buffer);
    if (this.#version <= VERSION_WITHOUT_CARRIED) return { carried: new Uint32Array(), sends: words };
    const end = 1 + words[0];
    return { carried: words.subarray(1, end), sends: words.subarray(end) };
  }

  /**
   * Reads the next chunk into the bytes that `into` gives for its number.
   *
   * @returns the chunk's number, or -1 at the end
   * @throws CheckpointBroken
   */
  next(into: (number: number) => Uint8Array): number {
    const head = bytesOf(this.#chunkHead);
    if (readFully(this.#file, head) < head.length) throw new CheckpointBroken("it is cut off");
    const [number, checksum] = this.#chunkHead;
    if (number === NO_MORE) {
      const isEnd = checksum === this.#chunks && readFully(this.#file, new Uint8Array(1)) === 0;
      if (!isEnd) throw new CheckpointBroken("its end is damaged");
      return -1;
    }
    const bytes = into(number);
    if (readFully(this.#file, bytes) < bytes.length) throw new CheckpointBroken(`chunk ${number} is cut off`);
    if (sumOf(number, bytes) !== checksum) {
      throw new CheckpointBroken(`the checksum of chunk ${number} is wrong`);
    }
    this.#chunks++;
    return number;
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * Reads a checkpoint into an empty registry.
 *
 * @param onProgress called often, with the awards since the last call
 */
export function restoreRegistry(
  path: string,
  registry: Registry,
  onProgress: (awards: number) => void,
): CheckpointHead | undefined {
  const reader = CheckpointReader.open(path);
  if (reader === undefined) return undefined;
  try {
    const { head } = reader;
    reader.readRegistry(registry);
    onProgress(0);
    for (;;) {
      const number = reader.next((number) => registry.packets.chunk(number).lasting);
      if (number < 0) return head;
      const before = registry.awards;
      registry.restoreChunk(number);
      onProgress(registry.awards - before);
    }
  } finally {
    reader.close();
  }
}

/** What isn't in the head and not of packets: how many words of carried awards, those, and the words of sends. */
function stateWords({ carried, sends }: Registry): Uint32Array {
  const [won, sent] = [carried.words(), sendsWords(sends)];
  const words = new Uint32Array(1 + won.length + sent.length);
  words[0] = won.length;
  words.set(won, 1);
  words.set(sent, 1 + won.length);
  return words;
}

/** Of a chunk: under another number it would be of other packets. */
function sumOf(number: number, bytes: Uint8Array): number {
  return crc32(bytes, number);
}

function readFixed(file: Deno.FsFile, oldest: number): Uint32Array {
  const fixed = new Uint32Array(HEAD_WORDS);
  const got = readFully(file, bytesOf(fixed));
  const [magic, version, chunkBytes] = fixed;
  if (got < 3 * 4 || magic !== MAGIC) throw new CheckpointBroken("it is none");
  if (version < oldest || version > VERSION || chunkBytes !== LASTING_CHUNK_BYTES) {
    throw new CheckpointBroken(`its format is ${version}, and this redpkt writes ${VERSION}`);
  }
  if (got < fixed.byteLength) throw new CheckpointBroken("it ends in its head");
  return fixed;
}

function readHead(file: Deno.FsFile, [, , , textBytes, checksum]: Uint32Array): CheckpointHead {
  const text = new Uint8Array(textBytes);
  if (readFully(file, text) < text.length || crc32(text) !== checksum) {
    throw new CheckpointBroken("its head is damaged");
  }
  return JSON.parse(new TextDecoder().decode(text));
}

function readFully(file: Deno.FsFile, bytes: Uint8Array): number {
  let got = 0;
  while (got < bytes.length) {
    const more = file.readSync(bytes.subarray(got));
    if (more === null) break;
    got += more;
  }
  return got;
}

function write(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
