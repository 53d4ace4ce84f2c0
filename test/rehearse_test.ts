/** `redpkt rehearse` with real processes, at a small scale. */
import assert from "node:assert/strict";
import type { Check } from "../core/report/data/check.ts";
import { summarySchema } from "../core/report/data/summary_schema.ts";
import { redpkt, Running } from "./processes.ts";

const MAIN = new URL("../main.ts", import.meta.url).pathname;

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
    assert.deepEqual(summarySchema.parse(summary), summary, "the schema knows every field");
    assert.equal(summary.schemaVersion, 2);
    const p = summary.checks.find(({ measure }: Check) => measure === "answeredPercent");
    assert.deepEqual(p, {
      measure: "answeredPercent",
      phase: "shake",
      seen: 100,
      atLeast: 100,
      unit: "percent",
      met: true,
    });
    const { putInFen, poolFen, heldFen, usersFen, returnedFen } = summary.money;
    assert.equal(putInFen, poolFen + heldFen + usersFen + returnedFen);
    assert.match(
      stdout.split("\n\n")[1],
      /^ {2}money OK: [\d,]+\.\d\d yuan put in = /,
      "first line of the results",
    );
    if (Deno.build.os === "linux") {
      assert.ok(summary.machine.memoryNs > 1 && summary.machine.phases.shake.ownCores > 0);
    }
    const xml = await Deno.readTextFile(`${cwd}/${folder}/junit.xml`);
    assert.equal(xml.match(/<testcase /g)?.length, summary.checks.length);
    const [phase] = summary.phases;
    assert.ok(phase.sent > 0);
    assert.equal(phase.answered, phase.sent);
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

Deno.test("--json writes the summary, and nothing else on standard output", async () => {
  await inFolder(scenario({ answeredPercent: { atLeast: 100 } }), async (cwd) => {
    const { code, stdout, stderr } = await redpkt(["rehearse", "./small.ts", "--json"], { cwd });
    assert.equal(code, 0, stderr);
    const { report, ...summary } = JSON.parse(stdout);
    const folder = `${cwd}/${report.replace(/\/report\.html$/, "")}`;
    assert.deepEqual(summary, JSON.parse(await Deno.readTextFile(`${folder}/summary.json`)));
    const again = await redpkt(["report", folder, "--json"]);
    assert.deepEqual(JSON.parse(again.stdout).summary, summary);
    const both = JSON.parse((await redpkt(["report", folder, folder, "--json"], { cwd })).stdout);
    assert.ok(both.differences.every(({ before, after }: Record<string, unknown>) => before === after));
    assert.equal(both.schemaVersion, 1);
  });
});

Deno.test("Ctrl-C breaks a rehearsal off in order, whatever it is doing: its own exit code, and a report that says so", async () => {
  for (const at of ["connect", "shake"]) {
    await inFolder(scenario({}).replace('"seconds":2', '"seconds":600'), async (cwd) => {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "-A", MAIN, "rehearse", "./small.ts"],
        cwd,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const output = new Response(child.stdout).text();
      let isSent = false;
      // Which phase it is shows in lines of progress, each five seconds; the headline comes before everything.
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        if (isSent || !(at === "connect" || text.includes(at))) continue;
        isSent = true;
        child.kill("SIGINT");
      }
      const { code } = await child.status;
      assert.equal(code, 130, await output);
      assert.match(await output, /the rehearsal broke off: ended by SIGINT\n\nFAIL {2}small/);
    });
  }
});

Deno.test("a server that doesn't start is told of with how it ended and all its reasons", async () => {
  const flags = '"users":100,"server":{"flags":{"login-seconds":"x","set-size":0}}';
  await inFolder(scenario({}).replace('"users":100', flags), async (cwd) => {
    const { code, stderr } = await redpkt(["rehearse", "./small.ts"], { cwd });
    assert.equal(code, 2, "it never began");
    assert.match(
      stderr,
      /^redpkt rehearse: the server ended with exit code 2: --set-size: must be .*; --login-seconds: must be a whole number/m,
    );
  });
});

Deno.test({
  name: "a server that dies in the middle is told of with how, and the report is written all the same",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await inFolder(scenario({}).replace('"seconds":2', '"seconds":600'), async (cwd) => {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "-A", MAIN, "rehearse", "./small.ts"],
        cwd,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const output = new Response(child.stdout).text();
      let isKilled = false;
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        if (isKilled || !text.includes("shake")) continue;
        isKilled = true;
        Deno.kill(serverOf(child.pid), "SIGKILL");
      }
      const { code } = await child.status;
      assert.equal(code, 1, await output);
      assert.match(await output, /the rehearsal broke off: the server ended by SIGKILL: it gave no reason\n/);
      const folder = /(\S+)\/report\.html\n$/.exec(await output)![1];
      assert.match(await Deno.readTextFile(`${cwd}/${folder}/junit.xml`), /errors="1"/);
    });
  },
});

/** The server among the processes that another has started. */
function serverOf(parent: number): number {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [, ppid] = Deno.readTextFileSync(`/proc/${name}/stat`).replace(/^.*\) /s, "").split(" ");
      const args = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      if (Number(ppid) === parent && args.includes("server")) return Number(name);
    } catch {
      // It has just ended.
    }
  }
  throw new Error("there is no server");
}

Deno.test({
  name: "a busy neighbour beside a rehearsal that fails is named",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const hogs = Array.from(
      { length: navigator.hardwareConcurrency },
      () => new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"] }).spawn(),
    );
    try {
      // No answer comes in no time: it fails on every machine, and the hogs are what there is to see.
      await inFolder(scenario({ p99Ms: { atMost: 0 } }), async (cwd) => {
        const { code, stdout } = await redpkt(["rehearse", "./small.ts", "--json"], { cwd });
        assert.equal(code, 1);
        const [cause] = JSON.parse(stdout).causes;
        assert.equal(cause.kind, "neighbour", cause.text);
        assert.match(cause.text, /^(other processes|another process) took \d+ % of a core/);
        assert.ok(cause.seen >= 25);
        assert.ok(hogs.some(({ pid }) => cause.text.includes(`deno (pid ${pid})`)), cause.text);
      });
    } finally {
      for (const hog of hogs) {
        hog.kill("SIGKILL");
        await hog.status;
      }
    }
  },
});
