/** `redpkt rehearse` with real processes, at a small scale. */
import assert from "node:assert/strict";
import { redpkt, Running } from "./processes.ts";

/** A scenario of one short phase, with the thresholds that a test wants. */
function scenario(thresholds: Record<string, unknown>): string {
  return `export default ${
    JSON.stringify({
      name: "small",
      about: "a few users for two seconds",
      users: 100,
      phases: [{
        name: "shake",
        seconds: 2,
        shakesPerS: 500,
        packets: { ratePerS: 20, minFen: 2, maxFen: 2 },
        thresholds,
      }],
    })
  };`;
}

async function inFolder(text: string, run: (cwd: string) => Promise<void>): Promise<void> {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/small.ts`, text);
    await run(cwd);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

Deno.test("a rehearsal that meets its thresholds passes, and its files tell the same as its table", async () => {
  const thresholds = { answeredPercent: { atLeast: 100 }, disconnects: { atMost: 0 }, won: { atLeast: 1 } };
  await inFolder(scenario(thresholds), async (cwd) => {
    const { code, stdout, stderr } = await redpkt(["rehearse", "./small.ts"], { cwd });
    assert.equal(code, 0, stdout + stderr);
    const folder = /^PASS {2}small {2}(\S+)\/report\.html$/m.exec(stdout)?.[1];
    assert.ok(folder !== undefined, stdout);
    const summary = JSON.parse(await Deno.readTextFile(`${cwd}/${folder}/summary.json`));
    assert.equal(summary.verdict, "PASS");
    const [phase] = summary.phases;
    assert.ok(phase.offered > 0);
    assert.equal(phase.answered, phase.offered);
    assert.equal(
      phase.won + phase.nothing + phase.greeted + phase.allGone + phase.overloaded,
      phase.answered,
    );
    assert.equal(phase.wonFen, 2 * phase.won);
    assert.match(stdout, new RegExp(`answered +${phase.answered.toLocaleString("en-US")}\n`));
    const csv = (await Deno.readTextFile(`${cwd}/${folder}/series.csv`)).trimEnd()
      .split("\n");
    const [head, ...rows] = csv.map((line) => line.split(","));
    assert.equal(new Set(rows.map(([second]) => second)).size, rows.length, "one row a second");
    const answered = head.indexOf("answered");
    const sum = rows.reduce((sum, row) => sum + Number(row[answered]), 0);
    assert.ok(sum <= phase.answered && sum > 0, "the last second may be cut off");
    assert.match(await Deno.readTextFile(`${cwd}/${folder}/report.html`), /<b>PASS<\/b>.*<svg/s);
  });
});

Deno.test("a threshold that isn't met fails the rehearsal with its own exit code", async () => {
  await inFolder(scenario({ won: { atLeast: 1_000_000 }, p99Ms: { atMost: 60_000 } }), async (cwd) => {
    const { code, stdout } = await redpkt(["rehearse", "./small.ts", "--engine", "deno"], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /^ {2}FAIL +shake +won +\d+ +at least 1,000,000$/m);
    assert.match(stdout, /^ {2}ok +shake +p99Ms/m);
    assert.match(stdout, /^FAIL {2}small/m);
  });
});

Deno.test("a server ends with the process that started it, however that ends", async () => {
  const child = new Running(
    ["server", "--port", "0", "--admin", "127.0.0.1:0", "--workers", "1"],
    undefined,
    { REDPKT_STOP_WITH_STDIN: "1" },
  );
  await using _ = child;
  // Its standard input is at its end already, as if its parent had just died.
  assert.equal(await child.ended(), 0);
  assert.equal((await child.event("draining")).reason, "the end of its parent");
});
