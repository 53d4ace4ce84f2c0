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
    const { rows, awards, openings, again, reissued } = this.#get();
    const isReissued = (packetId: number) =>
      reissued.some(({ first, last }) => first <= packetId && packetId <= last);
    const entries = new Map<string, EntrySums>();
    for (const row of [...rows.values()].flat()) {
      const [kind, sponsor, count] = [row[RowField.kind], row[RowField.sponsor], row[RowField.count]];
      if (!SUMMED_KINDS.includes(kind)) continue;
      if (kind !== EntryKind.mint && kind !== EntryKind.giveBack && isReissued(row[RowField.packetId])) {
        continue;
      }
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
    for (const { packetId, sponsor, state, fen } of awards.values()) {
      if (isReissued(packetId)) continue;
      const sums = states.get(`${sponsor} ${state}`) ?? { sponsor, state, awards: 0, fen: 0 };
      states.set(`${sponsor} ${state}`, { ...sums, awards: sums.awards + 1, fen: sums.fen + fen });
    }
    return {
      entries: [...entries.values()],
      awards: [...states.values()],
      waiting: openingSums(openings.filter(({ packetId }) => !isReissued(packetId))),
      again: openingSums(again.filter(({ packetId }) => !isReissued(packetId))),
      reissued: reissued.filter(({ host, sponsor, first }) =>
        (rows.get(host) ?? []).some((row) => {
          const firstMinted = row[RowField.packetId];
          return row[RowField.kind] === EntryKind.mint && row[RowField.sponsor] === sponsor &&
            firstMinted <= first && first < firstMinted + row[RowField.count];
        })
      ).map(({ sponsor, host, first, last, fen }) => {
        const of = rows.get(host) ?? [];
        const gaveBack = of.some((row) =>
          row[RowField.kind] === EntryKind.giveBack && row[RowField.sponsor] === sponsor
        );
        const wonFen = of.filter((row) =>
          row[RowField.kind] === EntryKind.award && first <= row[RowField.packetId] &&
          row[RowField.packetId] <= last
        ).reduce((sum, row) => sum + row[RowField.amount], 0);
        return { sponsor, packets: last - first + 1, fen, givenBackFen: gaveBack ? fen - wonFen : 0 };
      }),
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
