import type { KeyObject } from "node:crypto";
import { UserError } from "../base/user_error.ts";
import { EntryKind } from "../ledger/kinds/entry_kinds.ts";
import { type EntryRows, RowField } from "../ledger/record/entry_rows.ts";
import type { UsedSeed } from "../ledger/kinds/notes.ts";
import { BLOCK_HEAD_BYTES, RECORD_WORDS, RecordWord } from "../seed/file/format.ts";
import { SeedFile } from "../seed/file/seed_file.ts";
import { seedFilesIn } from "../seed/file/verify_set.ts";
import type { Differences } from "./differences.ts";

/** Where a sponsor's budget is, in fen: what wasn't won is in a pool, or went back, or in a file that nobody has used. */
export interface SponsorSums {
  readonly number: number;
  readonly name: string;
  budgetFen: number;
  wonFen: number;
  wonTickets: number;
  returnedFen: number;
  poolFen: number;
  unusedFen: number;
}

/** Sponsor's number, first and last id, and sum of tickets that were made anew in another file. */
type ReissuedRange = readonly [sponsor: number, first: number, last: number, fen: number];

/** The seed files of an event, and what became of each sponsor's money. */
export class SeedMatch {
  readonly #files = new Map<string, SeedFile>();
  /** By hash: which ledger gives a file's tickets away. */
  readonly #usedBy = new Map<string, string>();
  readonly #sponsors = new Map<number, SponsorSums>();
  /** By hash: which of a lost file's tickets are in others now. */
  readonly #reissued = new Map<string, readonly ReissuedRange[]>();
  readonly #differences: Differences;

  /**
   * @param places seed files, and folders of them
   * @throws UserError if one can't be read or trusted
   */
  constructor(places: readonly string[], trusted: ReadonlyMap<string, KeyObject>, differences: Differences) {
    this.#differences = differences;
    for (const path of places.flatMap(filesAt)) {
      const file = new SeedFile(path);
      file.checkSignature(trusted);
      if (this.#files.has(file.hash)) throw new UserError(`${path}: is there twice`);
      this.#files.set(file.hash, file);
      for (const [, sponsor, , , amountFen] of file.description.groups) {
        this.#of(sponsor, file).budgetFen += amountFen;
      }
      const { reissue } = file.description;
      if (reissue !== undefined) this.#reissued.set(reissue.hash, reissue.ranges);
    }
    for (const [hash, ranges] of this.#reissued) {
      if (!this.#files.has(hash)) continue;
      // Once in the budget: the new tickets are in it.
      for (const [sponsor, , , fen] of ranges) this.#of(sponsor, undefined).budgetFen -= fen;
    }
  }

  get fileCount(): number {
    return this.#files.size;
  }

  /** Reads the tickets that a ledger gives away; its rows are compared with them. */
  forLedger(ledger: string, seeds: readonly UsedSeed[]): LedgerTickets {
    const files: SeedFile[] = [];
    for (const { hash, path } of seeds) {
      const file = this.#files.get(hash);
      if (file === undefined) {
        this.#differences.add(`${ledger}: gives away ${path} (hash ${hash}), which is not among the seeds`);
        continue;
      }
      const other = this.#usedBy.get(hash);
      if (other !== undefined) {
        this.#differences.add(`${file.path}: is given away by ${other} and by ${ledger}`);
      }
      this.#usedBy.set(hash, ledger);
      files.push(file);
    }
    const reissued = files.flatMap(({ hash }) => this.#reissued.get(hash) ?? []);
    return new LedgerTickets(files, reissued, (sponsor) => this.#of(sponsor, files[0]), this.#differences);
  }

  /** Every sponsor's sums, once all ledgers have been read. */
  finish(): readonly SponsorSums[] {
    for (const [hash, file] of this.#files) {
      if (!this.#usedBy.has(hash)) {
        for (const [, sponsor, , , amountFen] of file.description.groups) {
          this.#of(sponsor, file).unusedFen += amountFen;
        }
        for (const [sponsor, , , fen] of this.#reissued.get(hash) ?? []) {
          this.#of(sponsor, file).unusedFen -= fen;
        }
      }
      file.close();
    }
    const sponsors = [...this.#sponsors.values()].sort((a, b) => a.number - b.number);
    for (const { number, budgetFen, wonFen, returnedFen, poolFen, unusedFen } of sponsors) {
      const foundFen = wonFen + returnedFen + poolFen + unusedFen;
      if (foundFen === budgetFen) continue;
      this.#differences.add(
        `sponsor ${number}: the seeds hold ${budgetFen} fen, and ${foundFen} fen are somewhere`,
      );
    }
    return sponsors;
  }

  #of(number: number, file: SeedFile | undefined): SponsorSums {
    let sums = this.#sponsors.get(number);
    if (sums === undefined) {
      const name = file?.description.plan.sponsors.find((sponsor) => sponsor.number === number)?.name ?? "?";
      const none = { budgetFen: 0, wonFen: 0, wonTickets: 0, returnedFen: 0, poolFen: 0, unusedFen: 0 };
      this.#sponsors.set(number, sums = { number, name, ...none });
    }
    return sums;
  }
}

/** The tickets of one ledger's seed files: 4 bytes each, by id. */
export class LedgerTickets {
  readonly #parts: { readonly firstId: number; readonly amountsFen: Uint32Array }[] = [];
  /** Groups by their first id, as a mint would say it. */
  readonly #groups = new Map<number, string>();
  readonly #reissued: readonly ReissuedRange[];
  readonly #sponsorOf: (number: number) => SponsorSums;
  readonly #differences: Differences;

  /** @param reissued tickets of these files that were made anew: what a ledger does with them moves nobody's money */
  constructor(
    files: readonly SeedFile[],
    reissued: readonly ReissuedRange[],
    sponsorOf: (number: number) => SponsorSums,
    differences: Differences,
  ) {
    this.#reissued = reissued;
    this.#sponsorOf = sponsorOf;
    this.#differences = differences;
    for (const file of files) {
      const { groups } = file.description;
      for (const [, sponsor, firstId, count, amountFen] of groups) {
        this.#groups.set(firstId, `${count} ${amountFen} ${sponsor}`);
      }
      this.#parts.push({ firstId: groups[0]?.[2] ?? 1, amountsFen: readAmounts(file) });
    }
  }

  /** Compares a row of the ledger. */
  add({ values }: EntryRows, at: number): void {
    const kind = values[at + RowField.kind];
    const packetId = values[at + RowField.packetId];
    const fen = values[at + RowField.amount];
    const sponsor = values[at + RowField.sponsor];
    if (kind === EntryKind.mint) {
      this.#sponsorOf(sponsor).poolFen += fen;
      const count = values[at + RowField.count];
      for (const [of, first, , lostFen] of this.#reissued) {
        const isIn = of === sponsor && packetId <= first && first < packetId + count;
        if (isIn) this.#sponsorOf(sponsor).poolFen -= lostFen;
      }
      if (this.#groups.get(packetId) === `${count} ${fen} ${sponsor}`) return;
      const last = packetId + count - 1;
      this.#differences.add(`packets ${packetId} to ${last}: are in the ledger and not in the seeds`);
    } else if (kind === EntryKind.giveBack) {
      const sums = this.#sponsorOf(sponsor);
      sums.poolFen -= fen;
      sums.returnedFen += fen;
    } else if (kind === EntryKind.lapse && !this.#isReissued(packetId)) {
      const sums = this.#sponsorOf(sponsor);
      sums.wonFen -= fen;
      sums.wonTickets--;
      sums.returnedFen += fen;
    } else if (kind === EntryKind.award) {
      if (!this.#isReissued(packetId)) {
        const sums = this.#sponsorOf(sponsor);
        sums.poolFen -= fen;
        sums.wonFen += fen;
        sums.wonTickets++;
      }
      const amountFen = this.#amountFen(packetId);
      if (amountFen === fen) return;
      this.#differences.add(
        amountFen === undefined
          ? `packet ${packetId}: is in the ledger and not in the seeds`
          : `packet ${packetId}: the ledger gave ${fen} fen, and the ticket is of ${amountFen} fen`,
      );
    }
  }

  #isReissued(packetId: number): boolean {
    return this.#reissued.some(([, first, last]) => first <= packetId && packetId <= last);
  }

  #amountFen(packetId: number): number | undefined {
    for (const { firstId, amountsFen } of this.#parts) {
      const at = packetId - firstId;
      if (at >= 0 && at < amountsFen.length) return amountsFen[at];
    }
    return undefined;
  }
}

/** Amounts by id; every block is proven on the way. */
function readAmounts(file: SeedFile): Uint32Array {
  const amountsFen = new Uint32Array(file.records);
  const firstId = file.description.groups[0]?.[2] ?? 1;
  const { words } = file;
  for (let block = 0; block < file.blocks; block++) {
    const end = BLOCK_HEAD_BYTES / 4 + file.loadBlock(block) * RECORD_WORDS;
    for (let at = BLOCK_HEAD_BYTES / 4; at < end; at += RECORD_WORDS) {
      amountsFen[words[at + RecordWord.id] - firstId] = words[at + RecordWord.amountFen];
    }
  }
  return amountsFen;
}

function filesAt(place: string): string[] {
  try {
    if (!Deno.statSync(place).isDirectory) return [place];
    const folder = place.replace(/(?<=.)\/+$/, "");
    const names = seedFilesIn(folder);
    if (names.length === 0) throw new UserError(`--seeds ${place}: there is no seed file in it`);
    return names.map((name) => `${folder}/${name}`);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    throw new UserError(`--seeds ${place}: cannot be read: ${why}`);
  }
}
