/**
 * `deno task bench:books`: how fast one host's uplink brings a ledger to PostgreSQL on loopback, and what the books of a
 * whole event cost: many connections, each a block a second. Bars: 50,000 rows a second for one host; 600 hosts in less
 * than a core of PostgreSQL, and blocks within 2 s at p99.
 */
import { z } from "zod";
import { sleep, systemClock } from "../core/base/clock.ts";
import type { Books } from "../core/books/contract/books.ts";
import { makeBooks, openBooks } from "../core/books/open/open_books.ts";
import { TruthSource } from "../core/books/uplink/ledger_source.ts";
import { Uplink } from "../core/books/uplink/uplink.ts";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { findPostgres, PostgresServer } from "../test/books/postgres_server.ts";
import { SomeLedger } from "../test/books/some_ledger.ts";
import { benchFlags } from "./bench_flags.ts";
import { type Figure, figure, runBench } from "./common/bench_result.ts";
import { premise } from "./common/premise.ts";
import { fillLedger } from "./fill_ledger.ts";
import { processCpuS } from "./process_cpu.ts";

const { awards, hosts, rows, seconds, out } = benchFlags(
  "deno task bench:books",
  "Uplinks into PostgreSQL.",
  {
    awards: flag("N", "awards of the one host's ledger", wholeNumber(1_000, 100_000_000).default(500_000)),
    hosts: flag("N", "hosts of the event, 0 to leave that out", wholeNumber(0, 1_000).default(600)),
    rows: flag("N", "rows a second of each", wholeNumber(1, 1_000).default(83)),
    seconds: flag("N", "how long", wholeNumber(1, 600).default(8)),
    out: flag("FILE", "the results as JSON", z.string().default("out/books.json")),
  },
);
const EVENT = { event: "bench", packetsPerUser: 3, packetsPerSponsor: 1 };
const SETTINGS = "max_connections = 1100\nshared_buffers = 256MB\nmax_wal_size = 4GB\nwal_compression = on\n";
/** Awards of a commit, as many as come in a few ms of a busy host. */
const PER_COMMIT = 60;
const LEAD_S = 3;
const BARS = { rowsPerS: 50_000, cores: 1, p99Ms: 2_000 };

await runBench("bench:books", out, async () => {
  premise(findPostgres() !== undefined, "PostgreSQL is installed");
  await using postgres = await PostgresServer.start(SETTINGS);
  await makeBooks(postgres.url(), EVENT);
  const one = await oneHost(postgres);
  const all = hosts === 0 ? [] : await allHosts(postgres);
  const of = (name: string) => [...one, ...all].find((figure) => figure.name === name)?.median;
  const isPass = of("rows of one host")! >= BARS.rowsPerS &&
    (of("PostgreSQL, all hosts") ?? 0) < BARS.cores * 100 &&
    (of("a block, p99") ?? 0) < BARS.p99Ms;
  for (const { name, unit, median } of [...one, ...all]) {
    console.log(`${name.padEnd(28)} ${median.toFixed(1)} ${unit}`);
  }
  return { figures: [...one, ...all], isPass, details: { awards, hosts, rows, seconds } };
});

/** A ledger that is there already, carried from its first row to its last. */
async function oneHost(postgres: PostgresServer): Promise<Figure[]> {
  const directory = await Deno.makeTempDir({ prefix: "redpkt-bench-" });
  const books = await openBooks(postgres.url());
  try {
    fillLedger(directory, { awards, users: awards, isCheckpointed: false, perCommit: PER_COMMIT });
    using source = TruthSource.beside(directory);
    const uplink = new Uplink({
      host: 0,
      name: "one",
      intake: books.intake,
      source,
      clock: systemClock,
      quietMs: () => undefined,
    });
    const [startMs, ownS, theirsS] = [performance.now(), processCpuS(Deno.pid), await postgres.cpuS()];
    let carried = 0;
    do carried += (await uplink.turn()).rows; while (!uplink.isCaughtUp);
    const tookS = (performance.now() - startMs) / 1_000;
    premise(carried === source.lastSeq(), `${carried} of ${source.lastSeq()} rows were carried`);
    const usARow = (cpuS: number) => cpuS / carried * 1e6;
    return [
      figure("rows of one host", "a second", [carried / tookS]),
      figure("CPU of the uplink", "us a row", [usARow(processCpuS(Deno.pid) - ownS)]),
      figure("CPU of PostgreSQL", "us a row", [usARow(await postgres.cpuS() - theirsS)]),
    ];
  } finally {
    await books.close();
    await Deno.remove(directory, { recursive: true });
  }
}

/** Every host by a connection of its own, a block a second, at its own moment of the second. */
async function allHosts(postgres: PostgresServer): Promise<Figure[]> {
  const ledgers = Array.from({ length: hosts }, (_, host) => new SomeLedger(host + 1));
  const opened: Books[] = [];
  // Not all at once: the time that connections take is no figure here.
  for (const { enrolment } of ledgers) {
    const books = await openBooks(postgres.url());
    await books.intake.enrol(enrolment);
    opened.push(books);
  }
  const startMs = performance.now() + 500;
  const endMs = startMs + (LEAD_S + seconds) * 1_000;
  const tookMs: number[] = [];
  const carry = async (index: number) => {
    let dueMs = startMs + index / hosts * 1_000;
    for (; dueMs < endMs; dueMs += 1_000) {
      await sleep(Math.max(0, dueMs - performance.now()));
      const block = ledgers[index].commit(rows);
      premise(await opened[index].intake.append(block), `host ${index + 1}: the books took its block`);
      // Since it was due, whatever kept it.
      if (dueMs >= startMs + LEAD_S * 1_000) tookMs.push(performance.now() - dueMs);
    }
  };
  const carrying = Promise.all(ledgers.map((_, index) => carry(index)));
  await sleep(startMs + LEAD_S * 1_000 - performance.now());
  const [fromS, fromMs] = [await postgres.cpuS(), performance.now()];
  await carrying;
  const lengthS = (performance.now() - fromMs) / 1_000;
  const percent = (await postgres.cpuS() - fromS) / lengthS * 100;
  for (const books of opened) await books.close();
  tookMs.sort((a, b) => a - b);
  const at = (part: number) => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * part))];
  return [
    figure("rows of all hosts", "a second", [tookMs.length * rows / lengthS]),
    figure("PostgreSQL, all hosts", "% of a core", [percent]),
    figure("a block, p50", "ms", [at(0.5)]),
    figure("a block, p99", "ms", [at(0.99)]),
  ];
}
