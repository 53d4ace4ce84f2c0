import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { type EntryRows, ROW_FIELDS, RowField } from "../../ledger/record/entry_rows.ts";
import { TruthReader } from "../../ledger/store/truth_reader.ts";
import { UserError } from "../../base/user_error.ts";

const SOON_MS = 30;

/** A packet that a guest has won, as rows of the ledger say. */
export interface Win {
  readonly packetId: number;
  readonly user: number;
  readonly amountFen: number;
  /** Its number in the plan, from 1 on. */
  readonly sponsor: number;
  readonly wonMs: number;
  /** When it was opened; 0 while it isn't. */
  readonly openedMs: number;
  /** It was never opened, and has gone back. */
  readonly hasLapsed: boolean;
}

/**
 * What the ledger says of who has won what: nothing is counted that isn't durable, and after a restart it is all there
 * again. Reads what is new each time, beside the server that writes it.
 */
export class Wins {
  readonly #directory: string;
  readonly #wins = new Map<number, Win>();
  readonly #byUser = new Map<number, Set<number>>();
  readonly #opened: number[] = [];
  #seq = 0;
  #readMs = -Infinity;
  wonFen = 0;
  openFen = 0;
  returnedFen = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get count(): number {
    return this.#wins.size;
  }

  get openCount(): number {
    return this.#opened.length;
  }

  /** Changes whenever there is something new. */
  get version(): number {
    return this.#seq;
  }

  get all(): Iterable<Win> {
    return this.#wins.values();
  }

  of(user: number): Win[] {
    return [...this.#byUser.get(user) ?? []].map((packetId) => this.#wins.get(packetId)!);
  }

  /** The packets that were opened last, the newest first. */
  latest(most: number): Win[] {
    return this.#opened.slice(-most).reverse().map((packetId) => this.#wins.get(packetId)!);
  }

  /** The same for who asks often: what was read just now is good enough. */
  readSoon(nowMs: number): void {
    if (nowMs - this.#readMs < SOON_MS) return;
    this.#readMs = nowMs;
    this.read();
  }

  /** Reads on. Returns whether there was something new; there is no ledger yet before a server's first start. */
  read(): boolean {
    const before = this.#seq;
    let truth: TruthReader;
    try {
      truth = new TruthReader(this.#directory);
    } catch (error) {
      if (error instanceof UserError) return false;
      throw error;
    }
    try {
      truth.read(this.#seq, (rows) => this.#take(rows));
    } finally {
      truth.close();
    }
    return this.#seq > before;
  }

  #take({ values, count }: EntryRows): void {
    for (let row = 0; row < count; row++) {
      const field = (at: number) => values[row * ROW_FIELDS + at];
      const packetId = field(RowField.packetId);
      const atMs = field(RowField.atMs);
      switch (field(RowField.kind)) {
        case EntryKind.award:
          this.#won(packetId, field(RowField.user), field(RowField.amount), field(RowField.sponsor), atMs);
          break;
        case EntryKind.open:
          this.#change(packetId, { openedMs: atMs });
          this.#opened.push(packetId);
          this.openFen += field(RowField.amount);
          break;
        case EntryKind.lapse:
          this.#change(packetId, { hasLapsed: true });
          this.returnedFen += field(RowField.amount);
          break;
        case EntryKind.giveBack:
          this.returnedFen += field(RowField.amount);
          break;
      }
      this.#seq = field(RowField.seq);
    }
  }

  #won(packetId: number, user: number, amountFen: number, sponsor: number, wonMs: number): void {
    this.#wins.set(packetId, { packetId, user, amountFen, sponsor, wonMs, openedMs: 0, hasLapsed: false });
    const packets = this.#byUser.get(user) ?? new Set();
    this.#byUser.set(user, packets.add(packetId));
    this.wonFen += amountFen;
  }

  #change(packetId: number, change: Partial<Win>): void {
    const win = this.#wins.get(packetId);
    if (win !== undefined) this.#wins.set(packetId, { ...win, ...change });
  }
}
