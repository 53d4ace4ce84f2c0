import { RowField } from "../record/entry_rows.ts";
import { kindOf, numbersOf } from "./entry_kinds.ts";
import { type AccountName, nameOf } from "./sides.ts";

/** Between which accounts the money of a row goes. */
export function accountsOf(
  values: ArrayLike<number>,
  at: number,
): readonly [from: AccountName, to: AccountName] {
  const [from, to] = kindOf(values[at + RowField.kind])!.legs!;
  return [from.of(values, at), to.of(values, at)];
}

/** The same by the names that postings have. */
export function legsOf(values: ArrayLike<number>, at: number): readonly [from: string, to: string] {
  const [from, to] = accountsOf(values, at);
  return [nameOf(from, values, at), nameOf(to, values, at)];
}

/** The same as two expressions over the columns of the table of entries: of postings, or of balances. */
export function legsSql(isBalance = false): readonly [from: string, to: string] {
  const rows = numbersOf(({ legs }) => legs !== undefined);
  const leg = (index: 0 | 1) =>
    `case kind ${
      rows.map((kind) => `when ${kind} then ${kindOf(kind)!.legs![index].sql(isBalance)}`).join(" ")
    } end`;
  return [leg(0), leg(1)];
}
