/**
 * `deno task bench:ledger-files`: how long a reconcile of so many awards takes and how much memory it
 * needs, and how soon a server that holds so many awards is ready after a crash, with and without its checkpoint;
 * the same of so many sent packets.
 */
import { z } from "zod";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { AwardsFile } from "../core/client/main/awards_file.ts";
import { CHECKPOINT_FILE } from "../core/ledger/checkpoint/checkpoint.ts";
import { sleep, systemClock } from "../core/base/clock.ts";
import { Running } from "../test/processes.ts";
import { benchFlags } from "./bench_flags.ts";
import { type Figure, figure, runBench } from "./common/bench_result.ts";
import { diskText, durableDisk } from "./common/disk.ts";
import { premise } from "./common/premise.ts";
import { processCpuS } from "./process_cpu.ts";
import { fillLedger } from "./fill_ledger.ts";
import { fillSends } from "./fill_sends.ts";

const { reconciled, held, sent, times, out } = benchFlags(
  "deno task bench:ledger-files",
  "Reconcile and restart on large ledgers.",
  {
    reconciled: flag(
      "N",
      "awards that are reconciled, 0 for none",
      wholeNumber(0, 100_000_000).default(3_000_000),
    ),
    held: flag(
      "N",
      "awards that a server restarts on, 0 for none",
      wholeNumber(0, 100_000_000).default(10_000_000),
    ),
    times: flag("N", "how often each is done", wholeNumber(1, 100).default(3)),
    out: flag("FILE", "the results as JSON", z.string().default("out/ledger-files.json")),
    sent: flag(
      "N",
      "sent packets that it restarts on, 0 for none",
      wholeNumber(0, 10_000_000).default(1_000_000),
    ),
  },
);
const MAIN = new URL("../main.ts", import.meta.url).pathname;
const USERS = 1_000_000;
const LINES_PER_WRITE = 10_000;

const figures: Figure[] = [];
let directory = "";
await runBench("bench:ledger-files", out, async () => {
  directory = await Deno.makeTempDir({ prefix: "redpkt-bench-" });
  try {
    const disk = durableDisk(directory);
    console.log(diskText(disk));
    if (reconciled > 0) await reconcileBar();
    if (held > 0) {
      const fill = { awards: held, users: USERS, isCheckpointed: true };
      await restartBar(`${held} awards`, held, (ledger) => fillLedger(ledger, fill));
    }
    if (sent > 0) {
      const fill = { packets: sent, openEvery: 1_000, users: USERS / 10, isCheckpointed: true };
      await restartBar(`${sent} sent packets`, sent, (ledger) => fillSends(ledger, fill));
    }
    return { figures, details: { disk } };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

async function reconcileBar(): Promise<void> {
  const ledger = `${directory}/reconciled`;
  const fleet = `${directory}/awards.csv`;
  const file = new AwardsFile(fleet, { first: 0, stride: 1, count: USERS }, systemClock);
  let lines: string[] = [];
  const flush = () => {
    file.append(lines.join(""));
    lines = [];
  };
  fillLedger(ledger, {
    awards: reconciled,
    users: USERS,
    isCheckpointed: false,
    onAward(user, packetId, amountFen) {
      lines.push(`${user},${packetId},${amountFen},shake,1763600000000\n`);
      if (lines.length === LINES_PER_WRITE) flush();
    },
  });
  flush();
  file.close(true);
  const runs: { seconds: number; peakMb: number }[] = [];
  for (let i = 0; i < times; i++) runs.push(await reconcileOnce(ledger, fleet));
  figures.push(
    figure(`reconcile of ${reconciled} awards`, "s", runs.map(({ seconds }) => seconds)),
    figure(`reconcile of ${reconciled} awards, most memory`, "MB", runs.map(({ peakMb }) => peakMb)),
  );
}

async function reconcileOnce(ledger: string, fleet: string): Promise<{ seconds: number; peakMb: number }> {
  const startMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", MAIN, "reconcile", "--ledger", ledger, "--fleet", fleet],
    stdout: "piped",
  }).spawn();
  let [peakMb, cpuS] = [0, 0];
  const watch = setInterval(() => {
    try {
      peakMb = Number(/VmHWM:\s*(\d+)/.exec(Deno.readTextFileSync(`/proc/${child.pid}/status`))![1]) / 1000;
      cpuS = processCpuS(child.pid);
    } catch {
      // it has just ended
    }
  }, 50);
  const { code, stdout } = await child.output();
  clearInterval(watch);
  const seconds = (performance.now() - startMs) / 1000;
  const said = new TextDecoder().decode(stdout);
  console.log(said.trimEnd());
  console.log(
    `reconcile of ${reconciled} awards: ${seconds.toFixed(1)} s (${cpuS.toFixed(1)} s of CPU), ` +
      `at most ${peakMb.toFixed(0)} MB`,
  );
  premise(code === 0, `the reconcile ended with exit code ${code}`);
  premise(
    said.replaceAll(",", "").includes(String(reconciled)),
    `the reconcile doesn't tell of ${reconciled} awards: it compared something else`,
  );
  return { seconds, peakMb };
}

async function restartBar(what: string, rows: number, fill: (ledger: string) => void): Promise<void> {
  const ledger = `${directory}/${what}`;
  fill(ledger);
  for (const isCheckpointed of [true, false]) {
    const starts: Start[] = [];
    for (let i = 0; i < times; i++) {
      // A start writes a new one.
      if (!isCheckpointed) await Deno.remove(`${ledger}/${CHECKPOINT_FILE}`).catch(() => {});
      const start = await restart(ledger);
      const isRead = isCheckpointed ? start.rowsRead < rows : start.rowsRead >= rows;
      premise(
        isRead,
        `restart on ${what} ${
          isCheckpointed ? "with" : "without"
        } its checkpoint read ${start.rowsRead} rows`,
      );
      starts.push(start);
    }
    const name = `restart on ${what}, ${isCheckpointed ? "with" : "without"} its checkpoint`;
    figures.push(
      figure(`${name}: listens`, "s", starts.map(({ listensS }) => listensS)),
      figure(`${name}: awards`, "s", starts.map(({ awardsS }) => awardsS)),
    );
    console.log(
      `${name}: ${starts.map(({ awardsS }) => `${awardsS.toFixed(2)} s`).join(", ")} until it awards`,
    );
  }
}

interface Start {
  readonly listensS: number;
  readonly awardsS: number;
  /** Of the ledger, by the start. */
  readonly rowsRead: number;
}

async function restart(ledger: string): Promise<Start> {
  const startMs = performance.now();
  await using server = new Running([
    ...["server", "--host", "127.0.0.1", "--port", "0", "--admin", "127.0.0.1:0", "--workers", "1"],
    ...["--ledger", ledger],
  ]);
  await server.event("listening");
  const listensS = (performance.now() - startMs) / 1000;
  const { rowsRead } = await server.event("ledger ready");
  const awardsS = (performance.now() - startMs) / 1000;
  server.process.kill("SIGKILL");
  await sleep(100);
  return { listensS, awardsS, rowsRead: Number(rowsRead) };
}
