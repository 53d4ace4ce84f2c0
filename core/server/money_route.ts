import type { Route } from "../admin/api.ts";
import { projectedBalances } from "../ledger/projected_balances.ts";
import { RouteError } from "../plugin/plugin.ts";

/**
 * The route that tells where every fen is.
 *
 * @param directory of the ledger; undefined if it doesn't last
 */
export function moneyRoute(directory: string | undefined): Route {
  return {
    method: "get",
    path: "/money",
    summary: "Where every fen is: sums of all accounts, which add up to 0, and what sponsors have left",
    handle() {
      if (directory === undefined) throw new RouteError(409, "accounts are kept only with --ledger");
      const projected = projectedBalances(directory);
      if (projected === undefined) throw new RouteError(503, "the accounts are not there yet");
      const sumFen = Object.values(projected.balances).reduce((sum, fen) => sum + fen, 0);
      return { ...projected, sumFen };
    },
  };
}
