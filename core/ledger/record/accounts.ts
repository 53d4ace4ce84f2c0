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

/** One side of a move of money: which account of a row, by its name here and in SQL, and in balances. */
interface Side {
  readonly of: (values: ArrayLike<number>, at: number) => string;
  /** An expression over the columns of the table of entries. */
  readonly sql: string;
  /** The same for balances, where users and sent packets are too many to tell apart. */
  readonly balanceSql: string;
}

function side(of: Side["of"], sql: string, balanceSql = sql): Side {
  return { of, sql, balanceSql };
}

const source = side(() => Account.source, `'${Account.source}'`);
const pool = side((values, at) => Account.pool(values[at + RowField.sponsor]), "'pool:' || sponsor");
const held = side((values, at) => Account.held(values[at + RowField.sponsor]), "'held:' || sponsor");
const returned = side(
  (values, at) => Account.returned(values[at + RowField.sponsor]),
  "'returned:' || sponsor",
);
const user = side(
  (values, at) => Account.user(values[at + RowField.user]),
  "'user:' || user",
  `'${Account.users}'`,
);
const packet = side(
  (values, at) => Account.packet(values[at + RowField.packetId]),
  "'packet:' || packet",
  `'${Account.packets}'`,
);
/** Whoever gets an award: its user, or nobody until they open it. */
const winner = eitherSide(
  (values, at) => values[at + RowField.count] === HELD,
  `count = ${HELD}`,
  held,
  user,
);
/** Whoever pays for a sent packet. */
const sender = eitherSide((values, at) => values[at + RowField.sponsor] === 1, "sponsor = 1", source, user);

function eitherSide(
  isFirst: (values: ArrayLike<number>, at: number) => boolean,
  sql: string,
  first: Side,
  second: Side,
): Side {
  return side(
    (values, at) => (isFirst(values, at) ? first : second).of(values, at),
    `iif(${sql}, ${first.sql}, ${second.sql})`,
    `iif(${sql}, ${first.balanceSql}, ${second.balanceSql})`,
  );
}

/** From where to where the money of a row goes, by its kind. */
const LEGS: ReadonlyMap<number, readonly [from: Side, to: Side]> = new Map([
  [EntryKind.mint, [source, pool]],
  [EntryKind.award, [pool, winner]],
  [EntryKind.open, [held, user]],
  [EntryKind.lapse, [held, returned]],
  [EntryKind.fund, [source, user]],
  [EntryKind.send, [sender, packet]],
  [EntryKind.claim, [packet, user]],
  [EntryKind.takeBack, [packet, sender]],
  // Of 0 fen:
  [EntryKind.group, [source, source]],
  [EntryKind.limits, [source, source]],
  [EntryKind.seed, [source, source]],
  [EntryKind.loss, [source, source]],
  [EntryKind.host, [source, source]],
  [EntryKind.time, [source, source]],
  [EntryKind.adoption, [source, source]],
  [EntryKind.order, [source, source]],
  [EntryKind.endOrder, [source, source]],
  [EntryKind.giveBack, [pool, returned]],
]);

/** Whether there are rows of a kind. */
export function isKindOfRow(kind: number): boolean {
  return LEGS.has(kind);
}

/** From which account the money of a row goes to which. */
export function legsOf(values: ArrayLike<number>, at: number): readonly [from: string, to: string] {
  const [from, to] = LEGS.get(values[at + RowField.kind])!;
  return [from.of(values, at), to.of(values, at)];
}

/** The same as two expressions over the columns of the table of entries: of postings, or of balances. */
export function legsSql(of: "sql" | "balanceSql"): readonly [from: string, to: string] {
  const leg = (index: 0 | 1) =>
    `case kind ${[...LEGS].map(([kind, legs]) => `when ${kind} then ${legs[index][of]}`).join(" ")} end`;
  return [leg(0), leg(1)];
}

/** The account of balances that a posting's account is part of. */
export function balanceAccount(account: string): string {
  if (account.startsWith("user:")) return Account.users;
  return account.startsWith("packet:") ? Account.packets : account;
}
