import { formatCount, formatYuan } from "../base/units.ts";
import type { ReconcileResult } from "../reconcile/reconcile.ts";
import type { SponsorSums } from "../reconcile/seed_match.ts";
import { type Check, check, WHOLE_RUN } from "../report/data/check.ts";
import type { Money } from "../report/data/summary_schema.ts";
import type { Reading } from "./measure/measures.ts";

/** Awards that are durable, and whose users haven't heard of them: each is told again at the next login. */
type Pending = Pick<ReconcileResult, "pending" | "pendingFen">;

/**
 * What every rehearsal must end with: both sides agree on the money, to the fen.
 *
 * @param won the server's counters of what users were given for shakes, in packets and fen
 * @param pending as the ledger has them, if it was reconciled
 */
export function checkMoney(
  { server, client }: Reading,
  won: readonly { readonly packets: string; readonly fen: string }[],
  { pending, pendingFen }: Pending = { pending: 0, pendingFen: 0 },
): Check[] {
  // A user may hear of a packet only after another login.
  const heard = client.counters.shakesWon + client.counters.awardsLate;
  const heardFen = client.counters.amountWonFen;
  const note = (told: string, untold: string) =>
    `by the server; the fleet heard of ${told}` + (pending === 0 ? "" : `, and not yet of ${untold}`);
  return [
    wholly(
      "packetsWon",
      "count",
      heard + pending,
      sum(won, ({ packets }) => server.counters[packets]),
      note(formatCount(heard), formatCount(pending)),
    ),
    wholly(
      "moneyWon",
      "fen",
      heardFen + pendingFen,
      sum(won, ({ fen }) => server.counters[fen]),
      note(formatYuan(heardFen), formatYuan(pendingFen)),
    ),
    wholly("packetsGivenTwice", "count", client.counters.awardsDouble, 0),
  ];
}

/** Whether the ledger and what the users saw agree, packet by packet, and every fen that was put in is somewhere. */
export function checkReconciled(result: ReconcileResult): Check[] {
  const { seen, pending, awards, differenceCount, differences, sponsors } = result;
  const { putInFen, poolFen, heldFen, usersFen, returnedFen } = moneyOf(result);
  return [
    wholly("moneyPlaced", "fen", poolFen + heldFen + usersFen + returnedFen, putInFen, "what was put in"),
    ...sponsors.map(checkSponsor),
    wholly(
      "differences",
      "count",
      // A result that isn't clean has one.
      result.isClean ? 0 : Math.max(1, differenceCount),
      0,
      differenceCount === 0
        ? `ledger and fleet over ${formatCount(awards)} awards: ${formatCount(seen)} seen, ${
          formatCount(pending)
        } pending`
        : `between ledger and fleet, such as ${differences[0]}`,
    ),
  ];
}

/** Where the money of all ledgers is. */
export function moneyOf({ accounts }: ReconcileResult): Money {
  return {
    putInFen: -sum(accounts, ({ sourceFen }) => sourceFen) || 0,
    poolFen: sum(accounts, ({ poolFen }) => poolFen),
    heldFen: sum(accounts, ({ heldFen, packetFen }) => heldFen + packetFen),
    usersFen: sum(accounts, ({ userFen }) => userFen),
    returnedFen: sum(accounts, ({ returnedFen }) => returnedFen),
  };
}

function sum<T>(list: readonly T[], of: (item: T) => number): number {
  return list.reduce((sum, item) => sum + of(item), 0);
}

/** A sponsor's whole budget is somewhere. */
function checkSponsor(
  { number, name, budgetFen, wonFen, poolFen, returnedFen, unusedFen }: SponsorSums,
): Check {
  const leftFen = poolFen + returnedFen + unusedFen;
  return {
    ...wholly(
      "budgetPlaced",
      "fen",
      wonFen + leftFen,
      budgetFen,
      `${formatYuan(wonFen)} won, ${formatYuan(leftFen)} left`,
    ),
    of: `sponsor ${number} ${name}`,
  };
}

/** Something of the whole rehearsal that must be exactly so. */
function wholly(measure: string, unit: Check["unit"], seen: number, exactly: number, note?: string): Check {
  return check(
    { measure, phase: WHOLE_RUN, unit, ...(note === undefined ? {} : { note }) },
    seen,
    { atLeast: exactly, atMost: exactly },
  );
}
