/**
 * `deno task bench:crash`: kills a real server thirty times under load, and thirty times more while users open
 * what they win and send to each other, takes the power from its disk thirty
 * times, and does the same on disks that fail and that are full. Prints what was lost, and ends with 1 if anything was.
 */
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { type CrashOptions, type CrashResult, crashRun } from "../test/crash/crash_run.ts";
import { benchFlags } from "./bench_flags.ts";
import { buildShim, losePower, shimEnv, whyNoShim } from "../test/crash/shim.ts";

const { seed } = benchFlags(
  "deno task bench:crash",
  "Kills, power losses and failing disks, 30 times each.",
  {
    seed: flag("N", "seed of the moments", wholeNumber(0, 2 ** 32 - 1).default(1)),
  },
);
const flags = ["--packets-per-user", "100", "--set", "shake.sponsors=1000"];
let isGood = true;

function show(what: string, { reconciled, checked }: CrashResult, isExpectedToLose = false): void {
  const problems = [...reconciled.differences, ...checked.problems];
  const verdict = isExpectedToLose
    ? (problems.length > 0 ? "losses found, as there must be" : "FAIL: no loss was found")
    : problems.length === 0
    ? "nothing lost"
    : `FAIL: ${reconciled.differenceCount} differences, ${checked.problems.length} problems`;
  console.log(
    `${what.padEnd(44)} ${String(reconciled.awards).padStart(7)} awards  ` +
      `${String(reconciled.seen).padStart(7)} seen  ${
        String(reconciled.pending).padStart(4)
      } pending  ${verdict}`,
  );
  if (verdict.startsWith("FAIL")) {
    isGood = false;
    for (const problem of problems.slice(0, 10)) console.log(`  ${problem}`);
  }
}

const run = (options: Omit<CrashOptions, "seed">) =>
  crashRun({ seed, ...options, serverFlags: [...flags, ...(options.serverFlags ?? [])] });

console.log(`seed ${seed}`);
show("kill -9, 30 times", await run({ kills: 30 }));
show("kill -9 of users who open and send, 30 times", await run({ kills: 30, sends: true }));
const why = whyNoShim();
if (why !== undefined) console.log(`power loss: not here, ${why}`);
else {
  const shim = await buildShim();
  try {
    show(
      "power loss, 30 times",
      await run({ kills: 30, env: (_life, ledger) => shimEnv(shim, ledger), afterKill: losePower }),
    );
    for (const kind of ["eio", "enospc"] as const) {
      show(
        `${kind} now and then, then power loss, 15 times`,
        await run({
          kills: 15,
          env: (life, ledger) =>
            shimEnv(shim, ledger, { kind, seed: seed * 100 + life, every: 300, spell: 8 }),
          afterKill: losePower,
        }),
      );
    }
    show(
      "power loss without syncs, 3 times",
      await run({
        kills: 3,
        serverFlags: ["--ledger-sync", "off"],
        env: (_life, ledger) => shimEnv(shim, ledger),
        afterKill: losePower,
      }),
      true,
    );
  } finally {
    await Deno.remove(shim);
  }
}
Deno.exit(isGood ? 0 : 1);
