import type { MoneySums } from "../../charts/money_line.ts";
import type { MergedSecond } from "./merge.ts";

/** Where all money of all servers is in a second; undefined if none of them told. */
export function moneyOf({ roles }: MergedSecond): MoneySums | undefined {
  const { moneyPutInFen, moneyPoolFen = 0, moneyHeldFen = 0, moneySentFen = 0, moneyUsersFen = 0, ...more } =
    roles.server?.gauges ?? {};
  if (moneyPutInFen === undefined) return undefined;
  return {
    putInFen: moneyPutInFen,
    poolFen: moneyPoolFen,
    heldFen: moneyHeldFen + moneySentFen,
    usersFen: moneyUsersFen,
    returnedFen: more.moneyReturnedFen ?? 0,
  };
}
