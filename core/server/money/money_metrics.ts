import { missingFen, moneyOfAccounts } from "../../charts/money_line.ts";
import type { MetricDefinition } from "../../counters/counters.ts";
import type { Balances } from "../../ledger/record/ledger.ts";
import type { HostMoney, MoneyPlace } from "./host_money.ts";

const gauge = (help: string): MetricDefinition => ({ kind: "gauge", help });

/** Where all money of the host's ledger is: what was put in is in one of the others, to the fen. */
export const MONEY_GAUGES = {
  moneyPutInFen: gauge("Money that was ever put in, in fen"),
  moneyPoolFen: gauge("Money of packets that nobody has won yet, in fen"),
  moneyHeldFen: gauge("Money that users have won and not opened, in fen"),
  moneySentFen: gauge("Money in packets that users sent and nobody has claimed yet, in fen"),
  moneyUsersFen: gauge("Money that users have, in fen"),
  moneyReturnedFen: gauge("Money that went back to its sponsors, in fen"),
  moneyOffFen: gauge("Money that was put in and is nowhere, in fen; anything but 0 must never be"),
} as const satisfies Record<string, MetricDefinition>;

/** The gauges' values by what is in each account. */
export function moneyGauges(balances: Balances): Record<keyof typeof MONEY_GAUGES, number> {
  const sums = moneyOfAccounts({ ...balances });
  return {
    moneyPutInFen: sums.putInFen,
    moneyPoolFen: balances.poolFen,
    moneyHeldFen: balances.heldFen,
    moneySentFen: balances.packetFen,
    moneyUsersFen: balances.userFen,
    moneyReturnedFen: balances.returnedFen,
    moneyOffFen: missingFen(sums),
  };
}

/** Sponsors that metric systems are told of by number; what the others have is one sum. */
const MOST_SPONSORS = 500;

const STATES: readonly (readonly [state: string, fen: (place: MoneyPlace) => number])[] = [
  ["pool", ({ poolFen }) => poolFen],
  ["due", ({ dueFen }) => dueFen],
  ["awarded", ({ awardedFen }) => awardedFen],
  ["opened", ({ openedFen }) => openedFen],
  ["pending", ({ awardedFen, deliveredFen }) => awardedFen - deliveredFen],
  ["returned", ({ returnedFen }) => returnedFen],
];
const LIMITS: readonly (readonly [limit: string, refused: (place: MoneyPlace) => number])[] = [
  ["user", ({ refusedByUserLimit }) => refusedByUserLimit],
  ["sponsor", ({ refusedBySponsorLimit }) => refusedBySponsorLimit],
];

/** Each sponsor's money in the Prometheus text format, over all waves. */
export function moneyMetrics(money: Pick<HostMoney, "read">): string {
  const bySponsor = [...Map.groupBy(money.read() ?? [], ({ sponsor }) => sponsor)];
  if (bySponsor.length === 0) return "";
  const sponsors = bySponsor.slice(0, MOST_SPONSORS).map(([sponsor, places]) =>
    [sponsor === 0 ? "others" : String(sponsor), places] as const
  );
  const rest = bySponsor.slice(MOST_SPONSORS).flatMap(([, places]) => places);
  if (rest.length > 0) {
    const others = sponsors.find(([name]) => name === "others")?.[1];
    if (others === undefined) sponsors.push(["others", rest]);
    else others.push(...rest);
  }
  return [
    "# HELP redpkt_sponsor_fen Money of a sponsor's packets in fen, by where it is",
    "# TYPE redpkt_sponsor_fen gauge",
    ...lines("redpkt_sponsor_fen", "state", STATES, sponsors),
    "# HELP redpkt_sponsor_refused_total Awards of a sponsor's packets that were refused, by the limit",
    "# TYPE redpkt_sponsor_refused_total counter",
    ...lines("redpkt_sponsor_refused_total", "limit", LIMITS, sponsors),
    "",
  ].join("\n");
}

function lines(
  name: string,
  label: string,
  values: readonly (readonly [string, (place: MoneyPlace) => number])[],
  sponsors: readonly (readonly [string, readonly MoneyPlace[]])[],
): string[] {
  return sponsors.flatMap(([sponsor, places]) =>
    values.map(([value, of]) =>
      `${name}{sponsor="${sponsor}",${label}="${value}"} ${places.reduce((sum, place) => sum + of(place), 0)}`
    )
  );
}
