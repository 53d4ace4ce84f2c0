import { AwardState } from "./award_state.ts";
import type { BooksSums } from "./statements.ts";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";

/** What became of a sponsor's packets and money: columns of a statement, in order. */
export const STATEMENT_COLUMNS = [
  "sponsor",
  "putInPackets",
  "putInFen",
  "wonPackets",
  "wonFen",
  "openedPackets",
  "openedFen",
  "paidPackets",
  "paidFen",
  "refusedPackets",
  "refusedFen",
  "overUserPackets",
  "overUserFen",
  "overSponsorPackets",
  "overSponsorFen",
  "revokedPackets",
  "revokedFen",
  "twicePackets",
  "twiceFen",
  "notWonFen",
  "notOpenedPackets",
  "notOpenedFen",
  "notSettledPackets",
  "notSettledFen",
  "heldPackets",
  "heldFen",
  "toPayPackets",
  "toPayFen",
  "inDoubtPackets",
  "inDoubtFen",
  "givenBackFen",
  "lapsedPackets",
  "lapsedFen",
  "returnedFen",
  "differenceFen",
] as const;

/**
 * One sponsor's line. Everything put in is paid, returned, or somewhere on the way between: not won, not opened, not
 * settled, held, to pay or in doubt. `returned` is what was given back and lapsed at the end of the event, what the gateway
 * refused, what was over a limit, revoked, or the same packet twice. `difference` is what is missing, in fen: it must be 0.
 */
export type StatementLine = Readonly<Record<typeof STATEMENT_COLUMNS[number], number>>;

/** What became of the money, by sponsor; and of all together, with the sponsor 0. */
export interface Statement {
  readonly sponsors: readonly StatementLine[];
  readonly total: StatementLine;
}

/** Packets and their fen. */
interface Sum {
  readonly packets: number;
  readonly fen: number;
}

/** Computes a statement; the same sums make the same statement, byte for byte. */
export function statementOf(sums: BooksSums): Statement {
  const all = [...sums.entries, ...sums.awards, ...sums.waiting, ...sums.again].map(({ sponsor }) => sponsor);
  const sponsors = [...new Set(all)].sort((a, b) => a - b).map((sponsor) => lineOf(sums, sponsor));
  const total = Object.fromEntries(STATEMENT_COLUMNS.map((column) => [
    column,
    column === "sponsor" ? 0 : sponsors.reduce((sum, line) => sum + line[column], 0),
  ])) as StatementLine;
  return { sponsors, total };
}

function lineOf(sums: BooksSums, sponsor: number): StatementLine {
  const entries = sums.entries.filter((each) => each.sponsor === sponsor);
  const awards = sums.awards.filter((each) => each.sponsor === sponsor);
  const rows = (kind: number) =>
    sumOf(entries.filter((each) => each.kind === kind), ({ packets }) => packets);
  const state = (...states: AwardState[]) =>
    sumOf(awards.filter((each) => states.includes(each.state)), (each) => each.awards);
  const openings = (of: BooksSums["waiting"]) =>
    sumOf(of.filter((each) => each.sponsor === sponsor), (each) => each.openings);
  const reissued = sums.reissued.filter((each) => each.sponsor === sponsor);
  const anew = sumOf(reissued, ({ packets }) => packets);
  const putIn = minus(rows(EntryKind.mint), anew);
  const won = rows(EntryKind.award);
  const twiceGivenFen = reissued.reduce((sum, { givenBackFen }) => sum + givenBackFen, 0);
  const givenBack = minus(rows(EntryKind.giveBack), { packets: 0, fen: twiceGivenFen });
  const lapsed = rows(EntryKind.lapse);
  const openedAtOnce = sumOf(entries.filter(({ isOpen }) => isOpen), ({ packets }) => packets);
  const opened = plus(rows(EntryKind.open), openedAtOnce);
  const paid = state(AwardState.paid);
  const refused = state(AwardState.refused);
  const overUser = state(AwardState.overUser);
  const overSponsor = state(AwardState.overSponsor);
  const revoked = state(AwardState.revoked);
  const twice = openings(sums.again);
  const notSettled = openings(sums.waiting);
  const held = state(AwardState.held);
  const toPay = state(AwardState.queued);
  const inDoubt = state(AwardState.sending, AwardState.unknown);
  const notOpened = minus(minus(won, opened), lapsed);
  const notWonFen = putIn.fen - won.fen - givenBack.fen;
  const returnedByUs = [refused, overUser, overSponsor, revoked, twice].reduce(plus);
  const settled = [paid, returnedByUs, notSettled, held, toPay, inDoubt].reduce(plus);
  return {
    sponsor,
    ...columns("putIn", putIn),
    ...columns("won", won),
    ...columns("opened", opened),
    ...columns("paid", paid),
    ...columns("refused", refused),
    ...columns("overUser", overUser),
    ...columns("overSponsor", overSponsor),
    ...columns("revoked", revoked),
    ...columns("twice", twice),
    notWonFen,
    ...columns("notOpened", notOpened),
    ...columns("notSettled", notSettled),
    ...columns("held", held),
    ...columns("toPay", toPay),
    ...columns("inDoubt", inDoubt),
    givenBackFen: givenBack.fen,
    ...columns("lapsed", lapsed),
    returnedFen: givenBack.fen + lapsed.fen + returnedByUs.fen,
    // What was opened must be somewhere in the books, and nothing can be won or opened that wasn't there before.
    differenceFen: opened.fen - settled.fen + Math.min(0, notWonFen) + Math.min(0, notOpened.fen),
  } as StatementLine;
}

function columns(name: string, { packets, fen }: Sum): Record<string, number> {
  return { [`${name}Packets`]: packets, [`${name}Fen`]: fen };
}

function sumOf<T extends { readonly fen: number }>(
  sums: readonly T[],
  packetsOf: (sums: T) => number,
): Sum {
  return {
    packets: sums.reduce((sum, each) => sum + packetsOf(each), 0),
    fen: sums.reduce((sum, each) => sum + each.fen, 0),
  };
}

function plus(a: Sum, b: Sum): Sum {
  return { packets: a.packets + b.packets, fen: a.fen + b.fen };
}

function minus(a: Sum, b: Sum): Sum {
  return { packets: a.packets - b.packets, fen: a.fen - b.fen };
}
