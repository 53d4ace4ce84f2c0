import { crc32 } from "node:zlib";
import { genesis, type Link } from "./chain.ts";
import { StoreFailed } from "../disk/entry_store.ts";
import { hexOf } from "./links.ts";
import { syncFolder } from "../disk/sync_folder.ts";

/** Name of the mark's file in a ledger's directory. */
export const MARK_FILE = "head";

/** Each copy has a sector of its own, so that whatever a power loss or a flipped bit does to one, the other stands. */
const SECTOR_BYTES = 512;
const COPIES = 2;
const NEWLINE = 0x0a;
const LINE = /^(redpkt-head 1 ([0-9a-f]{32}) (\d{16}) (\d{16}) ([0-9a-f]{64})) ([0-9a-f]{8})\n/;

/** What a mark says: which ledger, and what it was not long ago. */
export interface Marked {
  readonly ledger: string;
  readonly seq: number;
  readonly mark: number;
  readonly headHex: string;
}

/**
 * What the ledger is, beside the truth: written after each commit and before anybody is told of it, and never synced.
 * When a process ends it is there, however that ends, so that a log which lost anything afterwards is known; after a power
 * loss it may be as old as the kernel's last writing, and is never ahead of a truth that is synced.
 */
export class HeadMark {
  readonly #file: Deno.FsFile;
  readonly #path: string;
  readonly #ledgerId: string;
  readonly #bytes = new Uint8Array(SECTOR_BYTES * COPIES);
  readonly #encoder = new TextEncoder();

  /**
   * Opens a ledger's mark. If there is none it is made and synced, saying nothing yet: before the ledger's first row, so
   * that one with rows always has a mark.
   *
   * @throws StoreFailed if its disk fails
   */
  constructor(directory: string, ledgerId: string) {
    this.#path = `${directory}/${MARK_FILE}`;
    this.#ledgerId = ledgerId;
    try {
      let isNew = false;
      try {
        this.#file = Deno.openSync(this.#path, { write: true });
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        this.#file = Deno.openSync(this.#path, { write: true, createNew: true });
        isNew = true;
      }
      if (!isNew) return;
      this.write(genesis(ledgerId));
      this.#file.syncSync();
      syncFolder(directory);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Says what the ledger is after a commit that is durable. @throws StoreFailed */
  write({ seq, mark, head }: Link): void {
    const words = `redpkt-head 1 ${this.#ledgerId} ${digits(seq)} ${digits(mark)} ${hexOf(head)}`;
    const line = `${words} ${crc32(words).toString(16).padStart(8, "0")}\n`;
    this.#encoder.encodeInto(line, this.#bytes);
    for (let copy = 1; copy < COPIES; copy++) this.#bytes.copyWithin(copy * SECTOR_BYTES, 0, SECTOR_BYTES);
    try {
      this.#file.seekSync(0, Deno.SeekMode.Start);
      for (let at = 0; at < this.#bytes.length;) at += this.#file.writeSync(this.#bytes.subarray(at));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  close(): void {
    this.#file.close();
  }

  #failed(error: unknown): StoreFailed {
    if (error instanceof StoreFailed) return error;
    return new StoreFailed(`${this.#path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Not one copy of a mark is whole. */
export class MarkBroken extends Error {
  override name = "MarkBroken";
}

/**
 * Reads a ledger's mark: of its copies the one that knows most.
 *
 * @returns undefined if there is none
 * @throws MarkBroken
 */
export function readMark(directory: string): Marked | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(`${directory}/${MARK_FILE}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const copies = Array.from(
    { length: COPIES },
    (_, copy) => parse(bytes.subarray(copy * SECTOR_BYTES, (copy + 1) * SECTOR_BYTES)),
  ).filter((copy) => copy !== undefined);
  if (copies.length === 0) throw new MarkBroken("none of its copies is whole");
  return copies.reduce((a, b) => b.seq > a.seq || (b.seq === a.seq && b.mark > a.mark) ? b : a);
}

/** Numbers, from 1 on, of a mark's copies that aren't to the byte as they were written; none if there is no mark. */
export function brokenCopies(directory: string): number[] {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(`${directory}/${MARK_FILE}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const isWhole = (copy: number) => {
    const sector = bytes.subarray((copy - 1) * SECTOR_BYTES, copy * SECTOR_BYTES);
    const isFilled = sector.subarray(sector.indexOf(NEWLINE) + 1).every((byte) => byte === 0);
    return sector.length === SECTOR_BYTES && isFilled && parse(sector) !== undefined;
  };
  const copies = Array.from({ length: COPIES }, (_, copy) => copy + 1);
  return bytes.length === COPIES * SECTOR_BYTES ? copies.filter((copy) => !isWhole(copy)) : copies;
}

function parse(bytes: Uint8Array): Marked | undefined {
  const [, words, ledger, seq, mark, headHex, crc] = LINE.exec(new TextDecoder().decode(bytes)) ?? [];
  if (words === undefined || crc32(words) !== parseInt(crc, 16)) return undefined;
  return { ledger, seq: Number(seq), mark: Number(mark), headHex };
}

function digits(number: number): string {
  return String(number).padStart(16, "0");
}
