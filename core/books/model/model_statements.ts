import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { HELD } from "../../ledger/record/entry.ts";
import { RowField } from "../../ledger/record/entry_rows.ts";
import type { Opening } from "../contract/openings.ts";
import {
  type AwardSums,
  type BooksAward,
  type BooksSums,
  type EntrySums,
  type OpeningSums,
  type Statements,
  SUMMED_KINDS,
} from "../account/statements.ts";
import type { ModelState } from "./model_state.ts";

/** `Statements` as they must be. */
export class ModelStatements implements Statements {
  readonly #get: () => ModelState;

  constructor(get: () => ModelState) {
    this.#get = get;
  }

  // deno-lint-ignore require-await -- the contract is asynchronous
  async sums(): Promise<BooksSums> {
    const { rows, awards, openings, again } = this.#get();
    const entries = new Map<string, EntrySums>();
    for (const row of [...rows.values()].flat()) {
      const [kind, sponsor, count] = [row[RowField.kind], row[RowField.sponsor], row[RowField.count]];
      if (!SUMMED_KINDS.includes(kind)) continue;
      const isOpen = kind === EntryKind.award && count !== HELD;
      const key = `${sponsor} ${kind} ${isOpen}`;
      const sums = entries.get(key) ?? { sponsor, kind, isOpen, rows: 0, packets: 0, fen: 0 };
      entries.set(key, {
        ...sums,
        rows: sums.rows + 1,
        packets: sums.packets + (kind === EntryKind.mint ? count : 1),
        fen: sums.fen + row[RowField.amount],
      });
    }
    const states = new Map<string, AwardSums>();
    for (const { sponsor, state, fen } of awards.values()) {
      const sums = states.get(`${sponsor} ${state}`) ?? { sponsor, state, awards: 0, fen: 0 };
      states.set(`${sponsor} ${state}`, { ...sums, awards: sums.awards + 1, fen: sums.fen + fen });
    }
    return {
      entries: [...entries.values()],
      awards: [...states.values()],
      waiting: openingSums(openings),
      again: openingSums(again),
    };
  }

  async *awards(): AsyncIterable<readonly BooksAward[]> {
    const awards = [...this.#get().awards.values()].sort((a, b) => a.packetId - b.packetId);
    if (awards.length === 0) return;
    yield awards.map(({ dueMs: _due, claims: _claims, hasDoubt: _doubt, ...award }) => award);
  }
}

function openingSums(openings: readonly Opening[]): OpeningSums[] {
  const bySponsor = new Map<number, OpeningSums>();
  for (const { sponsor, fen } of openings) {
    const sums = bySponsor.get(sponsor) ?? { sponsor, openings: 0, fen: 0 };
    bySponsor.set(sponsor, { sponsor, openings: sums.openings + 1, fen: sums.fen + fen });
  }
  return [...bySponsor.values()];
}
