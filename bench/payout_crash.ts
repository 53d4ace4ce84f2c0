/**
 * `deno task bench:payout-crash`: kills two settlers, two payers, the gateway and PostgreSQL again and again, and adds up
 * where the money is: what was opened, what the books say and what the gateway says. Ends with 1 if anything differs.
 */
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { formatYuan } from "../core/base/units.ts";
import { payoutCrash } from "../test/books/payout_crash.ts";
import { findPostgres } from "../test/books/postgres_server.ts";
import { benchFlags } from "./bench_flags.ts";

const { seed, kills } = benchFlags(
  "deno task bench:payout-crash",
  "Kills whoever settles and pays.",
  {
    seed: flag("N", "seed of the moments", wholeNumber(0, 2 ** 32 - 1).default(1)),
    kills: flag("N", "how often each of them is killed", wholeNumber(1, 1_000).default(30)),
  },
);
let isGood = true;
for (const isPostgres of findPostgres() === undefined ? [false] : [false, true]) {
  const result = await payoutCrash({ seed, kills, isPostgres });
  const { awards, paid, paidFen, refused, problems } = result;
  const killed = Object.entries(result.kills).map(([what, times]) => `${what} ${times}`).join(", ");
  console.log(`${isPostgres ? "PostgreSQL" : "SQLite"}: killed ${killed}`);
  console.log(`  ${awards} opened, ${paid} paid, ${formatYuan(paidFen)}, ${refused} refused by the gateway`);
  console.log(
    problems.length === 0 ? "  to the fen, each key once" : `  FAIL: ${problems.length} differences`,
  );
  for (const problem of problems.slice(0, 10)) console.log(`    ${problem}`);
  if (problems.length > 0) isGood = false;
}
if (findPostgres() === undefined) console.log("PostgreSQL: not here");
Deno.exit(isGood ? 0 : 1);
