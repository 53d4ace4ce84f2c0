/** A replay of an event's volume: exact, the same again whatever the threads, and honest about what it refuses. */
import assert from "node:assert/strict";
import { redpkt } from "../processes.ts";

/** Four hosts, two waves, 4,800 packets. */
const PLAN = {
  name: "small volume",
  expires: "2035-02-08T00:00:00Z",
  sponsors: [
    { number: 1, name: "Airline", budgetFen: 240_000, amounts: { kind: "fixed", amountFen: 100 } },
    { number: 2, name: "Bank", budgetFen: 120_000, amounts: { kind: "uniform", minFen: 1, maxFen: 99 } },
  ],
  waves: [
    { name: "first", start: "2035-02-07T20:00:00Z", lengthS: 30 },
    { name: "last", start: "2035-02-07T20:01:30Z", lengthS: 20, leftover: "return" },
  ],
  hosts: { count: 4 },
};
const SIZE = ["--shakes", "400000", "--users", "8000", "--seats", "100"];

interface Result {
  readonly trace: string;
  readonly isExact: boolean;
  readonly hosts: number;
  readonly totals: Readonly<Record<string, number>>;
  readonly minutes: readonly { readonly shakes: number; readonly won: number }[];
  readonly sponsors: readonly { readonly won: number; readonly wonFen: number; readonly notWonFen: number }[];
  readonly waves: readonly { readonly tickets: number; readonly won: number }[];
  readonly waits: Readonly<Record<"read" | "award", { readonly p50Us: number; readonly p99Us: number }>>;
  readonly checks: readonly { readonly what: string; readonly seen: number; readonly wanted: number }[];
}

async function inFolder(run: (cwd: string) => Promise<void>): Promise<void> {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/plan.json`, JSON.stringify(PLAN));
    await run(cwd);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

async function replay(cwd: string, args: readonly string[] = [], code = 0): Promise<Result> {
  const command = ["world", "--replay", "--plan", "./plan.json", ...SIZE, "--json", ...args];
  const ended = await redpkt(command, { cwd });
  assert.equal(ended.code, code, ended.stderr + ended.stdout);
  return JSON.parse(ended.stdout);
}

Deno.test("every shake is answered, every fen is somewhere, and it happens again alike on more threads", async () => {
  await inFolder(async (cwd) => {
    const result = await replay(cwd, ["--threads", "1"]);
    assert.deepEqual(result.checks.filter(({ seen, wanted }) => seen !== wanted), []);
    assert.ok(result.isExact && result.checks.length > 10);
    const { shakes, won, nothing, allGone, overloaded } = result.totals;
    assert.deepEqual([shakes, won + nothing + allGone + overloaded], [400_000, 400_000]);
    assert.equal(overloaded, 0, "a host reads more than comes");
    // Of the 4,800 packets nearly all find somebody: two a user, one of each sponsor, and 8,000 users.
    assert.ok(won > 4_500, `${won} were won`);
    assert.equal(result.sponsors.reduce((sum, one) => sum + one.wonFen + one.notWonFen, 0), 360_000);
    assert.equal(result.minutes.reduce((sum, minute) => sum + minute.won, 0), won);
    assert.equal(result.waves.reduce((sum, wave) => sum + wave.tickets, 0), 2_400 + 2_400);
    assert.ok(result.waits.award.p50Us > 0 && result.waits.read.p99Us === 0);

    const again = await replay(cwd, ["--threads", "3"]);
    assert.deepEqual({ ...again, seconds: 0 }.totals, result.totals);
    assert.equal(again.trace, result.trace);
    assert.notEqual((await replay(cwd, ["--seed", "2"])).trace, result.trace);
  });
});

Deno.test("the first of a plan's hosts play their own part alone", async () => {
  await inFolder(async (cwd) => {
    const part = await replay(cwd, ["--hosts", "1"]);
    assert.deepEqual([part.hosts, part.totals.shakes], [1, 100_000]);
    assert.equal(part.waves.reduce((sum, wave) => sum + wave.tickets, 0), 1_200);
  });
});

Deno.test("what a host doesn't read in time waits, and what is over its cap is refused: all the same exact", async () => {
  await inFolder(async (cwd) => {
    const slow = await replay(cwd, ["--hosts", "1", "--capacity", "1000"]);
    assert.ok(slow.isExact);
    assert.ok(slow.waits.read.p99Us > 1_000_000, `${slow.waits.read.p99Us} us`);
    const capped = await replay(cwd, ["--hosts", "1", "--set", "throttle.hostPerS=1000"]);
    assert.ok(capped.isExact);
    assert.ok(capped.totals.overloaded > 10_000, `${capped.totals.overloaded} were refused`);
    assert.equal(
      capped.totals.overloaded + capped.totals.won + capped.totals.nothing + capped.totals.allGone,
      100_000,
    );
  });
});

Deno.test("what can't be played is said in a line", async () => {
  await inFolder(async (cwd) => {
    for (
      const [args, wanted] of [
        [["--replay", "--plan", "gala_2051"], "no plan has this name. Did you mean gala_2015?"],
        [
          ["--replay", "--plan", "./plan.json", "--hosts", "5"],
          "--hosts 5: the plan has 4. Give at most as many",
        ],
        [["--replay", "--set", "shake.leaseMS=5"], "plugins.shake: "],
        [["--replay", "--set", "shaker.leaseMs=5"], "plugins.shaker: no plugin of this name is loaded"],
      ] as const
    ) {
      const { code, stderr } = await redpkt(["world", ...args], { cwd });
      assert.equal(code, 2, stderr);
      assert.ok(stderr.includes(wanted), stderr);
    }
  });
});
