import { formatCount, formatYuan } from "../base/units.ts";
import { alignColumns } from "../cli/columns.ts";
import type { Statement, StatementLine } from "../books/account/statement.ts";

/** What people read of a line: where the money is, and how many packets that are. */
const ROWS:
  readonly (readonly [what: string, packets: keyof StatementLine | undefined, fen: keyof StatementLine])[] = [
    ["put in", "putInPackets", "putInFen"],
    ["paid", "paidPackets", "paidFen"],
    ["not won", undefined, "notWonFen"],
    ["won, and not opened", "notOpenedPackets", "notOpenedFen"],
    ["opened, and not settled", "notSettledPackets", "notSettledFen"],
    ["held by an operator", "heldPackets", "heldFen"],
    ["to pay", "toPayPackets", "toPayFen"],
    ["in doubt: the gateway was asked", "inDoubtPackets", "inDoubtFen"],
    ["returned", undefined, "returnedFen"],
    ["  never won", undefined, "givenBackFen"],
    ["  never opened", "lapsedPackets", "lapsedFen"],
    ["  refused by the gateway", "refusedPackets", "refusedFen"],
    ["  over the limit of a user", "overUserPackets", "overUserFen"],
    ["  over the limit of a sponsor", "overSponsorPackets", "overSponsorFen"],
    ["  revoked", "revokedPackets", "revokedFen"],
    ["  of packets that two ledgers have", "twicePackets", "twiceFen"],
  ];

/** A statement for people: one block a sponsor, and one of all if there are several. Rows of nothing are left out. */
export function statementText({ sponsors, total }: Statement): string {
  if (sponsors.length === 0) return "nothing was put in\n";
  const blocks = sponsors.map((line) => block(`sponsor ${line.sponsor}`, line));
  if (sponsors.length > 1) blocks.push(block(`all ${formatCount(sponsors.length)} sponsors`, total));
  return blocks.join("\n");
}

function block(title: string, line: StatementLine): string {
  const shown = ROWS.filter(([what, , fen]) => line[fen] !== 0 || what === "put in" || what === "paid");
  const rows = shown.map(([what, packets, fen]) => [
    what,
    packets === undefined ? "" : `${formatCount(line[packets])} packets`,
    formatYuan(line[fen]),
  ]);
  return `${title}: ${verdict(line)}\n${alignColumns(rows)}`;
}

function verdict({ differenceFen }: StatementLine): string {
  if (differenceFen === 0) return "every fen is somewhere";
  const size = formatYuan(Math.abs(differenceFen));
  return `OFF BY ${size}, ${differenceFen > 0 ? "missing" : "too much"}: see redpkt reconcile`;
}
