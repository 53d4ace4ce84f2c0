import { formatYuan } from "../../base/units.ts";
import type { Money } from "./summary_schema.ts";

/** Where all the money is, in one line: what was put in is somewhere, to the fen, or it says what is missing. */
export function moneyLine({ putInFen, poolFen, heldFen, usersFen, returnedFen }: Money): string {
  const missingFen = putInFen - poolFen - heldFen - usersFen - returnedFen;
  const places =
    `${formatYuan(poolFen)} pool + ${formatYuan(heldFen)} held + ${formatYuan(usersFen)} users + ` +
    `${formatYuan(returnedFen)} returned`;
  return missingFen === 0
    ? `money: ${formatYuan(putInFen)} put in = ${places}`
    : `MONEY DOESN'T ADD UP: ${formatYuan(putInFen)} put in, and ${places}: ${
      formatYuan(Math.abs(missingFen))
    } ${missingFen > 0 ? "missing" : "too much"}`;
}
