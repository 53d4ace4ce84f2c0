/**
 * Resources in idle time, beside their bar: `deno task bench:depot`. A sample of users really fetches over HTTP from a
 * depot process; a day of all users is reckoned with in virtual time, by the same plan and the same gate, and no byte of
 * it moves. The output says which is which.
 */
import { builtIn } from "../plugins/built_in.ts";
import { z } from "zod";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { processHost } from "../core/cli/process_host.ts";
import { formatCount } from "../core/base/units.ts";
import { type Check, check, checkRow } from "../core/report/data/check.ts";
import { checkTable } from "../core/rehearse/tables.ts";
import { benchFlags } from "./bench_flags.ts";
import { figure, runBench } from "./common/bench_result.ts";
import { fetchSample } from "./depot/fetched.ts";
import { FIRST_WAVE_MS, PACKAGE_BYTES, playDay } from "./depot/modelled.ts";

const { users, sample, packages, out, ...values } = benchFlags(
  "deno task bench:depot",
  "Resources in idle time: some users who really fetch, and a day of many who are reckoned with.",
  {
    users: flag("N", "users of the modelled day", wholeNumber(1, 2_000_000).default(200_000)),
    sample: flag("N", "users who really fetch", wholeNumber(1, 2_000).default(60)),
    packages: flag("N", "packages", wholeNumber(1, 1_000).default(65)),
    "package-bytes": flag(
      "N",
      "bytes of a package that is really fetched",
      wholeNumber(1, 10_000_000).default(40_000),
    ),
    out: flag("FILE", "the results as JSON", z.string().default("out/depot.json")),
  },
);

const host = processHost({ entry: new URL("../main.ts", import.meta.url).href, ...builtIn });
await runBench("bench:depot", out, async () => {
  const real = await fetchSample(host, sample, packages, values["package-bytes"]);
  console.log(
    `\nreally fetched: ${formatCount(real.users)} users, ${packages} packages of ${
      formatCount(real.packageBytes)
    } bytes, over HTTP; ${formatCount(real.bytes)} bytes, ${formatCount(real.refused)} refusals\n`,
  );
  const realChecks = [
    row("fetched", "users with every package", percent(real.whole, real.users), "percent", { atLeast: 99 }),
    row("fetched", "chunks proven by their hash", real.chunks, "count", {
      atLeast: sample * packages,
      atMost: sample * packages,
    }),
    row("fetched", "chunks that are not what they should be", real.damaged, "count", { atMost: 0 }),
    row("fetched", "bytes while people shake", real.bytesWhileShaking, "count", { atMost: 0 }),
    row("fetched", "most bytes in any second", real.mostInS, "count", { atMost: real.cap }),
  ];
  console.log(checkTable(realChecks.map(checkRow)));
  const day = playDay(users, packages);
  console.log(
    `\nmodelled, no byte moved: ${formatCount(day.users)} users, ${packages} packages of ${
      formatCount(PACKAGE_BYTES)
    } bytes in a day; 99 % have all after ${day.readyAtH.toFixed(1)} of ${FIRST_WAVE_MS / 3_600_000} h, ${
      formatCount(day.refused)
    } refusals\n`,
  );
  const dayChecks = [
    row("modelled", "users with every package", percent(day.whole, day.users), "percent", { atLeast: 99 }),
    row("modelled", "bytes while people shake", day.bytesWhileShaking, "count", { atMost: 0 }),
    row("modelled", "most bytes in any second by night", day.mostInS, "count", { atMost: day.nightCap }),
    row("modelled", "most bytes in any second by day", day.mostByDayInS, "count", { atMost: day.dayCap }),
  ];
  console.log(checkTable(dayChecks.map(checkRow)));
  const checks = [...realChecks, ...dayChecks].map(checkRow);
  return {
    isPass: checks.every(({ isMet }) => isMet),
    figures: [
      figure("users of the sample with every package", "%", [percent(real.whole, real.users)]),
      figure("users of the modelled day with every package", "%", [percent(day.whole, day.users)]),
      figure("hours of the modelled day until 99 % have every package", "h", [day.readyAtH]),
    ],
    details: { checks, fetched: real, modelled: day },
  };
});

function percent(part: number, whole: number): number {
  return 100 * part / whole;
}

function row(
  phase: string,
  measure: string,
  seen: number,
  unit: Check["unit"],
  bounds: Pick<Check, "atLeast" | "atMost">,
): Check {
  return check({ phase, measure, unit }, seen, bounds);
}
