import { Refusal } from "../record/entry.ts";
import type { Registry } from "./registry.ts";
import { MONEY_COLUMNS, type MoneyColumn } from "../record/money_columns.ts";
import { type MoneyGroup, MoneyRows } from "../record/money_rows.ts";
import { CHUNK_PACKETS, PacketState } from "./packets.ts";

const COLUMNS = MONEY_COLUMNS.length;
const Column = Object.fromEntries(MONEY_COLUMNS.map((name, i) => [name, i])) as Record<MoneyColumn, number>;

/** Where the money of each sponsor and wave is, as the judge decides it: sums that it adds to, nothing more. */
export class MoneyTally {
  readonly rows: MoneyRows;
  /** `COLUMNS` numbers a row. */
  readonly values: Float64Array;

  constructor(groups: readonly MoneyGroup[]) {
    this.rows = new MoneyRows(groups);
    this.values = new Float64Array(MoneyRows.capacity(groups) * COLUMNS);
  }

  /** Adds up what a judge has decided so far. @param onProgress called often */
  restore(registry: Registry, onProgress: () => void): void {
    registry.mints.forEach((firstId, amountFen, sponsor) => this.made(firstId, amountFen, sponsor));
    for (const [number, { state, sponsor }] of registry.packets.chunks) {
      const firstId = number * CHUNK_PACKETS;
      for (let i = 0; i < CHUNK_PACKETS; i++) {
        if ((state[i] & PacketState.awarded) === 0) continue;
        const amountFen = registry.packets.amountFen(firstId + i);
        const isHeld = (state[i] & PacketState.held) !== 0;
        this.awarded(firstId + i, amountFen, sponsor[i], isHeld);
        if ((state[i] & PacketState.opened) !== 0) this.opened(firstId + i, amountFen, sponsor[i]);
        if ((state[i] & PacketState.delivered) !== 0) this.delivered(firstId + i, amountFen, sponsor[i]);
        if ((state[i] & PacketState.lapsed) !== 0) {
          this.lapsed(firstId + i, amountFen, sponsor[i], (state[i] & PacketState.delivered) !== 0);
        }
      }
      onProgress();
    }
    for (const { sponsor, amountFen } of registry.givenBack) this.returned(sponsor, amountFen);
    this.startHere();
  }

  /** All awards so far are of earlier times: what is released from now on doesn't include them. */
  startHere(): void {
    for (let at = 0; at < this.rows.size * COLUMNS; at += COLUMNS) {
      this.values[at + Column.awardsBefore] = this.values[at + Column.awards];
      this.values[at + Column.awardedFenBefore] = this.values[at + Column.awardedFen];
    }
  }

  /** Packets were made, from this id on. */
  made(firstId: number, amountFen: number, sponsor: number): void {
    const at = this.rows.of(firstId, sponsor) * COLUMNS;
    this.values[at + Column.madeFen] += amountFen;
    this.values[at + Column.poolFen] += amountFen;
  }

  /** A packet is a user's; unless it is held until they open it, it counts as opened at once. */
  awarded(packetId: number, amountFen: number, sponsor: number, isHeld = false): void {
    const at = this.rows.of(packetId, sponsor) * COLUMNS;
    this.values[at + Column.poolFen] -= amountFen;
    this.values[at + Column.awards]++;
    this.values[at + Column.awardedFen] += amountFen;
    if (!isHeld) this.values[at + Column.openedFen] += amountFen;
  }

  /** A user has opened their packet. */
  opened(packetId: number, amountFen: number, sponsor: number): void {
    this.values[this.rows.of(packetId, sponsor) * COLUMNS + Column.openedFen] += amountFen;
  }

  /** A packet that its user didn't open in time went back: it is no award any more. */
  lapsed(packetId: number, amountFen: number, sponsor: number, wasDelivered: boolean): void {
    const at = this.rows.of(packetId, sponsor) * COLUMNS;
    if (wasDelivered) {
      this.values[at + Column.delivered]--;
      this.values[at + Column.deliveredFen] -= amountFen;
    }
    this.values[at + Column.awards]--;
    this.values[at + Column.awardedFen] -= amountFen;
    this.values[at + Column.returnedFen] += amountFen;
  }

  /** An award has reached its user. */
  delivered(packetId: number, amountFen: number, sponsor: number): void {
    const at = this.rows.of(packetId, sponsor) * COLUMNS;
    this.values[at + Column.delivered]++;
    this.values[at + Column.deliveredFen] += amountFen;
  }

  /** An award was refused for a reason; limits count. */
  refused(packetId: number, sponsor: number, reason: number): void {
    const at = this.rows.of(packetId, sponsor) * COLUMNS;
    if (reason === Refusal.userLimit) this.values[at + Column.refusedByUserLimit]++;
    if (reason === Refusal.sponsorLimit) this.values[at + Column.refusedBySponsorLimit]++;
  }

  /** All that is in the pool of a sponsor's rows goes back to them, up to the amount; their rows come in order of ids. */
  returned(sponsor: number, amountFen: number): void {
    let leftFen = amountFen;
    for (let row = 0; row < this.rows.size && leftFen > 0; row++) {
      if (this.rows.sponsor[row] !== sponsor) continue;
      const at = row * COLUMNS;
      const fen = Math.min(leftFen, this.values[at + Column.poolFen]);
      this.values[at + Column.poolFen] -= fen;
      this.values[at + Column.returnedFen] += fen;
      leftFen -= fen;
    }
  }
}
