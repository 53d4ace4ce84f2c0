import { EntryKind } from "./entry.ts";

/** Names of accounts, as postings and reports show them. */
export const Account = {
  source: "source",
  /** A sponsor's packets that nobody has won. */
  pool: (sponsor: number) => `pool:${sponsor}`,
  user: (user: number) => `user:${user}`,
  /** All users together, in balances. */
  users: "user",
  /** Shares of a sent packet that nobody has claimed. */
  packet: (packetId: number) => `packet:${packetId}`,
  /** All sent packets together, in balances. */
  packets: "packet",
  returned: (sponsor: number) => `returned:${sponsor}`,
} as const;

/** From which account an entry's money goes to which. */
export function legsOf(
  kind: number,
  user: number,
  sponsor: number,
  packetId: number,
): readonly [from: string, to: string] {
  const sender = sponsor === 1 ? Account.source : Account.user(user);
  switch (kind) {
    case EntryKind.mint:
      return [Account.source, Account.pool(sponsor)];
    case EntryKind.award:
      return [Account.pool(sponsor), Account.user(user)];
    case EntryKind.fund:
      return [Account.source, Account.user(user)];
    case EntryKind.send:
      return [sender, Account.packet(packetId)];
    case EntryKind.claim:
      return [Account.packet(packetId), Account.user(user)];
    case EntryKind.takeBack:
      return [Account.packet(packetId), sender];
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
