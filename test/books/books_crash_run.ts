/** Kills PostgreSQL and uplinks in the middle of their work, lets the books fall back, and compares what they have. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { sleep } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { EVENT } from "./books_kinds.ts";
import { PostgresServer } from "./postgres_server.ts";
import { booksContentOf, contentOf, openingsIn, RealLedger } from "./real_ledger.ts";

export interface BooksCrashOptions {
  readonly seed: number;
  /** How often PostgreSQL is killed, and how often an uplink. */
  readonly kills: number;
  /** How often PostgreSQL goes on with an older copy of its data. */
  readonly fallBacks: number;
  readonly hosts?: number;
}

export interface BooksCrashResult {
  readonly postgresKills: number;
  readonly uplinkKills: number;
  readonly fallBacks: number;
  readonly rows: number;
  readonly openings: number;
  readonly openedFen: number;
  /** How long the books took to have all, after the last fault. */
  readonly caughtUpMs: number;
  /** What differs, one line a host. */
  readonly differences: readonly string[];
}

const UPLINK = new URL("./uplink_process.ts", import.meta.url).pathname;
/** Between two commits of a host, and between two faults. */
const COMMIT_MS = 10;
const FAULT_MS = 250;
const MOST_CATCHING_UP_MS = 120_000;

/** The processes that carry one host's ledger; now and then there are two. */
class Uplinks {
  readonly #host: number;
  readonly #directory: string;
  readonly #url: string;
  #running: Deno.ChildProcess[] = [];
  /** Ended by themselves, which they never do. */
  failed = 0;

  constructor(host: number, directory: string, url: string) {
    this.#host = host;
    this.#directory = directory;
    this.#url = url;
    this.start();
  }

  start(): void {
    const uplink = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--allow-all", UPLINK, String(this.#host), this.#directory, this.#url],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    this.#running.push(uplink);
    void uplink.status.then(({ signal }) => {
      if (signal !== "SIGKILL") this.failed++;
    });
  }

  async killAll(): Promise<void> {
    const ending = this.#running;
    this.#running = [];
    for (const uplink of ending) {
      try {
        uplink.kill("SIGKILL");
      } catch {
        // it has ended
      }
    }
    for (const uplink of ending) await uplink.status;
  }
}

/** Adds commits to every ledger, at its own pace, until it is told to stop. */
async function write(ledgers: readonly RealLedger[], random: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    for (const ledger of ledgers) {
      ledger.commit(1 + random.below(random.below(20) === 0 ? 400 : 20), Date.now());
    }
    await sleep(COMMIT_MS);
  }
}

export async function booksCrashRun(options: BooksCrashOptions): Promise<BooksCrashResult> {
  const { seed, kills, fallBacks, hosts = 3 } = options;
  const random = new Random(seed);
  await using postgres = await PostgresServer.start();
  const url = postgres.url();
  await makeBooks(url, EVENT);
  const numbers = Array.from({ length: hosts }, (_, i) => i + 1);
  const ledgers = numbers.map((host) => new RealLedger({ host, seed: seed + host }));
  const uplinks = numbers.map((host, i) => new Uplinks(host, ledgers[i].directory, url));
  let isOver = false;
  const writing = write(ledgers, random.fork(), () => isOver);
  try {
    let older = await copyOf(postgres);
    const every = fallBacks === 0 ? Infinity : Math.max(1, Math.floor(kills / fallBacks));
    let done = 0;
    for (let round = 0; round < kills; round++) {
      await sleep(random.below(FAULT_MS));
      const which = random.below(hosts);
      // Sometimes the one that was there goes on beside the new one, for a while.
      if (random.below(3) === 0) uplinks[which].start();
      await sleep(random.below(FAULT_MS));
      await uplinks[which].killAll();
      uplinks[which].start();
      await sleep(random.below(FAULT_MS));
      await postgres.kill9();
      if ((round + 1) % every === 0 && done < fallBacks) {
        await older();
        done++;
        older = await postgres.remember();
      }
      await postgres.restart();
    }
    isOver = true;
    await writing;
    const startMs = Date.now();
    await untilCaughtUp(url, ledgers, startMs);
    const caughtUpMs = Date.now() - startMs;
    assert.deepEqual(uplinks.map(({ failed }) => failed), numbers.map(() => 0), "no uplink ends by itself");
    return {
      postgresKills: kills,
      uplinkKills: kills,
      fallBacks: done,
      caughtUpMs,
      ...await compare(url, ledgers),
    };
  } finally {
    isOver = true;
    await writing;
    for (const each of uplinks) await each.killAll();
    for (const ledger of ledgers) ledger[Symbol.dispose]();
  }
}

/** A copy of PostgreSQL's data as a loss of power leaves them; it goes on. */
async function copyOf(postgres: PostgresServer): Promise<() => Promise<void>> {
  await postgres.kill9();
  const back = await postgres.remember();
  await postgres.restart();
  return back;
}

async function untilCaughtUp(url: string, ledgers: readonly RealLedger[], startMs: number): Promise<void> {
  const books = await openBooks(url);
  try {
    for (;;) {
      const cursors = await Promise.all(ledgers.map(({ host }) => books.intake.cursor(host)));
      if (ledgers.every(({ lastSeq }, i) => cursors[i]?.seq === lastSeq)) return;
      assert.ok(Date.now() - startMs < MOST_CATCHING_UP_MS, "the books catch up");
      await sleep(50);
    }
  } finally {
    await books.close();
  }
}

async function compare(url: string, ledgers: readonly RealLedger[]) {
  const books = await openBooks(url);
  const differences: string[] = [];
  let [rows, openings, openedFen] = [0, 0, 0];
  try {
    for (const { host, directory } of ledgers) {
      const truth = contentOf(directory);
      const found = await booksContentOf(books.intake, host);
      const opened = found.openings.map(({ seq, openedS, fen }) => ({ seq, openedS, fen }));
      if (!isDeepStrictEqual(found.rows, truth.rows)) {
        differences.push(
          `host ${host}: ${found.rows.length / 8} rows, and the ledger has ${truth.rows.length / 8}`,
        );
      }
      if (!isDeepStrictEqual(found.bodies, truth.bodies)) differences.push(`host ${host}: bodies differ`);
      if (!isDeepStrictEqual(opened, openingsIn(truth.rows))) {
        differences.push(`host ${host}: openings differ`);
      }
      rows += found.rows.length / 8;
      openings += opened.length;
      openedFen += opened.reduce((sum, { fen }) => sum + fen, 0);
    }
  } finally {
    await books.close();
  }
  return { rows, openings, openedFen, differences };
}
