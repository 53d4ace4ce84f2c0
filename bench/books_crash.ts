/**
 * `deno task bench:books-crash`: three hosts' ledgers grow and are carried to PostgreSQL, which is killed again and again,
 * and so are the uplinks; now and then two carry the same ledger, and PostgreSQL goes on with an older copy of its data.
 * Compares every row and opening, and ends with 1 if anything was lost or is there twice.
 */
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { formatCount, formatYuan } from "../core/base/units.ts";
import { booksCrashRun } from "../test/books/books_crash_run.ts";
import { benchFlags } from "./bench_flags.ts";

const options = benchFlags(
  "deno task bench:books-crash",
  "Kills of PostgreSQL and uplinks, and books that fall back.",
  {
    seed: flag("N", "seed of the moments", wholeNumber(0, 2 ** 32 - 1).default(1)),
    kills: flag(
      "N",
      "how often PostgreSQL is killed, and how often an uplink",
      wholeNumber(1, 1_000).default(30),
    ),
    fallBacks: flag("N", "how often the books fall back", wholeNumber(0, 100).default(5)),
  },
);

const result = await booksCrashRun(options);
const { postgresKills, uplinkKills, fallBacks, rows, openings, openedFen, caughtUpMs, differences } = result;
console.log(
  `seed ${options.seed}: PostgreSQL killed ${postgresKills} times, uplinks ${uplinkKills} times, ` +
    `${fallBacks} times an older copy of the data\n` +
    `${formatCount(rows)} rows, ${formatCount(openings)} openings of ${formatYuan(openedFen)}; ` +
    `all there ${(caughtUpMs / 1000).toFixed(1)} s after the last fault\n` +
    (differences.length === 0
      ? "none lost, none twice"
      : differences.map((line) => `FAIL: ${line}`).join("\n")),
);
Deno.exit(differences.length === 0 ? 0 : 1);
