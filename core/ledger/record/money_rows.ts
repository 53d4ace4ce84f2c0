import { assert } from "../../base/assert.ts";

/** A group of packets whose money is told apart: contiguous ids, one sponsor, one wave. */
export interface MoneyGroup {
  readonly wave: number;
  readonly sponsor: number;
  readonly firstId: number;
  readonly count: number;
}

/** No wave: packets that are made while the host runs, and waves where there are too many to tell apart. */
export const NO_WAVE = -1;

/** With more groups than this only sponsors are told apart. */
export const MOST_GROUPS = 1_000;
/** Rows for sponsors of packets that belong to no group. */
const MOST_OTHERS = 1_000;
const SPONSORS = 0x1_0000;

/**
 * The rows of a table of money: one a sponsor and wave. Groups are known at the start, other packets get a row with
 * their sponsor's first one; past a bound such sponsors share the last row, as sponsor 0. Looking a row up allocates
 * nothing.
 */
export class MoneyRows {
  readonly sponsor: Int32Array;
  readonly wave: Int32Array;
  readonly #firstIds: Uint32Array;
  readonly #lastIds: Uint32Array;
  readonly #rowOfGroup: Int32Array;
  /** Rows of packets without a wave, by sponsor. */
  readonly #rowOfSponsor = new Int32Array(SPONSORS).fill(-1);
  /** Packets that follow each other are mostly of one group. */
  #latest = 0;
  #size = 0;

  /** @param groups in order of their ids */
  constructor(groups: readonly MoneyGroup[]) {
    this.#firstIds = Uint32Array.from(groups, ({ firstId }) => firstId);
    this.#lastIds = Uint32Array.from(groups, ({ firstId, count }) => firstId + count - 1);
    assert(this.#firstIds.every((id, i) => i === 0 || id > this.#lastIds[i - 1]), "groups are in order");
    const capacity = MoneyRows.capacity(groups);
    this.sponsor = new Int32Array(capacity);
    this.wave = new Int32Array(capacity);
    this.#rowOfGroup = Int32Array.from(
      groups,
      ({ sponsor, wave }) => groups.length > MOST_GROUPS ? this.#rowOf(sponsor) : this.#add(sponsor, wave),
    );
  }

  /** Most rows that there can be. */
  static capacity(groups: readonly MoneyGroup[]): number {
    const known = groups.length > MOST_GROUPS
      ? new Set(groups.map(({ sponsor }) => sponsor)).size
      : groups.length;
    return known + MOST_OTHERS + 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The row of a packet. */
  of(packetId: number, sponsor: number): number {
    const group = this.#groupOf(packetId);
    return group < 0 ? this.#rowOf(sponsor) : this.#rowOfGroup[group];
  }

  #groupOf(packetId: number): number {
    const firstIds = this.#firstIds;
    if (firstIds.length === 0) return -1;
    let low = this.#latest;
    if (packetId < firstIds[low] || packetId > this.#lastIds[low]) {
      low = 0;
      let high = firstIds.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >>> 1;
        if (firstIds[middle] <= packetId) low = middle;
        else high = middle - 1;
      }
      if (packetId < firstIds[low] || packetId > this.#lastIds[low]) return -1;
      this.#latest = low;
    }
    return low;
  }

  #rowOf(sponsor: number): number {
    const known = this.#rowOfSponsor[sponsor];
    if (known >= 0) return known;
    const isLast = this.#size >= this.sponsor.length - 1;
    const others = this.#rowOfSponsor[0];
    const row = isLast && others >= 0 ? others : this.#add(isLast ? 0 : sponsor, NO_WAVE);
    if (isLast) this.#rowOfSponsor[0] = row;
    return this.#rowOfSponsor[sponsor] = row;
  }

  #add(sponsor: number, wave: number): number {
    this.sponsor[this.#size] = sponsor;
    this.wave[this.#size] = wave;
    return this.#size++;
  }
}
