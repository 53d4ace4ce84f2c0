import { UserError } from "../../base/user_error.ts";

/** A ledger can't have two numbers: its packets' ids are those of one. */
export function otherNumber(ledger: string, isNumber: number, wanted: number): UserError {
  return new UserError(
    `ledger ${ledger} is host number ${isNumber} in these books, and not ${wanted}. Give --host-number ${isNumber}`,
  );
}
