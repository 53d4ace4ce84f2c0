import { RowField } from "../record/entry_rows.ts";

/** Where money can be. Each account of users and sent packets is one; balances have all of them together. */
export type AccountName = "source" | "pool" | "held" | "user" | "packet" | "returned";

/** By account: which number of a row says whose it is, and whether balances tell each apart. */
const NUMBERED_BY: Readonly<
  Record<
    AccountName,
    { readonly field: number; readonly column: string; readonly isSummed: boolean } | undefined
  >
> = {
  source: undefined,
  pool: { field: RowField.sponsor, column: "sponsor", isSummed: false },
  held: { field: RowField.sponsor, column: "sponsor", isSummed: false },
  user: { field: RowField.user, column: "user", isSummed: true },
  packet: { field: RowField.packetId, column: "packet", isSummed: true },
  returned: { field: RowField.sponsor, column: "sponsor", isSummed: false },
};

/** One side of a move of money: which account of a row, by its name here and in SQL. */
export interface Side {
  readonly of: (values: ArrayLike<number>, at: number) => AccountName;
  /** An expression over the columns of the table of entries: of postings, or of balances. */
  readonly sql: (isBalance: boolean) => string;
}

export type Legs = readonly [from: Side, to: Side];

function side(name: AccountName): Side {
  const by = NUMBERED_BY[name];
  return {
    of: () => name,
    sql: (isBalance) =>
      by === undefined || (isBalance && by.isSummed) ? `'${name}'` : `'${name}:' || ${by.column}`,
  };
}

/** The sides that are the same account for every row of a kind. */
export const ACCOUNT: Readonly<Record<AccountName, Side>> = {
  source: side("source"),
  pool: side("pool"),
  held: side("held"),
  user: side("user"),
  packet: side("packet"),
  returned: side("returned"),
};

/** One account if a number of the row has a value, and another otherwise. */
export function sideIf(field: "count" | "sponsor", is: number, first: Side, second: Side): Side {
  return {
    of: (values, at) => (values[at + RowField[field]] === is ? first : second).of(values, at),
    sql: (isBalance) => `iif(${field} = ${is}, ${first.sql(isBalance)}, ${second.sql(isBalance)})`,
  };
}

/** An account's name in postings: with the number of the sponsor, user or packet. */
export function nameOf(account: AccountName, values: ArrayLike<number>, at: number): string {
  const by = NUMBERED_BY[account];
  return by === undefined ? account : `${account}:${values[at + by.field]}`;
}

/** The account of balances that a posting's account is part of. */
export function balanceAccount(account: string): string {
  const [name] = account.split(":");
  return NUMBERED_BY[name as AccountName]?.isSummed ? name : account;
}
