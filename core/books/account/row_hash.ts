import { ROW_FIELDS, RowField } from "../../ledger/record/entry_rows.ts";

/** Rows that are compared as one: the rows 1 to 65,536 of a host are its block 0. */
export const ROWS_PER_BLOCK = 65_536;

/** What a block of a host's rows comes to. Two hashes, so that what is not the same can hardly look so. */
export interface BlockSums {
  readonly block: number;
  readonly rows: number;
  readonly fen: number;
  readonly hashes: readonly [number, number];
}

/**
 * Two hashes of a row, in arithmetic that a database does as exactly as we do: no number passes 2^53. Each field is mixed
 * in by a multiplication, and the result is cubed, so that errors of several rows don't cancel out in the sum of a block.
 */
const HASHES = [{ modulus: 67_108_859, factor: 40_503_391 }, {
  modulus: 67_108_763,
  factor: 25_214_903,
}] as const;

/** Adds up rows of one host as they come. */
export class BlockHasher {
  readonly #blocks = new Map<number, { rows: number; fen: number; hashes: [number, number] }>();

  /** @param values numbers of rows, as in `EntryRows.values` */
  add(values: ArrayLike<number>, at: number): void {
    const block = Math.floor((values[at + RowField.seq] - 1) / ROWS_PER_BLOCK);
    let sums = this.#blocks.get(block);
    if (sums === undefined) this.#blocks.set(block, sums = { rows: 0, fen: 0, hashes: [0, 0] });
    sums.rows++;
    sums.fen += values[at + RowField.amount];
    for (let i = 0; i < HASHES.length; i++) {
      const { modulus, factor } = HASHES[i];
      let hash = 0;
      for (let field = 0; field < ROW_FIELDS; field++) {
        hash = (hash * factor + values[at + field] % modulus) % modulus;
      }
      sums.hashes[i] += (hash * hash % modulus) * hash % modulus;
    }
  }

  /** All blocks, in their order. */
  blocks(): BlockSums[] {
    return [...this.#blocks].map(([block, sums]) => ({ block, ...sums })).sort((a, b) => a.block - b.block);
  }
}

/**
 * The same in SQL, for SQLite and PostgreSQL.
 *
 * @param columns of the table in the order of `RowField`
 * @param where which rows
 */
export function blocksSql(table: string, columns: readonly string[], where: string): string {
  const mixed = HASHES.map(({ modulus, factor }) =>
    columns.reduce((hash, column) => `((${hash}) * ${factor} + ${column} % ${modulus}) % ${modulus}`, "0")
  );
  const cubed = HASHES.map(({ modulus }, i) => `sum((h${i} * h${i} % ${modulus}) * h${i} % ${modulus})`);
  // The limit keeps the mixing below from being done three times.
  return `select block, count(*) as row_count, sum(fen) as fen, ${cubed[0]} as hash0, ${cubed[1]} as hash1
    from (select (${columns[RowField.seq]} - 1) / ${ROWS_PER_BLOCK} as block, ${
    columns[RowField.amount]
  } as fen,
        ${mixed[0]} as h0, ${mixed[1]} as h1
      from ${table} where ${where} limit 1000000000000000) as mixed
    group by block order by block`;
}
