// deno-lint-ignore-file require-await -- the contract is asynchronous
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { HELD } from "../../ledger/record/entry.ts";
import { RowField } from "../../ledger/record/entry_rows.ts";
import { AwardState, COUNTED_STATES } from "../account/award_state.ts";
import type { Audits, Found, OpeningMismatch, UserOver } from "../account/audits.ts";
import { covers } from "../account/holds.ts";
import type { RowNumbers } from "../contract/intake.ts";
import { BlockHasher, type BlockSums, ROWS_PER_BLOCK } from "../account/row_hash.ts";
import type { ModelState } from "./model_state.ts";

/** `Audits` as they must be. */
export class ModelAudits implements Audits {
  readonly #get: () => ModelState;

  constructor(get: () => ModelState) {
    this.#get = get;
  }

  async blocks(host: number, upToSeq: number): Promise<BlockSums[]> {
    const hasher = new BlockHasher();
    for (const row of this.#rows(host)) if (row[RowField.seq] <= upToSeq) hasher.add(row, 0);
    return hasher.blocks();
  }

  async rowsOfBlock(host: number, block: number): Promise<RowNumbers> {
    const isOf = (row: readonly number[]) => Math.floor((row[RowField.seq] - 1) / ROWS_PER_BLOCK) === block;
    return Float64Array.from(this.#rows(host).filter(isOf).flat());
  }

  async strayRows(): Promise<Found<number>> {
    const { rows, hosts } = this.#get();
    const stray = [...rows].filter(([host, all]) =>
      all.some((row) => row[RowField.seq] > (hosts.get(host)?.seq ?? 0))
    ).map(([host]) => host);
    return { count: stray.length, first: stray };
  }

  async openings(): Promise<Found<OpeningMismatch>> {
    const { rows, awards, again, openings } = this.#get();
    const bySeq = new Map<string, { host: number; seq: number; row?: number[]; opening?: number[] }>();
    const of = (host: number, seq: number) => {
      const known = bySeq.get(`${host} ${seq}`) ?? { host, seq };
      bySeq.set(`${host} ${seq}`, known);
      return known;
    };
    for (const [host, all] of rows) {
      for (const row of all) {
        const kind = row[RowField.kind];
        const isOpen = kind === EntryKind.open || (kind === EntryKind.award && row[RowField.count] !== HELD);
        if (!isOpen) continue;
        of(host, row[RowField.seq]).row = [
          row[RowField.packetId],
          row[RowField.user],
          row[RowField.sponsor],
          row[RowField.amount],
        ];
      }
    }
    for (const { host, seq, packetId, user, sponsor, fen } of [...awards.values(), ...again, ...openings]) {
      of(host, seq).opening = [packetId, user, sponsor, fen];
    }
    const wrong = [...bySeq.values()].filter(({ row, opening }) => row?.join() !== opening?.join())
      .sort((a, b) => a.host - b.host || a.seq - b.seq)
      .map(({ host, seq, row, opening }) => ({ host, seq, row, opening }));
    return { count: wrong.length, first: wrong };
  }

  async usersOver(): Promise<Found<UserOver>> {
    const { packetsPerUser, packetsPerSponsor } = this.#get().event;
    const over = [...this.#given()].map(([user, sponsors]) => ({
      user,
      packets: sponsors.length,
      ofOneSponsor: Math.max(...sponsors.map((one) => sponsors.filter((other) => other === one).length)),
    })).filter(({ packets, ofOneSponsor }) => packets > packetsPerUser || ofOneSponsor > packetsPerSponsor);
    return { count: over.length, first: over.sort((a, b) => a.user - b.user) };
  }

  async holders(): Promise<Found<number>> {
    const given = this.#given();
    const { holders } = this.#get();
    const wrong = [...new Set([...given.keys(), ...holders.keys()])]
      .filter((user) => (given.get(user)?.length ?? 0) !== (holders.get(user)?.length ?? 0))
      .sort((a, b) => a - b);
    return { count: wrong.length, first: wrong };
  }

  async holds(): Promise<Found<number>> {
    const { awards, holds } = this.#get();
    const wrong = [...awards.values()].filter(({ state, user, packetId }) => {
      const isCovered = holds.some((hold) => covers(hold, user, packetId));
      return state === AwardState.held ? !isCovered : state === AwardState.queued && isCovered;
    }).map(({ packetId }) => packetId).sort((a, b) => a - b);
    return { count: wrong.length, first: wrong };
  }

  #rows(host: number): readonly number[][] {
    return this.#get().rows.get(host) ?? [];
  }

  /** By user: sponsors of what they were given. */
  #given(): Map<number, number[]> {
    const given = new Map<number, number[]>();
    for (const { user, sponsor, state } of this.#get().awards.values()) {
      if (COUNTED_STATES.includes(state)) given.set(user, [...given.get(user) ?? [], sponsor]);
    }
    return given;
  }
}
