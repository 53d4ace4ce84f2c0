import { EntryKind } from "./entry.ts";

/** Names of accounts, as postings and reports show them. */
export const Account = {
  source: "source",
  /** A sponsor's packets that nobody has won. */
  pool: (sponsor: number) => `pool:${sponsor}`,
  user: (user: number) => `user:${user}`,
  /** All users together, in balances. */
  users: "user",
  returned: (sponsor: number) => `returned:${sponsor}`,
} as const;

/** From which account an entry's money goes to which. */
export function legsOf(kind: number, user: number, sponsor: number): readonly [from: string, to: string] {
  switch (kind) {
    case EntryKind.mint:
      return [Account.source, Account.pool(sponsor)];
    case EntryKind.award:
      return [Account.pool(sponsor), Account.user(user)];
    default:
      return [Account.pool(sponsor), Account.returned(sponsor)];
  }
}
