/**
 * `deno task bench:settle`: how many openings a settler judges a second, and how many payments payers bring about at a
 * gateway that fails, with a PostgreSQL of its own on this machine. What it made is drained, and every payment is looked
 * for in the gateway's statement; ends with 1 if one is missing or there twice.
 */
import { sleep } from "../core/base/clock.ts";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { PARTS } from "../core/books/contract/openings.ts";
import type { Books } from "../core/books/contract/books.ts";
import { statementOf } from "../core/books/account/statement.ts";
import { makeBooks, openBooks } from "../core/books/open/open_books.ts";
import { Differences } from "../core/reconcile/differences.ts";
import { matchPayments } from "../core/reconcile/payment_match.ts";
import { redpkt, Running } from "../test/processes.ts";
import { findPostgres, PostgresServer } from "../test/books/postgres_server.ts";
import { childrenOf } from "../test/books/processes.ts";
import { benchFlags } from "./bench_flags.ts";
import { processCpuS } from "./process_cpu.ts";

const { openings, holders, batch, settlers, payers, parallel } = benchFlags(
  "deno task bench:settle",
  "Settlement and payout, with PostgreSQL on this machine.",
  {
    openings: flag("N", "packets that were opened", wholeNumber(1_000, 10_000_000).default(200_000)),
    holders: flag(
      "N",
      "users who had been given something before",
      wholeNumber(1, 50_000_000).default(500_000),
    ),
    batch: flag("N", "openings of a transaction", wholeNumber(1, 100_000).default(2_000)),
    settlers: flag("N", "settlers at once", wholeNumber(1, 64).default(1)),
    payers: flag("N", "payers at once", wholeNumber(1, 64).default(1)),
    // 2.5 in 100 calls hold their place for the whole time limit: 10,000 a second need 500 places for those alone.
    parallel: flag("N", "calls of a payer at once", wholeNumber(1, 4_096).default(1_024)),
  },
);
/** 5 in 100 orders go wrong, a quarter of them in each way. */
const FAULTS = ["fail", "refuse", "timeout-before", "timeout-after"].flatMap((
  what,
) => [`--${what}-percent`, "1.25"]);
const LOOK_MS = 250;

if (findPostgres() === undefined) {
  console.log("PostgreSQL is not installed");
  Deno.exit(0);
}
await using postgres = await PostgresServer.start("shared_buffers = 512MB\nmax_wal_size = 4GB\n");
const postmaster = Number((await Deno.readTextFile(`${postgres.data}/postmaster.pid`)).split("\n")[0]);
const folder = await Deno.makeTempDir({ prefix: "redpkt-settle-" });
const url = postgres.url();
await makeBooks(url, { event: "gala" });
await fill();
const books = await openBooks(url, { connections: settlers });
console.log(
  `load ${Deno.loadavg().map((load) => load.toFixed(1)).join(" ")}, ${navigator.hardwareConcurrency} cores`,
);
await settle();
const isGood = await pay();
await books.close();
await Deno.remove(folder, { recursive: true });
// Not at once: PostgreSQL is to end first.
Deno.exitCode = isGood ? 0 : 1;

/** Rows of one host, its queue, and users who have been given something. */
async function fill(): Promise<void> {
  const part = "((u * 2654435761) & 4294967295) >> 26";
  const last = openings;
  const rows = `(select i, 1 + i * 7919 % 2000000000 as packet, i * 48271 % 2147483647 as u, 1 + i % 8 as s,
    1 + i % 800 as f from generate_series(1, ${openings}::bigint) i) r`;
  const statements = [
    `insert into books.host (host, name, ledger, epoch, seq, head, caught_up_ms)
      values (1, '', 'x', 1, ${3 * last}, '', 0)`,
    `insert into books.entry select 1, i, 1, packet, 0, f, s, 1, 1000 * i from ${rows}`,
    `insert into books.entry select 1, ${last} + i, 2, packet, u, f, s, 1, 1000 * i from ${rows}`,
    `insert into books.entry select 1, ${2 * last} + i, 20, packet, u, f, s, 0, 1000 * i from ${rows}`,
    `insert into books.opening select ${part}, i / 10000, packet, 1, ${2 * last} + i, u, s, f from ${rows}`,
    `insert into books.holder select i * 40692 % 2147483399, array[1 + i % 8]
      from generate_series(1, ${holders}::bigint) i on conflict do nothing`,
    "vacuum analyze books.opening, books.holder, books.entry",
    "checkpoint",
  ];
  for (const sql of statements) await postgres.sql(sql);
}

async function postgresCpuS(): Promise<number> {
  const pids = [postmaster, ...await childrenOf(postmaster)];
  return pids.reduce((sum, pid) => {
    try {
      return sum + processCpuS(pid);
    } catch {
      return sum; // it has just ended
    }
  }, 0);
}

async function settle(): Promise<void> {
  // What a new process does for the first time isn't what it does all evening.
  await books.settlement.settle(0, Infinity, 100);
  const [cpuS, ownS, sinceMs] = [await postgresCpuS(), processCpuS(Deno.pid), performance.now()];
  const before = (await books.intake.queue()).openings;
  await Promise.all(Array.from({ length: settlers }, (_, i) => settleParts(books, i)));
  const tookS = (performance.now() - sinceMs) / 1000;
  const perUs = (seconds: number) => (seconds / before * 1e6).toFixed(1);
  console.log(
    `settled ${before} in ${tookS.toFixed(1)} s: ${
      Math.round(before / tookS)
    }/s with ${settlers} settlers, ` +
      `${perUs(processCpuS(Deno.pid) - ownS)} us of the settler and ${
        perUs(await postgresCpuS() - cpuS)
      } us of ` +
      `PostgreSQL an opening: ${
        Math.round(before / (processCpuS(Deno.pid) - ownS + await postgresCpuS() - cpuS))
      }/s a core`,
  );
}

async function settleParts({ settlement }: Books, first: number): Promise<void> {
  for (let part = first; part < PARTS; part += settlers) {
    while ((await settlement.settle(part, Infinity, batch))?.openings === batch);
  }
}

async function pay(): Promise<boolean> {
  const key = `${folder}/key`;
  await using gateway = new Running([
    ...[
      "fake-gateway",
      "--port",
      "0",
      "--statement",
      `${folder}/gateway.db`,
      "--key",
      key,
      "--seed",
      "1",
      ...FAULTS,
    ],
  ]);
  const { url: gatewayUrl } = await gateway.event("listening");
  const queued = (await books.payments.queue()).queued;
  const cpuS = await postgresCpuS();
  const paying = Array.from({ length: payers }, () =>
    redpkt([
      ...[
        "payout",
        "--books",
        url,
        "--gateway",
        String(gatewayUrl),
        "--gateway-key",
        key,
        "--once",
        "--json",
      ],
      ...["--parallel", String(parallel), "--timeout-ms", "2000", "--lease-seconds", "8"],
    ]));
  let isOver = false;
  const ended = Promise.all(paying).finally(() => isOver = true);
  const seen: [ms: number, left: number][] = [];
  while (!isOver) {
    const { queued, sending, unknown } = await books.payments.queue();
    seen.push([performance.now(), queued + sending + unknown]);
    await sleep(LOOK_MS);
  }
  const outputs = await ended;
  // From the first ten in a hundred to the last: a process's start and the last timeouts aren't the rate.
  const [fromMs, fromLeft] = seen.find(([, left]) => left < queued * 0.9) ?? seen[0];
  const [toMs, toLeft] = seen.find(([, left]) => left < queued * 0.1) ?? seen[seen.length - 1];
  const [beganMs, endedMs] = [seen.find(([, left]) => left < queued)?.[0] ?? 0, seen[seen.length - 1][0]];
  console.log(
    `paid out at ${
      Math.round((fromLeft - toLeft) / (toMs - fromMs) * 1000)
    }/s with ${payers} payers of ${parallel} calls; ` +
      `${queued} drained in ${((endedMs - beganMs) / 1000).toFixed(1)} s; ` +
      `${((await postgresCpuS() - cpuS) / queued * 1e6).toFixed(1)} us of PostgreSQL and ` +
      `${(processCpuS(gateway.process.pid) / queued * 1e6).toFixed(1)} us of the gateway a payment`,
  );
  for (const { code, stderr } of outputs) {
    if (code !== 0) console.log(`a payer ended with ${code}: ${stderr}`);
  }
  const csv = `${folder}/gateway.csv`;
  await redpkt(["fake-gateway", "--statement", `${folder}/gateway.db`, "--export", csv]);
  const differences = new Differences();
  const counts = await matchPayments(books, csv, differences, () => {});
  const { total } = statementOf(await books.statements.sums());
  console.log(
    `${total.paidPackets} paid, ${total.refusedPackets} refused, ` +
      `${
        total.toPayPackets + total.inDoubtPackets
      } left, ${total.differenceFen} fen off; ${counts.paid} are the same ` +
      `at the gateway, ${differences.count} differ`,
  );
  for (const words of differences.first.slice(0, 10)) console.log(`  ${words}`);
  return differences.count === 0 && total.differenceFen === 0 && outputs.every((each) => each.code === 0);
}
