import type { MoneyTally } from "../registry/money_tally.ts";
import { MONEY_COLUMNS, type MoneyColumn } from "../record/money_columns.ts";
import type { Balances } from "../record/ledger.ts";
import { type MoneyGroup, MoneyRows } from "../record/money_rows.ts";

/** A row of the table of money, as read: a sponsor, a wave's index or `NO_WAVE`, and the sums. */
export interface MoneyRow extends Readonly<Record<MoneyColumn, number>> {
  readonly sponsor: number;
  readonly wave: number;
}

/** Accounts in the order in which they lie in memory. */
const ACCOUNTS = [
  "sourceFen",
  "poolFen",
  "heldFen",
  "userFen",
  "returnedFen",
  "packetFen",
] as const satisfies readonly (keyof Balances)[];

/** What the ledger thread shows, all of one moment. */
export interface ShownMoney {
  readonly rows: MoneyRow[];
  readonly balances: Balances;
}

const COLUMNS = MONEY_COLUMNS.length;
const BALANCE_BYTES = ACCOUNTS.length * 8;
const VERSION = 0;
const SIZE = 1;
const HEAD_WORDS = 2;
/** A copy takes far less time than the pause between two, so a few tries always find a whole one. */
const MAX_TRIES = 1_000;

/**
 * The accounts and the table of money in shared memory. The ledger thread copies its own there now and then, after what it holds has
 * become durable; an odd version says that it is just being copied.
 */
export class MoneyBoard {
  readonly memory: SharedArrayBuffer;
  readonly #head: Int32Array;
  /** By row: sponsor and wave. */
  readonly #keys: Int32Array;
  readonly #values: Float64Array;
  readonly #balances: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    const rows = Math.floor((memory.byteLength - HEAD_WORDS * 4 - BALANCE_BYTES) / (COLUMNS * 8 + 8));
    this.memory = memory;
    this.#head = new Int32Array(memory, 0, HEAD_WORDS);
    this.#keys = new Int32Array(memory, HEAD_WORDS * 4, rows * 2);
    this.#values = new Float64Array(memory, HEAD_WORDS * 4 + rows * 8, rows * COLUMNS);
    this.#balances = new Float64Array(memory, memory.byteLength - BALANCE_BYTES);
  }

  /** A board with room for the rows of these groups. */
  static for(groups: readonly MoneyGroup[]): MoneyBoard {
    const rows = MoneyRows.capacity(groups);
    return new MoneyBoard(new SharedArrayBuffer(HEAD_WORDS * 4 + rows * (COLUMNS * 8 + 8) + BALANCE_BYTES));
  }

  /** Ledger thread: shows what is in the tally and in the accounts. */
  publish({ rows, values }: MoneyTally, balances: Balances): void {
    Atomics.add(this.#head, VERSION, 1);
    for (let row = 0; row < rows.size; row++) {
      this.#keys[row * 2] = rows.sponsor[row];
      this.#keys[row * 2 + 1] = rows.wave[row];
    }
    this.#values.set(values.subarray(0, rows.size * COLUMNS));
    ACCOUNTS.forEach((account, i) => this.#balances[i] = balances[account]);
    this.#head[SIZE] = rows.size;
    Atomics.add(this.#head, VERSION, 1);
  }

  /** What was shown last; undefined before anything was. */
  read(): ShownMoney | undefined {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const version = Atomics.load(this.#head, VERSION);
      if (version === 0) return undefined;
      if (version % 2 !== 0) continue;
      const size = this.#head[SIZE];
      const keys = this.#keys.slice(0, size * 2);
      const values = this.#values.slice(0, size * COLUMNS);
      const fen = this.#balances.slice();
      if (Atomics.load(this.#head, VERSION) !== version) continue;
      return {
        rows: Array.from({ length: size }, (_, row) => rowOf(keys, values, row)),
        balances: Object.fromEntries(ACCOUNTS.map((account, i) => [account, fen[i]])) as Record<
          typeof ACCOUNTS[number],
          number
        >,
      };
    }
    return undefined;
  }
}

function rowOf(keys: Int32Array, values: Float64Array, row: number): MoneyRow {
  const sums = Object.fromEntries(MONEY_COLUMNS.map((name, i) => [name, values[row * COLUMNS + i]]));
  return { sponsor: keys[row * 2], wave: keys[row * 2 + 1], ...sums as Record<MoneyColumn, number> };
}
