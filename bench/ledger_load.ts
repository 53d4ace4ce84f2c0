/**
 * `deno task bench:ledger`: durable awards on one host, through sockets, with limits on and so many awards in the ledger
 * already. Prints the rate, the wait that the ledger adds to a winner's answer, how far the projection was behind, and
 * the CPU time of each process; with `--pairs` what those who win nothing feel of the others' awards.
 */
import { z } from "zod";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import type { SparseHistogram } from "../core/counters/histogram.ts";
import { sleep } from "../core/base/clock.ts";
import { benchFlags } from "./bench_flags.ts";
import { type Figure, figure, runBench } from "./common/bench_result.ts";
import { diskText, durableDisk } from "./common/disk.ts";
import { fillLedger } from "./fill_ledger.ts";
import { checkLedgerWindow, checkTruth } from "./ledger/ledger_premises.ts";
import { type LedgerWindow, percentileMs, PlayedLedger, SPONSORS, USER_IDS } from "./ledger/played_ledger.ts";

/** What is compared with: the same shakes, and next to no awards. */
const FEW_AWARDS_PER_S = 1_000;

const { rate: awardsPerS, shakes, seconds, windows, held, pairs, out } = benchFlags(
  "deno task bench:ledger",
  "Durable awards on one host.",
  {
    rate: flag("N", "awards a second that are offered", wholeNumber(1, 1_000_000).default(20_000)),
    shakes: flag(
      "N",
      "shakes a second, 0 for a tenth more than there are awards",
      wholeNumber(0, 1_000_000).default(0),
    ),
    seconds: flag("N", "length of a window", wholeNumber(1, 3_600).default(12)),
    windows: flag("N", "windows", wholeNumber(1, 1_000).default(5)),
    held: flag("N", "awards in the ledger already", wholeNumber(0, 100_000_000).default(5_000_000)),
    pairs: flag(
      "N",
      `so many times, for --seconds each, with ${FEW_AWARDS_PER_S} awards a second and with all: compares what losers wait`,
      wholeNumber(0, 1_000).default(0),
    ),
    out: flag("FILE", "the results as JSON", z.string().default("out/ledger.json")),
  },
);
/** More shakes than packets, so that packets are never short of shakers. */
const SHAKES_PER_AWARD = 1.1;
const LEAD_S = 3;
const PAIR_LEAD_S = 1;
const shakesPerS = shakes || Math.round(awardsPerS * SHAKES_PER_AWARD);
const ledgerIn = (directory: string) => `${directory}/ledger`;

await runBench("bench:ledger", out, async () => {
  const directory = await Deno.makeTempDir({ prefix: "redpkt-bench-" });
  try {
    const disk = durableDisk(directory);
    console.log(diskText(disk));
    if (held > 0) {
      console.log(`filling a ledger with ${held} awards ...`);
      const users = { users: USER_IDS, firstSponsor: SPONSORS + 1 };
      fillLedger(ledgerIn(directory), { awards: held, isCheckpointed: true, ...users });
    }
    const { figures, won } = await play(ledgerIn(directory));
    checkTruth(ledgerIn(directory), won, held);
    return { figures, details: { awardsPerS, shakesPerS, seconds, held, disk } };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** Runs the server and its fleet; returns how many packets were won in all, too. */
async function play(ledger: string): Promise<{ figures: Figure[]; won: number }> {
  await using played = await PlayedLedger.start(ledger);
  // First at half the rate: code that has never run is slow, and what queues meanwhile would be there for long.
  await played.shake(shakesPerS / 2);
  await played.give(Math.round(awardsPerS / 2), LEAD_S);
  await sleep(LEAD_S * 1_000);
  await played.shake(shakesPerS);
  if (pairs > 0) return await compare(played);
  await played.give(awardsPerS, LEAD_S + windows * (seconds + 1));
  await sleep(LEAD_S * 1_000);
  const seen: LedgerWindow[] = [];
  for (let i = 0; i < windows; i++) {
    const window = await played.window(seconds);
    tell(window);
    checkLedgerWindow(window, { awardsPerS, shakesPerS });
    seen.push(window);
  }
  const of = (name: string, unit: string, value: (window: LedgerWindow) => number) =>
    figure(name, unit, seen.map(value));
  const p99Ms = (histogram: SparseHistogram) => percentileMs(histogram, 99);
  return {
    won: seen[seen.length - 1].wonInAll,
    figures: [
      of("durable awards", "a second", (window) => window.perS("shakeWon")),
      of("added wait, p50", "ms", (window) => percentileMs(window.histogram("awardWaitUs"), 50)),
      of("added wait, p99", "ms", (window) => p99Ms(window.histogram("awardWaitUs"))),
      of("losers' p99", "ms", (window) => p99Ms(window.losers())),
      of("projection behind, at most", "ms", ({ lagMs }) => lagMs),
      of("ledger thread", "% of a core", ({ ledgerPercent }) => ledgerPercent),
      of("server", "% of a core", (window) => window.cpuPercent("server")),
    ],
  };
}

/** Few awards and all, by turns: this machine's speed changes from minute to minute. */
async function compare(played: PlayedLedger): Promise<{ figures: Figure[]; won: number }> {
  const ratios: number[] = [];
  let won = 0;
  await sleep(PAIR_LEAD_S * 1_000);
  for (let pair = 1; pair <= pairs; pair++) {
    const waits: Record<string, number> = {};
    // The order alternates, so that neither is always the first.
    for (const name of pair % 2 === 0 ? ["few", "all"] : ["all", "few"]) {
      const perS = name === "few" ? FEW_AWARDS_PER_S : awardsPerS;
      await played.give(perS, seconds + PAIR_LEAD_S);
      await sleep(PAIR_LEAD_S * 1_000);
      const window = await played.window(seconds);
      // What is left of its packets is won before the next window begins.
      await sleep(PAIR_LEAD_S * 1_000);
      waits[name] = percentileMs(window.losers(), 99);
      won = window.wonInAll;
      console.log(
        `pair ${pair}, ${name}:  ${window.perS("shakeWon")}/s durable, losers ${spread(window.losers())}, ` +
          `winners ${spread(window.histogram("wonLatencyUs", "client"))}; CPU ${
            window.cpuPercent("server").toFixed(0)
          } + ${window.cpuPercent("client").toFixed(0)} % of a core`,
      );
      checkLedgerWindow(window, { awardsPerS: perS, shakesPerS });
    }
    ratios.push(waits.all / waits.few);
    console.log(`pair ${pair}: losers' p99 with all awards is ${ratios.at(-1)!.toFixed(2)} of that with few`);
  }
  const name = `losers' p99 with ${awardsPerS} awards/s over that with ${FEW_AWARDS_PER_S}`;
  return { won, figures: [figure(name, "times", ratios)] };
}

function tell(window: LedgerWindow): void {
  const perS = (name: string, of?: "client") => window.perS(name, of);
  console.log(
    `\nawards           ${perS("shakeWon")}/s durable, of ${awardsPerS}/s offered, for ${
      window.seconds.toFixed(0)
    } s`,
  );
  console.log(
    `shakes           ${perS("shakesAnswered", "client")}/s answered, ${perS("shakeNothing")}/s nothing`,
  );
  console.log(`added wait       ${spread(window.histogram("awardWaitUs"))}`);
  console.log(`commit           ${spread(window.histogram("ledgerCommitUs"))}, ${perS("ledgerCommits")}/s`);
  console.log(`winners          ${spread(window.histogram("wonLatencyUs", "client"))}`);
  console.log(`losers           ${spread(window.losers())}`);
  console.log(`projection       at most ${Math.round(window.lagMs)} ms behind`);
  console.log(
    `CPU              server ${window.cpuPercent("server").toFixed(0)} % of a core, ${
      window.ledgerPercent.toFixed(0)
    } % its ledger's thread; client ${window.cpuPercent("client").toFixed(0)} %`,
  );
}

function spread(histogram: SparseHistogram): string {
  return [50, 99, 99.9].map((percent) => `p${percent} ${percentileMs(histogram, percent).toFixed(2)} ms`)
    .join("  ");
}
