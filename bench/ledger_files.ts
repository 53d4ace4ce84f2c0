/**
 * `deno task bench:ledger-files`: how long a reconcile of so many awards takes and how much memory it
 * needs, and how soon a server that holds so many awards is ready after a crash, with and without its checkpoint;
 * the same of so many sent packets.
 */
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { AwardsFile } from "../core/client/main/awards_file.ts";
import { CHECKPOINT_FILE } from "../core/ledger/checkpoint/checkpoint.ts";
import { sleep, systemClock } from "../core/base/clock.ts";
import { Running } from "../test/processes.ts";
import { benchFlags } from "./bench_flags.ts";

import { processCpuS } from "./process_cpu.ts";
import { fillLedger } from "./fill_ledger.ts";
import { fillSends } from "./fill_sends.ts";

const { reconciled, held, sent } = benchFlags(
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

const directory = await Deno.makeTempDir({ prefix: "redpkt-bench-" });
try {
  if (reconciled > 0) await reconcileBar();
  if (held > 0) {
    await restartBar(
      `${held} awards`,
      (ledger) => fillLedger(ledger, { awards: held, users: USERS, isCheckpointed: true }),
    );
  }
  if (sent > 0) {
    await restartBar(
      `${sent} sent packets`,
      (ledger) =>
        fillSends(ledger, { packets: sent, openEvery: 1_000, users: USERS / 10, isCheckpointed: true }),
    );
  }
} finally {
  await Deno.remove(directory, { recursive: true });
}

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
  console.log(new TextDecoder().decode(stdout).trimEnd());
  console.log(
    `reconcile of ${reconciled} awards: ${((performance.now() - startMs) / 1000).toFixed(1)} s ` +
      `(${cpuS.toFixed(1)} s of CPU), at most ${peakMb.toFixed(0)} MB, exit code ${code}`,
  );
}

async function restartBar(what: string, fill: (ledger: string) => void): Promise<void> {
  const ledger = `${directory}/${what}`;
  fill(ledger);
  await restart(ledger, `${what} with its checkpoint`);
  await Deno.remove(`${ledger}/${CHECKPOINT_FILE}`);
  await restart(ledger, `${what} without it`);
}

async function restart(ledger: string, what: string): Promise<void> {
  const startMs = performance.now();
  await using server = new Running([
    ...["server", "--host", "127.0.0.1", "--port", "0", "--admin", "127.0.0.1:0", "--workers", "1"],
    ...["--ledger", ledger],
  ]);
  await server.event("listening");
  const listeningMs = performance.now() - startMs;
  const { tookMs, rowsRead } = await server.event("ledger ready");
  console.log(
    `restart on ${what}: listens after ${listeningMs.toFixed(0)} ms, awards after ` +
      `${(performance.now() - startMs).toFixed(0)} ms (${tookMs} ms in the ledger, ${rowsRead} rows read)`,
  );
  server.process.kill("SIGKILL");
  await sleep(100);
}
