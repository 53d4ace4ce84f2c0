import { z } from "zod";
import { Random, systemSeed } from "../base/random.ts";
import { formatCount } from "../base/units.ts";
import { ExitCode } from "../base/user_error.ts";
import { AwardState, awardStateName } from "../books/account/award_state.ts";
import type { BooksEvent } from "../books/contract/event.ts";
import { PARTS } from "../books/contract/openings.ts";
import type { Books } from "../books/contract/books.ts";
import type { BooksAway } from "../books/contract/books_away.ts";
import { BOOKS_FILE } from "../books/open/open_books.ts";
import { awaitBooks } from "../books/open/await_books.ts";
import { flag, type Flags, type FlagValues, switchFlag, wholeNumber } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { type Log, openLog } from "../cli/log.ts";
import { Progress } from "../cli/progress.ts";
import { Stop, stopOnSignal } from "../cli/stop.ts";
import { Settler, type SettlerSums } from "./settler.ts";
import type { SilentHost, Watermark } from "./watermark.ts";

/** How often the queue is counted anew, in ms. */
const COUNT_MS = 5_000;

const SETTLE_FLAGS = {
  books: flag("URL", "postgres://... or a SQLite file", z.string().default(BOOKS_FILE)),
  once: switchFlag("ends when the queue is empty; else it goes on until it is stopped"),
  "patience-seconds": flag(
    "N",
    "how long a host that says nothing is waited for",
    wholeNumber(0, 86_400).default(30),
  ),
  batch: flag("N", "openings that are judged in one transaction", wholeNumber(1, 100_000).default(2_000)),
  json: JSON_FLAG,
} satisfies Flags;

/** `redpkt settle`: says which openings are paid. */
export const command = commandOf({
  name: "settle",
  about: "Judges opened packets in the books, second by second. Any number may run at once.",
  flags: SETTLE_FLAGS,
  examples: [
    { line: "redpkt settle --once", shows: "judges what books.db has, and ends" },
    { line: "redpkt settle --books postgres://settler@db/books", shows: "goes on judging what hosts bring" },
  ],
}, settle);

async function settle(host: Host, values: FlagValues<typeof SETTLE_FLAGS>): Promise<number> {
  const stop = new Stop();
  const forget = stopOnSignal(host, stop);
  const log = openLog(host, "settle");
  const isStopped = () => stop.isStopped;
  const wait = (ms: number) => stop.wait(ms);
  const onAway = (error: BooksAway) => log("warn", "the books are away: waiting", { why: error.message });
  let books: Books | undefined;
  try {
    books = await awaitBooks(values.books, {}, { isStopped, wait, onAway });
    if (books === undefined) return ExitCode.ok;
    const shown = new ShownSettlement(host, log, books);
    const settler = new Settler({
      ...{ books, clock: host.clock, batch: values.batch, isOnce: values.once, isStopped, wait },
      patienceMs: values["patience-seconds"] * 1_000,
      firstPart: new Random(systemSeed()).below(PARTS),
      onBatch: (openings, watermark) => shown.on(openings, watermark),
      onAway: (error) => error === undefined ? log("info", "the books are back") : onAway(error),
    });
    await settler.run();
    const waiting = await shown.end();
    const { sums } = settler;
    writeResult(host, values.json, resultOf(sums, waiting), () => textOf(sums, books!.event, waiting));
    return ExitCode.ok;
  } finally {
    forget();
    await books?.close();
  }
}

/** What an operator sees of settlement: how far it is, and for whom it doesn't wait. */
class ShownSettlement {
  readonly #host: Host;
  readonly #log: Log;
  readonly #books: Books;
  readonly #progress: Progress;
  readonly #silent = new Set<number>();
  #judged = 0;
  /** Openings in the queue, as far as is known. */
  #waiting: number | undefined;
  #countedMs = -Infinity;

  constructor(host: Host, log: Log, books: Books) {
    this.#host = host;
    this.#log = log;
    this.#books = books;
    this.#progress = new Progress(host, "openings");
  }

  on(openings: number, watermark: Watermark): void {
    this.#judged += openings;
    this.#waiting = Math.max(0, (this.#waiting ?? 0) - openings);
    this.#progress.add(openings, this.#judged + this.#waiting, `settled${behindWhom(watermark)}`);
    for (const one of watermark.silent) {
      if (this.#silent.has(one.host)) continue;
      this.#silent.add(one.host);
      this.#log("warn", "not waiting for a silent host", { ...one });
    }
    if (this.#host.clock.monotonicMs() >= this.#countedMs + COUNT_MS) void this.#count();
  }

  /** How many wait at the end; undefined if nobody can say. */
  async end(): Promise<number | undefined> {
    this.#progress.end();
    this.#waiting = undefined;
    await this.#count();
    return this.#waiting;
  }

  async #count(): Promise<void> {
    this.#countedMs = this.#host.clock.monotonicMs();
    try {
      this.#waiting = (await this.#books.intake.queue()).openings;
    } catch {
      // The settler itself says that the books are away.
    }
  }
}

function behindWhom({ beforeS, behind }: Watermark): string {
  if (behind === undefined || beforeS === Infinity) return "";
  return ` up to ${new Date(beforeS * 1_000).toISOString().slice(11, 19)} (${
    hostName(behind)
  } is furthest behind)`;
}

function hostName({ host, name }: SilentHost): string {
  return name === "" ? `host ${host}` : `host ${host}, ${name},`;
}

function resultOf({ openings, again, states }: SettlerSums, waiting: number | undefined): object {
  const byState = Object.fromEntries([...states].map(([state, count]) => [awardStateName(state), count]));
  return {
    openings,
    payable: states.get(AwardState.queued) ?? 0,
    ...byState,
    twice: again,
    waiting: waiting ?? null,
  };
}

function textOf({ openings, again, states }: SettlerSums, event: BooksEvent, waiting?: number): string {
  const words: readonly (readonly [AwardState, string])[] = [
    [AwardState.queued, "payable"],
    [AwardState.held, "held"],
    [AwardState.overUser, `over ${event.packetsPerUser} a user`],
    [AwardState.overSponsor, `over ${event.packetsPerSponsor} of a sponsor`],
    [AwardState.revoked, "revoked"],
  ];
  const counts = words.filter(([state]) => states.has(state)).map(([state, what]) =>
    `${formatCount(states.get(state)!)} ${what}`
  );
  if (again > 0) counts.push(`${formatCount(again)} of packets that were judged before`);
  const what = counts.length === 0 ? "" : `: ${counts.join(", ")}`;
  const left = waiting === undefined ? "" : `; ${formatCount(waiting)} wait`;
  return `${formatCount(openings)} openings judged${what}${left}\n`;
}
