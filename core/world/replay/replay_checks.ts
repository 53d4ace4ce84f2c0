import { formatCount, formatYuan } from "../../base/units.ts";
import type { ReplaySums } from "./replay_sums.ts";

/** Something that must be exactly so. */
export interface ReplayCheck {
  readonly what: string;
  readonly seen: number;
  readonly wanted: number;
  readonly unit: "count" | "fen";
}

/** What must hold of every replay: all that was asked was answered, and both sides of the money are the same. */
export function replayChecks(
  sums: ReplaySums,
  { shakes, budgetFen, tickets }: {
    readonly shakes: number;
    readonly budgetFen: number;
    readonly tickets: number;
  },
): ReplayCheck[] {
  const answered = sums.total("won") + sums.total("nothing") + sums.total("allGone") +
    sums.total("overloaded");
  const checkIn =
    (unit: ReplayCheck["unit"]) => (what: string, seen: number, wanted: number): ReplayCheck => ({
      what,
      seen,
      wanted,
      unit,
    });
  const [count, money] = [checkIn("count"), checkIn("fen")];
  let [awards, awardedFen, groupTickets, madeFen, offGroups] = [0, 0, 0, 0, 0];
  for (let group = 0; group < sums.groupCount; group++) {
    awards += sums.ofGroup(group, "awards");
    awardedFen += sums.ofGroup(group, "awardedFen");
    groupTickets += sums.ofGroup(group, "tickets");
    madeFen += sums.ofGroup(group, "madeFen");
    const isSame = sums.ofGroup(group, "told") === sums.ofGroup(group, "awards") &&
      sums.ofGroup(group, "toldFen") === sums.ofGroup(group, "awardedFen");
    if (!isSame) offGroups++;
  }
  return [
    count("shakes sent, of those due", sums.total("shakes"), shakes),
    count("answers to them", answered, shakes),
    count("shakes without an answer", sums.ofHosts("unanswered"), 0),
    count("tickets in the ledgers", groupTickets, tickets),
    money("money in the ledgers, against the plan's budgets", madeFen, budgetFen),
    money(
      "pools, users and what went back, against what was put in",
      sums.ofHosts("poolFen") + sums.ofHosts("userFen") + sums.ofHosts("returnedFen"),
      -sums.ofHosts("sourceFen"),
    ),
    count("awards that users were told, against the ledgers", sums.total("won"), awards),
    money("what users were told, against the ledgers", sums.total("wonFen"), awardedFen),
    money("what users have, against what they were told", sums.ofHosts("userFen"), sums.total("wonFen")),
    count("awards by the hosts' counters, against the ledgers", sums.ofHosts("wonByHosts"), awards),
    money("the same in money", sums.ofHosts("wonFenByHosts"), awardedFen),
    count("sponsors and waves whose two sides differ", offGroups, 0),
    count("wins that the ledger has otherwise", sums.ofHosts("wrongWins"), 0),
    count("plugins that failed", sums.ofHosts("pluginFailures"), 0),
  ];
}

export function isMet({ seen, wanted }: ReplayCheck): boolean {
  return seen === wanted;
}

/** A check in words. */
export function checkLine(check: ReplayCheck): string[] {
  const write = (value: number) => check.unit === "fen" ? formatYuan(value) : formatCount(value);
  return [isMet(check) ? "ok" : "FAIL", check.what, write(check.seen), write(check.wanted)];
}
