import { EntryKind, HELD } from "./entry.ts";
import { RowField } from "./entry_rows.ts";

/** Names of accounts, as postings and reports show them. */
export const Account = {
  source: "source",
  /** A sponsor's packets that nobody has won. */
  pool: (sponsor: number) => `pool:${sponsor}`,
  /** A sponsor's packets that were awarded, and that nobody has opened. */
  held: (sponsor: number) => `held:${sponsor}`,
  user: (user: number) => `user:${user}`,
  /** All users together, in balances. */
  users: "user",
  /** Shares of a sent packet that nobody has claimed. */
  packet: (packetId: number) => `packet:${packetId}`,
  /** All sent packets together, in balances. */
  packets: "packet",
  returned: (sponsor: number) => `returned:${sponsor}`,
} as const;

/** From which account the money of a row goes to which. */
export function legsOf(values: ArrayLike<number>, at: number): readonly [from: string, to: string] {
  const user = Account.user(values[at + RowField.user]);
  const sponsor = values[at + RowField.sponsor];
  const packet = Account.packet(values[at + RowField.packetId]);
  const sender = sponsor === 1 ? Account.source : user;
  switch (values[at + RowField.kind]) {
    case EntryKind.mint:
      return [Account.source, Account.pool(sponsor)];
    case EntryKind.award:
      return [Account.pool(sponsor), values[at + RowField.count] === HELD ? Account.held(sponsor) : user];
    case EntryKind.open:
      return [Account.held(sponsor), user];
    case EntryKind.lapse:
      return [Account.held(sponsor), Account.returned(sponsor)];
    case EntryKind.fund:
      return [Account.source, user];
    case EntryKind.send:
      return [sender, packet];
    case EntryKind.claim:
      return [packet, user];
    case EntryKind.takeBack:
      return [packet, sender];
    case EntryKind.group:
      return [Account.source, Account.source]; // of 0 fen
    default:
      return [Account.pool(sponsor), Account.returned(sponsor)];
  }
}

/** The account of balances that a posting's account is part of: users and sent packets are too many to tell apart. */
export function balanceAccount(account: string): string {
  if (account.startsWith("user:")) return Account.users;
  return account.startsWith("packet:") ? Account.packets : account;
}
