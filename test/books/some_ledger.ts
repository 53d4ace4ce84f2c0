/** Ledgers of hosts as books see them, made of nothing but numbers. */
import type { Block, Enrolment, Intake, Place } from "../../core/books/contract/intake.ts";
import { hash } from "node:crypto";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { ROW_FIELDS } from "../../core/ledger/record/entry_rows.ts";

/** When its first row is dated. */
export const FIRST_MS = 1_763_600_000_000;

/** A ledger that grows, a commit at a time. */
export class SomeLedger {
  readonly enrolment: Enrolment;
  place: Place;
  epoch = 1;
  nowMs = FIRST_MS;
  #nextPacket: number;

  constructor(host: number, id = hash("md5", `ledger ${host}`)) {
    const genesisHex = hash("sha256", id);
    this.enrolment = { host, name: `host ${host}`, ledger: id, genesisHex };
    this.place = { seq: 0, headHex: genesisHex };
    this.#nextPacket = 1 + host * 1_000_000;
  }

  /** Adds a commit: packets that are made, won and opened, in turn. */
  commit(count: number, change: Partial<Pick<Block, "bodies" | "epochAfter">> = {}): Block {
    const rows: number[] = [];
    for (let i = 0; i < count; i++) {
      const seq = this.place.seq + 1 + i;
      const packet = this.#nextPacket + Math.floor((seq - 1) / 3);
      const kind = [EntryKind.mint, EntryKind.award, EntryKind.open][(seq - 1) % 3];
      const user = kind === EntryKind.mint ? 0 : packet % 997;
      const fen = 100 + packet % 50;
      const sponsor = 1 + packet % 8;
      rows.push(seq, kind, packet, user, fen, sponsor, kind === EntryKind.open ? 0 : HELD, this.nowMs);
    }
    return this.block(Float64Array.from(rows), change);
  }

  /** The same of rows that are given. */
  block(rows: Float64Array, { bodies = [], epochAfter = this.epoch }: Partial<Block> = {}): Block {
    const from = this.place;
    const seq = from.seq + rows.length / ROW_FIELDS;
    const headHex = hash("sha256", `${from.headHex} ${rows.join()}`);
    const epochBefore = this.epoch;
    this.place = { seq, headHex };
    this.epoch = epochAfter;
    const { host, ledger } = this.enrolment;
    return { host, ledger, epochBefore, epochAfter, from, to: this.place, rows, bodies };
  }

  /** What must hold for its word to count, now. */
  get fence() {
    const { host, ledger } = this.enrolment;
    return { host, ledger, epoch: this.epoch, ...this.place };
  }
}

/** A ledger of a host. */
export function ledgerOf(host: number): SomeLedger {
  return new SomeLedger(host);
}

/** All numbers of a host's rows that the books have. */
export async function rowsOf(intake: Intake, host: number): Promise<number[]> {
  const blocks: number[][] = [];
  for await (const rows of intake.rows(host)) blocks.push([...rows]);
  return blocks.flat();
}
