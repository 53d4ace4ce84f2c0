/** Numbers of one row. */
export const ROW_FIELDS = 8;

/** Offsets of a row's numbers. */
export const RowField = {
  /** Counts up by 1 from 1. */
  seq: 0,
  /** One of `EntryKind`. */
  kind: 1,
  packetId: 2,
  user: 3,
  /** In fen. */
  amount: 4,
  sponsor: 5,
  /** For a mint: how many packets. */
  count: 6,
  /** Wall time of the commit, in ms. */
  atMs: 7,
} as const;

/** A sent packet of which nothing is left. */
export interface EndedPacket {
  /** The row that ended it. */
  readonly seq: number;
  /** All its words. */
  readonly words: Uint32Array;
}

/** Rows of the ledger as plain numbers in one array, which is used again and again. */
export class EntryRows {
  values = new Float64Array(1024 * ROW_FIELDS);
  count = 0;
  /** By `seq`: what is stored beside a row, if anything. */
  readonly bodies = new Map<number, Uint32Array>();
  /** Sent packets that end with one of these rows, by their ids. Rows that are read don't have them. */
  readonly ended = new Map<number, EndedPacket>();

  /** Offset in `values` of a row. */
  at(row: number): number {
    return row * ROW_FIELDS;
  }

  /** Takes the next place and returns its offset in `values`. */
  next(): number {
    const at = this.count++ * ROW_FIELDS;
    if (at === this.values.length) {
      const longer = new Float64Array(this.values.length * 2);
      longer.set(this.values);
      this.values = longer;
    }
    return at;
  }

  clear(): void {
    this.count = 0;
    this.bodies.clear();
    this.ended.clear();
  }
}
