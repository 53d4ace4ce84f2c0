import type { Random } from "../../base/random.ts";
import { type LedgerSource, type SourceBlock, SourceRefused } from "../../books/uplink/ledger_source.ts";
import type { Place } from "../../books/contract/intake.ts";
import { commitOf, genesis, type Link, LinkHasher } from "../../ledger/chain/chain.ts";
import { hexOf, type LedgerHead } from "../../ledger/chain/links.ts";
import { type EntryStore, StoreFailed } from "../../ledger/disk/entry_store.ts";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { type DurableTime, durableTime } from "../../ledger/record/durable_time.ts";
import { EntryRows, ROW_FIELDS, RowField } from "../../ledger/record/entry_rows.ts";

/** The process ends in the middle of a commit. */
export class SimKilled extends Error {
  override name = "SimKilled";
}

interface DiskCommit {
  readonly rows: Float64Array;
  readonly bodies: readonly (readonly [seq: number, words: Uint32Array])[];
  readonly ended: readonly (readonly [packetId: number, words: Uint32Array])[];
  readonly delivered: Uint32Array;
  readonly link: Link;
}

/** What is wrong with a disk now. */
export interface DiskFaults {
  /** There is no room for another commit. */
  isFull: boolean;
  /** It says that a commit is durable, and has it in a cache that a power loss empties. */
  isLying: boolean;
  /** The process dies in the next commit, which is torn: what is there of it afterwards is all or nothing. */
  tearsNext: boolean;
}

/**
 * A ledger's disk in memory: whole commits, chained as in `ledger.db`, which outlive processes and may be lost. It stands
 * where SQLite's file does for the ledger's thread and for the uplink beside it.
 */
export class SimDisk implements EntryStore, LedgerSource {
  readonly ledger: string;
  readonly hostNumber: number;
  readonly faults: DiskFaults = { isFull: false, isLying: false, tearsNext: false };
  /** What the ledger was last, as it is noted elsewhere too: the claim of its seed file. */
  mark: LedgerHead = { seq: 0, headHex: "" };
  /** Told of each commit that is durable, or that the disk says is. */
  onCommit: (rows: Float64Array) => void = () => {};
  readonly #random: Random;
  readonly #hasher = new LinkHasher();
  #commits: DiskCommit[] = [];
  /** Commits that survive a power loss. */
  #safe = 0;
  /** By row that ends a commit. */
  #heads = new Map<number, string>();
  #isBroken = false;

  constructor(ledger: string, hostNumber: number, random: Random) {
    this.ledger = ledger;
    this.hostNumber = hostNumber;
    this.#random = random;
    this.#heads.set(0, this.genesisHex);
  }

  get genesisHex(): string {
    return hexOf(genesis(this.ledger).head);
  }

  /** All rows, in order. */
  *rows(): Generator<Float64Array> {
    for (const { rows } of this.#commits) {
      for (let at = 0; at < rows.length; at += ROW_FIELDS) yield rows.subarray(at, at + ROW_FIELDS);
    }
  }

  get #tip(): Link {
    return this.#commits.at(-1)?.link ?? genesis(this.ledger);
  }

  lastSeq(): number {
    return this.#tip.seq;
  }

  durableTime(): DurableTime | undefined {
    const last = this.#commits.findLast(({ rows }) => rows.length > 0);
    if (last === undefined) return undefined;
    const note = this.#lastTime();
    return durableTime(last.rows[last.rows.length - ROW_FIELDS + RowField.atMs], note);
  }

  #lastTime(): { atMs: number; body: Uint32Array } | undefined {
    for (const { rows, bodies } of this.#commits.toReversed()) {
      for (let at = rows.length - ROW_FIELDS; at >= 0; at -= ROW_FIELDS) {
        if (rows[at + RowField.kind] !== EntryKind.time) continue;
        const [, body] = bodies.find(([seq]) => seq === rows[at + RowField.seq])!;
        return { atMs: rows[at + RowField.atMs], body };
      }
    }
    return undefined;
  }

  append(rows: EntryRows, delivered: Uint32Array): void {
    const { faults } = this;
    if (this.#isBroken) throw new StoreFailed("it must be opened again first");
    if (faults.isFull) {
      this.#isBroken = true;
      throw new StoreFailed("there is no room on the disk");
    }
    if (faults.tearsNext) {
      faults.tearsNext = false;
      if (this.#random.below(2) === 0) this.#keep(rows, delivered);
      throw new SimKilled();
    }
    this.#keep(rows, delivered);
  }

  #keep(rows: EntryRows, delivered: Uint32Array): void {
    const link = this.#hasher.next(this.#tip, commitOf(rows, delivered));
    const numbers = rows.values.slice(0, rows.count * ROW_FIELDS);
    this.#commits.push({
      rows: numbers,
      bodies: [...rows.bodies].map(([seq, words]) => [seq, words.slice()]),
      ended: [...rows.ended].map(([packetId, { words }]) => [packetId, words.slice()]),
      delivered: delivered.slice(),
      link,
    });
    if (!this.faults.isLying) this.#safe = this.#commits.length;
    if (rows.count === 0) return;
    this.#note(link);
    this.mark = { seq: link.seq, headHex: hexOf(link.head) };
    this.onCommit(numbers);
  }

  #note({ seq, head }: Link): void {
    if (!this.#heads.has(seq)) this.#heads.set(seq, hexOf(head));
  }

  /** The host's power goes. Returns how many rows the disk had only said to have. */
  losePower(): number {
    const before = this.lastSeq();
    this.#commits = this.#commits.slice(0, this.#safe);
    this.#heads = new Map([[0, this.genesisHex]]);
    for (const { link } of this.#commits) this.#note(link);
    this.#isBroken = false;
    return before - this.lastSeq();
  }

  /** Whether what is noted elsewhere is in it: a ledger that lacks it isn't gone on with. */
  get hasMarked(): boolean {
    return this.mark.seq === 0 || this.#heads.get(this.mark.seq) === this.mark.headHex;
  }

  reopen(): void {
    if (this.faults.isFull) throw new StoreFailed("there is no room on the disk");
    this.#isBroken = false;
  }

  headAt(seq: number): string | undefined {
    return this.#heads.get(seq);
  }

  read(afterSeq: number, take: (rows: EntryRows) => void): void {
    const block = new EntryRows();
    for (const { rows, bodies, link } of this.#commits) {
      if (link.seq <= afterSeq) continue;
      for (let at = 0; at < rows.length; at += ROW_FIELDS) {
        const to = block.next(); // may make the array longer
        block.values.set(rows.subarray(at, at + ROW_FIELDS), to);
      }
      for (const [seq, words] of bodies) block.bodies.set(seq, words);
    }
    if (block.count > 0) take(block);
  }

  ended(packetId: number): Uint32Array | undefined {
    for (const { ended } of this.#commits) {
      const found = ended.find(([id]) => id === packetId);
      if (found !== undefined) return found[1];
    }
    return undefined;
  }

  readDelivered(afterMark: number, take: (words: Uint32Array) => void): number {
    const marks = this.#commits.map(({ delivered }) => delivered).filter(({ length }) => length > 0);
    marks.slice(afterMark).forEach(take);
    return marks.length;
  }

  close(): void {
    this.#isBroken = false;
  }

  [Symbol.dispose](): void {}

  // LedgerSource: as it is read beside a server that writes it.

  atMsAfter(seq: number): number | undefined {
    const commit = this.#commits.find(({ link, rows }) => link.seq > seq && rows.length > 0);
    return commit?.rows[RowField.atMs];
  }

  knows({ seq, headHex }: Place): boolean {
    return this.#heads.get(seq) === headHex;
  }

  epochAt(): number {
    return 1;
  }

  blockAfter(from: Place, most: number): SourceBlock | undefined {
    if (!this.knows(from)) throw new SourceRefused(`row ${from.seq} isn't the end of a commit any more`);
    const found: DiskCommit[] = [];
    let count = 0;
    for (let i = this.#indexAfter(from.seq); i < this.#commits.length && count < most; i++) {
      if (this.#commits[i].rows.length === 0) continue;
      found.push(this.#commits[i]);
      count += this.#commits[i].rows.length / ROW_FIELDS;
    }
    if (found.length === 0) return undefined;
    const rows = new Float64Array(count * ROW_FIELDS);
    let at = 0;
    for (const commit of found) {
      rows.set(commit.rows, at);
      at += commit.rows.length;
    }
    const { seq } = found.at(-1)!.link;
    const bodies = found.flatMap((commit) => commit.bodies);
    return { epochBefore: 1, epochAfter: 1, from, to: { seq, headHex: this.#heads.get(seq)! }, rows, bodies };
  }

  #indexAfter(seq: number): number {
    let low = 0;
    let high = this.#commits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#commits[middle].link.seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
