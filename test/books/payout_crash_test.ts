/** Everything that settles and pays may die at any moment; `deno task bench:payout-crash` does it more often. */
import assert from "node:assert/strict";
import { payoutCrash } from "./payout_crash.ts";
import { findPostgres } from "./postgres_server.ts";

for (const isPostgres of [false, true]) {
  const where = isPostgres ? "PostgreSQL" : "SQLite";
  Deno.test({
    name: `books in ${where}: killed settlers, payers and gateways lose nothing and pay nothing twice`,
    ignore: isPostgres && findPostgres() === undefined,
    async fn() {
      const { problems, kills, paid, refused } = await payoutCrash({ seed: 1, kills: 2, isPostgres });
      assert.deepEqual(problems, []);
      assert.deepEqual(kills, { gateway: 2, settler: 4, payer: 4, ...(isPostgres ? { PostgreSQL: 2 } : {}) });
      assert.ok(paid > 100 && refused > 0, `${paid} paid, ${refused} refused`);
    },
  });
}
