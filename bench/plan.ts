/**
 * `deno task bench:plan`: plans 1, 2 and 4 server processes out of what one was seen to use, runs them, and compares.
 * `docs/plan.md` says how to read it.
 */
import { z } from "zod";
import { builtIn } from "../plugins/built_in.ts";
import { flag, type Flags, wholeNumber } from "../core/cli/flags.ts";
import { processHost } from "../core/cli/process_host.ts";
import { alignColumns } from "../core/cli/columns.ts";
import { chooseEngine } from "../core/engine/choose.ts";
import { check, checkRow } from "../core/report/data/check.ts";
import { checkTable } from "../core/rehearse/tables.ts";
import { benchFlags } from "./bench_flags.ts";
import { figure, runBench } from "./common/bench_result.ts";
import { spreadOf } from "./common/spread.ts";
import { type Compared, planned } from "./plan/planned.ts";
import { Servers } from "./plan/servers.ts";

/** Server processes at once, and by how much a plan may be off, in per cent. */
const PROCESSES = [1, 2, 4] as const;
const MAX_OFF_PERCENT = 10;

const FLAGS = {
  users: flag("N", "users of each server", wholeNumber(1, 1_000_000).default(2_000)),
  rate: flag("N", "shakes a second of each server", wholeNumber(1, 1_000_000).default(2_000)),
  rounds: flag("N", "how often it is all done", wholeNumber(1, 100).default(5)),
  seconds: flag("N", "seconds of a window", wholeNumber(1, 600).default(3)),
  out: flag("FILE", "the results as JSON", z.string().default("out/plan.json")),
} satisfies Flags;

const options = benchFlags("deno task bench:plan", "Plans server processes, runs them, compares.", FLAGS);
const host = processHost({ entry: new URL("../main.ts", import.meta.url).href, ...builtIn });

await runBench("bench:plan", options.out, async () => {
  const { users, rate, rounds, seconds } = options;
  const engine = chooseEngine("auto", () => {});
  console.log(
    `${Math.max(...PROCESSES)} servers, ${users} users and ${rate} shakes/s each, engine ${engine}`,
  );
  await using servers = await Servers.start(host, engine, Math.max(...PROCESSES), users);
  const seen = new Map<string, Compared[]>();
  for (let round = 0; round < rounds; round++) {
    // The speed of a core moves by the minute: each window is planned out of the two beside it, of one process.
    let before = await servers.window(1, rate, seconds);
    for (const processes of PROCESSES) {
      const window = await servers.window(processes, rate, seconds);
      const after = await servers.window(1, rate, seconds);
      for (const one of planned(window, before, after, users, rate)) {
        const name = `${one.what} of ${processes}`;
        seen.set(name, [...seen.get(name) ?? [], one]);
      }
      before = after;
    }
  }
  const rows = [...seen].map(([name, all]) => {
    const middle = (of: (one: Compared) => number) => spreadOf(all.map(of)).median;
    const [plan, run] = [middle((one) => one.planned), middle((one) => one.seen)];
    return {
      name,
      unit: all[0].unit,
      plan,
      run,
      offPercent: (middle((one) => one.seen / one.planned) - 1) * 100,
    };
  });
  console.log(alignColumns([
    ["processes", "planned", "run", "off"],
    ...rows.map(({ name, unit, plan, run, offPercent }) => [
      name,
      `${plan.toPrecision(4)} ${unit}`,
      `${run.toPrecision(4)} ${unit}`,
      `${offPercent.toFixed(1)} %`,
    ]),
  ]));
  const checks = rows.map(({ name, offPercent }) =>
    check({ measure: "offPercent", of: name, phase: "all", unit: "percent" }, offPercent, {
      atLeast: -MAX_OFF_PERCENT,
      atMost: MAX_OFF_PERCENT,
    })
  );
  console.log(checkTable(checks.map(checkRow)));
  return {
    isPass: checks.every(({ met }) => met),
    figures: [...seen].map(([name, all]) =>
      figure(`${name}, against the plan`, "times", all.map((one) => one.seen / one.planned))
    ),
  };
});
