/**
 * `deno task bench:reconcile`: how long `redpkt reconcile --books` takes over an event that is all paid, and how much
 * memory, with the books in PostgreSQL on this machine. Bar: 3,000,000 awards in 30 s and 500 MB.
 */
import { makeBooks } from "../core/books/open/open_books.ts";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { ledgerIdOf } from "../core/ledger/chain/links.ts";
import { ROW_FIELDS } from "../core/ledger/record/entry_rows.ts";
import { TruthReader } from "../core/ledger/store/truth_reader.ts";
import { sleep } from "../core/base/clock.ts";
import { findPostgres, PostgresServer } from "../test/books/postgres_server.ts";
import { benchFlags } from "./bench_flags.ts";
import { fillLedger } from "./fill_ledger.ts";
import { processCpuS } from "./process_cpu.ts";

const { awards } = benchFlags("deno task bench:reconcile", "Reconciling an event with its books.", {
  awards: flag("N", "awards, all of one host", wholeNumber(1_000, 100_000_000).default(3_000_000)),
});
const MAIN = new URL("../main.ts", import.meta.url).pathname;
const LOOK_MS = 50;
const BARS = { seconds: 30, megabytes: 500 };

if (findPostgres() === undefined) {
  console.log("PostgreSQL is not installed");
  Deno.exit(0);
}
await using postgres = await PostgresServer.start(
  "shared_buffers = 512MB\nmax_wal_size = 8GB\nwork_mem = 64MB\n",
);
const folder = await Deno.makeTempDir({ prefix: "redpkt-reconcile-" });
await Deno.chmod(folder, 0o777); // PostgreSQL reads and writes files in it
const [ledger, rowsFile, csv] = [`${folder}/ledger`, `${folder}/rows.csv`, `${folder}/gateway.csv`];
fillLedger(ledger, { awards, users: awards, isCheckpointed: false });
await makeBooks(postgres.url(), { event: "gala" });
await fill();
const load = Deno.loadavg()[0].toFixed(1);
const { code, seconds, megabytes, cpuS, stdout } = await reconcile();
console.log(stdout.split("\n").slice(0, 4).join("\n"));
console.log(
  `${awards} awards in ${seconds.toFixed(1)} s and ${megabytes.toFixed(0)} MB at most, ${
    cpuS.toFixed(1)
  } s of CPU besides PostgreSQL's, exit code ${code}, load ${load}`,
);
await Deno.remove(folder, { recursive: true });
// Not at once: PostgreSQL is to end first.
Deno.exitCode = code === 0 && seconds <= BARS.seconds && megabytes <= BARS.megabytes ? 0 : 1;

/** The ledger's rows, everything settled and paid, and what the gateway says of it. */
async function fill(): Promise<void> {
  const truth = new TruthReader(ledger);
  const file = await Deno.open(rowsFile, { write: true, create: true });
  const encoder = new TextEncoder();
  truth.read(0, ({ values, count }) => {
    let text = "";
    for (let at = 0; at < count * ROW_FIELDS; at += ROW_FIELDS) {
      text += `0,${values.subarray(at, at + ROW_FIELDS).join()}\n`;
    }
    for (let bytes = encoder.encode(text); bytes.length > 0;) bytes = bytes.subarray(file.writeSync(bytes));
  });
  file.close();
  const seq = truth.lastSeq();
  const statements = [
    `insert into books.host (host, name, ledger, epoch, seq, head, caught_up_ms)
      values (0, 'bench', '${ledgerIdOf(truth.db)}', 1, ${seq}, '${truth.headAt(seq)}', 0)`,
    `copy books.entry from '${rowsFile}' csv`,
    `insert into books.award select packet, 0, seq, usr, sponsor, amount, at_ms / 1000, 3, '', 0, 1, false
      from books.entry where kind = 2`,
    "insert into books.holder select usr, array_agg(sponsor) from books.award group by usr",
    "vacuum analyze books.entry, books.award, books.holder",
    `copy (select 'gala/' || packet as key, usr as "user", fen as amount_fen, 'paid' as outcome from books.award
      order by packet) to '${csv}' csv header`,
    "checkpoint",
  ];
  truth.close();
  for (const sql of statements) await postgres.sql(sql);
}

async function reconcile() {
  const sinceMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", "-A", MAIN, "reconcile", "--books", postgres.url()],
      ...["--ledger", ledger, "--gateway-statement", csv],
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const stdout = new Response(child.stdout).text();
  let isOver = false;
  const ended = child.status.finally(() => isOver = true);
  let megabytes = 0;
  let cpuS = 0;
  while (!isOver) {
    try {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
      cpuS = processCpuS(child.pid);
      megabytes = Math.max(megabytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_000);
    } catch {
      // it has just ended
    }
    await sleep(LOOK_MS);
  }
  const { code } = await ended;
  return { code, seconds: (performance.now() - sinceMs) / 1_000, megabytes, cpuS, stdout: await stdout };
}
