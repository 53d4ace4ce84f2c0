import type { Route } from "../../admin/api.ts";
import { projectedBalances } from "../../ledger/projection/projected_balances.ts";
import { RouteError } from "../../plugin/plugin.ts";
import { PLACE_COLUMNS } from "../../ledger/record/money_columns.ts";
import type { HostMoney } from "./host_money.ts";

/** Rows of sponsor and wave that are told: a monitor asks hundreds of hosts every few seconds. */
const MAX_PLACES = 1_000;

/** What a row of `places` holds, in this order: rows of names would be several times as long. */
export const PLACE_FIELDS = ["sponsor", "wave", ...PLACE_COLUMNS] as const;

/**
 * The route that tells where every fen is.
 *
 * @param directory of the ledger; undefined if it doesn't last
 */
export function moneyRoute(directory: string | undefined, money: Pick<HostMoney, "read">): Route {
  return {
    method: "get",
    path: "/money",
    summary: "Where every fen is: sums of all accounts, which add up to 0, and of each sponsor and wave",
    handle() {
      if (directory === undefined) throw new RouteError(409, "accounts are kept only with --ledger");
      const projected = projectedBalances(directory);
      if (projected === undefined) throw new RouteError(503, "the accounts are not there yet");
      const sumFen = Object.values(projected.balances).reduce((sum, fen) => sum + fen, 0);
      const places = money.read() ?? [];
      return {
        ...projected,
        sumFen,
        placeFields: PLACE_FIELDS,
        places: places.slice(0, MAX_PLACES).map((place) => PLACE_FIELDS.map((field) => place[field])),
        placesLeftOut: Math.max(0, places.length - MAX_PLACES),
      };
    },
  };
}
