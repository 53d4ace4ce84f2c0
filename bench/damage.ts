/**
 * `deno task bench:damage`: flips bits in the files of a ledger and cuts off their ends, each time in a new copy, and asks
 * `ledger check`. Ends with 1 if anything that changes what a file says was called ok, or anything else wrong.
 */
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { type Damage, damageOften, flipBit, loseTail, verdictOf } from "../test/audit/damage.ts";
import { makeWorld } from "../test/audit/world.ts";
import { benchFlags } from "./bench_flags.ts";

const { times, rounds, seed } = benchFlags(
  "deno task bench:damage",
  "Damages a ledger, and looks what is found.",
  {
    times: flag("N", "flipped bits, and as many lost tails", wholeNumber(1, 1_000_000).default(1_000)),
    rounds: flag("N", "how large the ledger is, in about 150 rows", wholeNumber(1, 1_000).default(1)),
    seed: flag("N", "seed of the damages", wholeNumber(0, 2 ** 32 - 1).default(1)),
  },
);
const DAMAGES: Readonly<Record<string, Damage>> = { "flipped bits": flipBit, "lost tails": loseTail };
let isGood = true;
const folder = await Deno.makeTempDir({ prefix: "redpkt-bench-" });
try {
  makeWorld(folder, rounds);
  if (verdictOf(folder) !== "ok") throw new Error(`the ledger isn't good: ${verdictOf(folder)}`);
  for (const [what, damage] of Object.entries(DAMAGES)) {
    const { changing, found, refused, missed, falseAlarms } = damageOften(folder, damage, times, seed);
    const changed = found + refused + missed.length;
    if (changed === 0) throw new Error(`no damage has changed anything: ${what}`);
    console.log(
      `${times} ${what}, seed ${seed}: ${changed} change what a file says, ${found} found, ${refused} refused, ` +
        `${missed.length} missed, ${falseAlarms.length} false alarms`,
    );
    for (const [file, count] of changing) console.log(`  ${file.padEnd(16)}${count} changed`);
    for (const line of [...missed, ...falseAlarms]) console.log(`  FAIL ${line}`);
    isGood &&= missed.length === 0 && falseAlarms.length === 0;
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(isGood ? 0 : 1);
