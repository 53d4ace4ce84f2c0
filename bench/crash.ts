/**
 * `deno task bench:crash`: kills a real server again and again under load, and as often while users open what they win and
 * send to each other, takes the power from its disk as often, and does the same on disks that fail and that are full, and
 * with one file at a time that fails. Between the lives it damages copies of the ledger, which must be found, and the
 * checkpoint itself, which must be made anew. Prints what was lost, and ends with 1 if anything was.
 */
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { type CrashOptions, type CrashResult, crashRun } from "../test/crash/crash_run.ts";
import { Random } from "../core/base/random.ts";
import { damageOften, flipBit, loseTail } from "../test/audit/damage.ts";
import { benchFlags } from "./bench_flags.ts";
import { buildShim, losePower, shimEnv, whyNoShim } from "../test/crash/shim.ts";

const { seed, kills, losses, faults } = benchFlags(
  "deno task bench:crash",
  "Kills, power losses, failing disks and damage.",
  {
    seed: flag("N", "seed of the moments", wholeNumber(0, 2 ** 32 - 1).default(1)),
    kills: flag("N", "how often a server is killed in a run", wholeNumber(1, 10_000).default(30)),
    losses: flag("N", "how often a disk loses power in a run", wholeNumber(1, 10_000).default(30)),
    faults: flag("N", "how often a failing disk loses power in a run", wholeNumber(0, 10_000).default(15)),
  },
);
/** Flipped bits, and as many lost tails, of each life's ledger. */
const DAMAGES_A_LIFE = 3;
const flags = ["--packets-per-user", "100", "--set", "shake.sponsors=1000"];
let isGood = true;

function show(what: string, result: CrashResult, isExpectedToLose = false): void {
  const { reconciled, checked, audited, acceptedLosses } = result;
  const problems = isExpectedToLose
    ? checked.problems
    : [...reconciled.differences, ...checked.problems, ...audited];
  const verdict = isExpectedToLose && reconciled.differenceCount === 0
    ? "FAIL: no loss was found"
    : isExpectedToLose && problems.length === 0
    ? `${reconciled.differenceCount} losses found, ${acceptedLosses} starts refused until accepted`
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

let lives = 0;
let damages = 0;
/** What becomes of a ledger between two lives, besides what `before` does. */
async function damage(ledger: string, before: (ledger: string) => Promise<void>): Promise<void> {
  await before(ledger);
  lives++;
  for (const [what, damage] of Object.entries({ flipBit, loseTail })) {
    const { found, refused, missed, falseAlarms } = damageOften(
      ledger,
      damage,
      DAMAGES_A_LIFE,
      seed * 1_000 + lives,
    );
    damages += found + refused;
    for (const line of [...missed, ...falseAlarms]) {
      isGood = false;
      console.log(`  FAIL: ${what}: ${line}`);
    }
  }
  const checkpoint = `${ledger}/checkpoint`;
  const hasOne = [...Deno.readDirSync(ledger)].some(({ name }) => name === "checkpoint");
  if (hasOne) (lives % 2 === 0 ? flipBit : loseTail)(checkpoint, new Random(lives));
}
/** Those that a server writes. */
const FILES = [
  "/ledger.db",
  "/ledger.db-wal",
  "/head",
  "/projection.db",
  "/projection.db-wal",
  "/checkpoint.new",
];
const nothing = () => Promise.resolve();

const run = (options: Omit<CrashOptions, "seed">) =>
  crashRun({ seed, ...options, serverFlags: [...flags, ...(options.serverFlags ?? [])] });

console.log(`seed ${seed}`);
const killed = { kills, afterKill: (ledger: string) => damage(ledger, nothing) };
show(`kill -9, ${kills} times`, await run(killed));
show(`kill -9 of users who open and send, ${kills} times`, await run({ ...killed, sends: true }));
const why = whyNoShim();
if (why !== undefined) console.log(`power loss: not here, ${why}`);
else {
  const shim = await buildShim();
  try {
    const lost = { kills: losses, afterKill: (ledger: string) => damage(ledger, losePower) };
    show(
      `power loss, ${losses} times`,
      await run({ ...lost, env: (_life, ledger) => shimEnv(shim, ledger) }),
    );
    const everyFile = Math.min(faults, 2 * FILES.length);
    if (faults > 0) {
      show(
        `eio and enospc, one file in turn, ${everyFile} times`,
        await run({
          kills: everyFile,
          env: (life, ledger) =>
            shimEnv(shim, ledger, {
              kind: life % 2 === 0 ? "eio" : "enospc",
              file: FILES[(life >> 1) % FILES.length],
              ...{ seed: seed * 100 + life, every: 50, spell: 4 },
            }),
          afterKill: losePower,
        }),
      );
    }
    for (const kind of faults > 0 ? ["eio", "enospc"] as const : []) {
      show(
        `${kind} now and then, then power loss, ${faults} times`,
        await run({
          kills: faults,
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
        acceptsLoss: true,
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
console.log(`${damages} damages of copies of these ledgers were found`);
Deno.exit(isGood ? 0 : 1);
