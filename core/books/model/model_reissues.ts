// deno-lint-ignore-file require-await -- the contract is asynchronous
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { RowField } from "../../ledger/record/entry_rows.ts";
import {
  firstWithin,
  judgeReissue,
  type Reissue,
  type ReissueOutcome,
  type Reissues,
  type WantedReissue,
} from "../account/reissues.ts";
import type { ModelState } from "./model_state.ts";

/** `Reissues` as they must be. */
export class ModelReissues implements Reissues {
  readonly #get: () => ModelState;

  constructor(get: () => ModelState) {
    this.#get = get;
  }

  async reissue(wanted: WantedReissue): Promise<ReissueOutcome> {
    const { reissues, reissued, revoked, claims, hosts, awards, openings, rows } = this.#get();
    const holder = claims.get(wanted.hash);
    const won = [
      ...awards.keys(),
      ...openings.map(({ packetId }) => packetId),
      ...(rows.get(holder?.host ?? -1) ?? []).filter((row) => row[RowField.kind] === EntryKind.award)
        .map((row) => row[RowField.packetId]),
    ];
    const outcome = judgeReissue(wanted, {
      before: reissues.find(({ hash }) => hash === wanted.hash),
      holder: holder && { host: holder.host, caughtUpMs: hosts.get(holder.host)?.caughtUpMs ?? 0 },
      wonPacketId: firstWithin(wanted.ranges, won),
      usedIds: reissues.filter(({ set }) => set === wanted.set).reduce(
        (sum, { tickets }) => sum + tickets,
        0,
      ),
    });
    if (outcome.kind !== "done" || outcome.isRepeated) return outcome;
    const { host } = outcome.reissue;
    reissues.push(outcome.reissue);
    reissued.push(...wanted.ranges.map((range) => ({ ...range, host })));
    revoked.push(...wanted.ranges.map(({ first, last }) => ({ first, last })));
    return outcome;
  }

  async reissues(): Promise<Reissue[]> {
    return this.#get().reissues.toSorted((a, b) => a.firstId - b.firstId);
  }
}
