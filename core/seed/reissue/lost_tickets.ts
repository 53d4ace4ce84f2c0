import { assert } from "../../base/assert.ts";
import type { ReissuedRange } from "../../books/account/reissues.ts";
import { BLOCK_HEAD_BYTES, RECORD_WORDS, RecordWord } from "../file/format.ts";
import type { SeedFile } from "../file/seed_file.ts";

/** The tickets of one sponsor in one wave that are made anew: the last ones of a group of the lost file. */
export interface LostGroup {
  readonly wave: number;
  readonly sponsor: number;
  readonly range: ReissuedRange;
  /** By the file that they come into: how many, and their sum. */
  readonly counts: readonly number[];
  readonly fen: readonly number[];
}

/** What of a lost seed file is made anew. */
export interface LostTickets {
  /** In the lost file's order; without those of which nothing is left. */
  readonly groups: readonly LostGroup[];
  readonly tickets: number;
}

export interface LostOptions {
  readonly lost: SeedFile;
  /** When each wave began at the earliest, in wall ms. */
  readonly startsMs: readonly number[];
  readonly fenceMs: number;
  /** Over so many files the tickets are dealt, one by one. */
  readonly files: number;
  readonly onProgress?: (tickets: number) => void;
}

/**
 * Finds the tickets that were due after the fence. The tape of a wave never runs ahead of the wall clock, so the lost host
 * has released none of them.
 *
 * @throws SeedRefused if a block is damaged
 */
export function findLost(options: LostOptions): LostTickets {
  const { lost: { description }, files } = options;
  const found = description.groups.map(() => ({
    counts: new Array<number>(files).fill(0),
    fen: new Array<number>(files).fill(0),
    first: 0,
  }));
  const seen = eachLost(options, (group, place, _dueMs, id, amountFen) => {
    const into = found[group];
    if (place === 0) into.first = id;
    assert(id === into.first + place, "the tickets of a group are due in the order of their ids");
    into.counts[place % files]++;
    into.fen[place % files] += amountFen;
  });
  const groups = description.groups.flatMap(([wave, sponsor, firstId, count], i): LostGroup[] => {
    const { counts, fen, first } = found[i];
    if (counts[0] === 0) return [];
    const range = { sponsor, first, last: firstId + count - 1, fen: fen.reduce((a, b) => a + b, 0) };
    assert(
      range.last - first + 1 === counts.reduce((a, b) => a + b, 0),
      "they are the last ones of their group",
    );
    return [{ wave, sponsor, range, counts, fen }];
  });
  return { groups, tickets: seen };
}

/** Calls back for each ticket that is made anew, in the order of release. Returns how many there are. */
export function eachLost(
  { lost, startsMs, fenceMs, onProgress = () => {} }: Omit<LostOptions, "files">,
  take: (group: number, place: number, dueMs: number, id: number, amountFen: number) => void,
): number {
  const { groups } = lost.description;
  const groupOf = new Map(groups.map(([wave, sponsor], i) => [sponsor + wave * 0x1_0000, i]));
  const places = groups.map(() => 0);
  const { words } = lost;
  let seen = 0;
  for (let block = 0; block < lost.blocks; block++) {
    const count = lost.loadBlock(block);
    const end = BLOCK_HEAD_BYTES / 4 + count * RECORD_WORDS;
    for (let at = BLOCK_HEAD_BYTES / 4; at < end; at += RECORD_WORDS) {
      const key = words[at + RecordWord.sponsorAndWave];
      const dueMs = words[at + RecordWord.dueMs];
      if (startsMs[key >>> 16] + dueMs <= fenceMs) continue;
      const group = groupOf.get(key)!;
      seen++;
      take(group, places[group]++, dueMs, words[at + RecordWord.id], words[at + RecordWord.amountFen]);
    }
    onProgress(count);
  }
  return seen;
}
