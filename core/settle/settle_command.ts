import { z } from "zod";
import { Random, systemSeed } from "../base/random.ts";
import { formatCount } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { AwardState, awardStateName } from "../books/contract/award_state.ts";
import type { BooksEvent } from "../books/contract/event.ts";
import { PARTS } from "../books/contract/openings.ts";
import { BOOKS_FILE, openBooks } from "../books/open/open_books.ts";
import {
  flag,
  type Flags,
  type FlagValues,
  helpText,
  parseFlags,
  switchFlag,
  wholeNumber,
} from "../cli/flags.ts";
import type { Command, Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { openLog } from "../cli/log.ts";
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
export const command: Command = {
  summary: "judges what was opened at all hosts: who is paid, and what is over a limit",
  async run(host, args) {
    const { values, operands, wantsHelp } = parseFlags(args, SETTLE_FLAGS);
    if (wantsHelp) {
      const about = "Judges opened packets in the books, second by second. Any number may run at once.";
      host.out(helpText("redpkt settle [FLAGS]", about, SETTLE_FLAGS));
      return ExitCode.ok;
    }
    if (operands.length > 0) throw new UserError(`${operands.join(" ")}: redpkt settle takes flags only`);
    return await settle(host, values);
  },
};

async function settle(host: Host, values: FlagValues<typeof SETTLE_FLAGS>): Promise<number> {
  const books = await openBooks(values.books);
  const stop = new Stop();
  const forget = stopOnSignal(host, stop);
  const log = openLog(host, "settle");
  const progress = new Progress(host, "openings");
  const silent = new Set<number>();
  let waiting = (await books.intake.queue()).openings;
  let countedMs = host.clock.monotonicMs();
  function onBatch(openings: number, watermark: Watermark): void {
    waiting = Math.max(0, waiting - openings);
    progress.add(openings, settler.sums.openings + waiting, `settled${behindWhom(watermark)}`);
    for (const one of watermark.silent) {
      if (silent.has(one.host)) continue;
      silent.add(one.host);
      log("warn", "not waiting for a silent host", { ...one });
    }
    if (host.clock.monotonicMs() < countedMs + COUNT_MS) return;
    countedMs = host.clock.monotonicMs();
    void books.intake.queue().then(({ openings }) => waiting = openings, () => {});
  }
  const settler = new Settler({
    books,
    clock: host.clock,
    batch: values.batch,
    patienceMs: values["patience-seconds"] * 1_000,
    firstPart: new Random(systemSeed()).below(PARTS),
    isOnce: values.once,
    isStopped: () => stop.isStopped,
    wait: (ms) => stop.wait(ms),
    onBatch,
    onAway: (error) =>
      error === undefined
        ? log("info", "the books are back")
        : log("warn", "the books are away: waiting", { why: error.message }),
  });
  try {
    await settler.run();
    progress.end();
    const left = (await books.intake.queue()).openings;
    const result = resultOf(settler.sums, left);
    writeResult(host, values.json, result, () => textOf(settler.sums, books.event, left));
    return ExitCode.ok;
  } finally {
    forget();
    await books.close();
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

function resultOf({ openings, again, states }: SettlerSums, waiting: number): object {
  const byState = Object.fromEntries([...states].map(([state, count]) => [awardStateName(state), count]));
  return { openings, payable: states.get(AwardState.queued) ?? 0, ...byState, twice: again, waiting };
}

function textOf({ openings, again, states }: SettlerSums, event: BooksEvent, waiting: number): string {
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
  return `${formatCount(openings)} openings judged${what}; ${formatCount(waiting)} wait\n`;
}
