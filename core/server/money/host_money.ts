import { MoneyBoard, type MoneyRow } from "../../ledger/ring/money_board.ts";
import type { Balances } from "../../ledger/record/ledger.ts";
import type { PlaceColumn } from "../../ledger/record/money_columns.ts";
import { type MoneyGroup, MoneyRows } from "../../ledger/record/money_rows.ts";
import type { Tickets } from "../../seed/file/tickets.ts";

/** Where the money of one sponsor in one wave is. */
export interface MoneyPlace extends Readonly<Record<PlaceColumn, number>> {
  readonly sponsor: number;
  /** The wave's name; empty for packets that belong to none. */
  readonly wave: string;
}

/**
 * Where the money of each sponsor and wave is: what the ledger thread shows, and what was released here. Both count
 * for themselves, so for a moment an award may be missing in what was released, never for longer.
 */
export class HostMoney {
  /** What the ledger thread needs. */
  readonly place: { readonly board: SharedArrayBuffer; readonly groups: readonly MoneyGroup[] };
  readonly #board: MoneyBoard;
  readonly #waves: readonly string[];
  readonly #rows: MoneyRows;
  /** By row: packets that were released since the start, and their money. */
  readonly #released: Float64Array;
  readonly #releasedFen: Float64Array;

  /** @param tickets made in advance, if there are any */
  constructor(tickets: Pick<Tickets, "groups" | "waves"> | undefined) {
    const groups = tickets?.groups ?? [];
    this.#board = MoneyBoard.for(groups);
    this.#waves = tickets?.waves.map(({ name }) => name) ?? [];
    this.place = { board: this.#board.memory, groups };
    this.#rows = new MoneyRows(groups);
    this.#released = new Float64Array(MoneyRows.capacity(groups));
    this.#releasedFen = new Float64Array(MoneyRows.capacity(groups));
  }

  /** A packet can be won from now on. */
  due(packetId: number, amountFen: number, sponsor: number): void {
    const row = this.#rows.of(packetId, sponsor);
    this.#released[row]++;
    this.#releasedFen[row] += amountFen;
  }

  /** Every row that has money, those with most in the pool first; undefined while the ledger is being read. */
  read(): MoneyPlace[] | undefined {
    const released = new Map<string, number>();
    for (let row = 0; row < this.#rows.size; row++) {
      released.set(`${this.#rows.sponsor[row]} ${this.#rows.wave[row]}`, row);
    }
    return this.#board.read()?.rows
      .filter(({ madeFen }) => madeFen > 0)
      .map((row) => this.#placeOf(row, released.get(`${row.sponsor} ${row.wave}`)))
      .sort((a, b) => b.poolFen - a.poolFen || a.sponsor - b.sponsor);
  }

  /** What is in each account; undefined while the ledger is being read. */
  balances(): Balances | undefined {
    return this.#board.read()?.balances;
  }

  #placeOf({ wave, awardsBefore, awardedFenBefore, ...sums }: MoneyRow, released = -1): MoneyPlace {
    return {
      ...sums,
      wave: this.#waves[wave] ?? "",
      due: Math.max(0, (this.#released[released] ?? 0) - sums.awards + awardsBefore),
      dueFen: Math.max(0, (this.#releasedFen[released] ?? 0) - sums.awardedFen + awardedFenBefore),
    };
  }
}
