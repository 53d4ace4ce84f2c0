import { formatYuan } from "../base/units.ts";

/** Where all money is that was put in, in fen. */
export interface MoneySums {
  readonly putInFen: number;
  /** Won by nobody yet. */
  readonly poolFen: number;
  /** Won and not opened, or on its way from user to user. */
  readonly heldFen: number;
  readonly usersFen: number;
  /** Back at the sponsors. */
  readonly returnedFen: number;
}

/**
 * The same by accounts as a ledger keeps them: `sourceFen` is what was put in, below 0, and whatever is in none of the
 * others named here is on its way, so it is held.
 */
export function moneyOfAccounts(accounts: Readonly<Record<string, number>>): MoneySums {
  const { sourceFen = 0, poolFen = 0, userFen = 0, returnedFen = 0, ...onTheWay } = accounts;
  const heldFen = Object.values(onTheWay).reduce((sum, fen) => sum + fen, 0);
  // From 0, since nothing is 0 and not -0.
  return { putInFen: 0 - sourceFen, poolFen, heldFen, usersFen: userFen, returnedFen };
}

/** What was put in and is nowhere, in fen: 0, or something that must never be. Negative if there is too much. */
export function missingFen({ putInFen, poolFen, heldFen, usersFen, returnedFen }: MoneySums): number {
  return putInFen - poolFen - heldFen - usersFen - returnedFen;
}

/** `OK`, or by how much the money is off. */
export function moneyVerdict(sums: MoneySums): string {
  const missing = missingFen(sums);
  if (missing === 0) return "OK";
  return `OFF BY ${formatYuan(Math.abs(missing))}, ${missing > 0 ? "missing" : "too much"}`;
}

/** Where all the money is, in one line, to the fen. */
export function moneyLine(sums: MoneySums): string {
  const { putInFen, poolFen, heldFen, usersFen, returnedFen } = sums;
  const equals = missingFen(sums) === 0 ? "=" : "is not";
  return `money ${moneyVerdict(sums)}: ${formatYuan(putInFen)} put in ${equals} ` +
    `${formatYuan(poolFen)} pool + ${formatYuan(heldFen)} held + ${formatYuan(usersFen)} users + ` +
    `${formatYuan(returnedFen)} returned`;
}
