/**
 * `deno task bench:ledger`: durable awards on one host, through sockets, with limits on and so many awards in the ledger
 * already. Prints the rate, the wait that the ledger adds to a winner's answer, how far the projection was behind, and
 * the CPU time of each process; with `--pairs` what those who win nothing feel of the others' awards.
 */
import { flag, wholeNumber } from "../core/cli/flags.ts";
import type { SparseHistogram } from "../core/counters/histogram.ts";
import { sleep } from "../core/base/clock.ts";
import { benchFlags } from "./bench_flags.ts";
import { fillLedger } from "./fill_ledger.ts";
import { type LedgerWindow, percentileMs, PlayedLedger, SPONSORS, USER_IDS } from "./ledger/played_ledger.ts";

/** What is compared with: the same shakes, and next to no awards. */
const FEW_AWARDS_PER_S = 1_000;

const { rate: awardsPerS, shakes, seconds, held, pairs } = benchFlags(
  "deno task bench:ledger",
  "Durable awards on one host.",
  {
    rate: flag("N", "awards a second that are offered", wholeNumber(1, 1_000_000).default(20_000)),
    shakes: flag(
      "N",
      "shakes a second, 0 for a tenth more than there are awards",
      wholeNumber(0, 1_000_000).default(0),
    ),
    seconds: flag("N", "for how long", wholeNumber(1, 3_600).default(60)),
    held: flag("N", "awards in the ledger already", wholeNumber(0, 100_000_000).default(5_000_000)),
    pairs: flag(
      "N",
      `so many times, for --seconds each, with ${FEW_AWARDS_PER_S} awards a second and with all: compares what losers wait`,
      wholeNumber(0, 1_000).default(0),
    ),
  },
);
/** More shakes than packets, so that packets are never short of shakers. */
const SHAKES_PER_AWARD = 1.1;
const LEAD_S = 3;
const PAIR_LEAD_S = 1;

const directory = await Deno.makeTempDir({ prefix: "redpkt-bench-" });
try {
  const ledger = `${directory}/ledger`;
  if (held > 0) {
    console.log(`filling a ledger with ${held} awards ...`);
    fillLedger(ledger, { awards: held, users: USER_IDS, isCheckpointed: true, firstSponsor: SPONSORS + 1 });
  }
  await using played = await PlayedLedger.start(ledger);
  const shakesPerS = shakes || awardsPerS * SHAKES_PER_AWARD;
  // First at half the rate: code that has never run is slow, and what queues meanwhile would be there for long.
  await played.shake(shakesPerS / 2);
  await played.give(awardsPerS, 2 * LEAD_S + (pairs === 0 ? seconds : 0));
  await sleep(LEAD_S * 1_000);
  await played.shake(shakesPerS);
  await sleep(LEAD_S * 1_000);
  if (pairs === 0) tell(await played.window(seconds));
  else await compare(played);
} finally {
  await Deno.remove(directory, { recursive: true });
}

/** Few awards and all, by turns: this machine's speed changes from minute to minute. */
async function compare(played: PlayedLedger): Promise<void> {
  const ratios: number[] = [];
  await sleep(PAIR_LEAD_S * 1_000);
  for (let pair = 1; pair <= pairs; pair++) {
    const waits: Record<string, number> = {};
    // The order alternates, so that neither is always the first.
    for (const name of pair % 2 === 0 ? ["few", "all"] : ["all", "few"]) {
      await played.give(name === "few" ? FEW_AWARDS_PER_S : awardsPerS, seconds + PAIR_LEAD_S);
      await sleep(PAIR_LEAD_S * 1_000);
      const window = await played.window(seconds);
      // What is left of its packets is won before the next window begins.
      await sleep(PAIR_LEAD_S * 1_000);
      waits[name] = percentileMs(window.losers(), 99);
      console.log(
        `pair ${pair}, ${name}:  ${window.perS("shakeWon")}/s durable, ${
          window.perS("shakeAwardsRefused")
        }/s refused, losers ${spread(window.losers())}, ` +
          `winners ${spread(window.histogram("wonLatencyUs", "client"))}; CPU ${
            window.cpuPercent("server").toFixed(0)
          } + ${window.cpuPercent("client").toFixed(0)} % of a core`,
      );
    }
    ratios.push(waits.all / waits.few);
    console.log(`pair ${pair}: losers' p99 with all awards is ${ratios.at(-1)!.toFixed(2)} of that with few`);
  }
  const [median] = ratios.sort((a, b) => a - b).slice(pairs >> 1);
  console.log(
    `losers' p99 with ${awardsPerS} awards/s over that with ${FEW_AWARDS_PER_S}: ${median.toFixed(2)}`,
  );
}

function tell(window: LedgerWindow): void {
  const perS = (name: string, of?: "client") => window.perS(name, of);
  console.log(
    `awards           ${perS("shakeWon")}/s durable, of ${awardsPerS}/s offered, for ${
      window.seconds.toFixed(0)
    } s`,
  );
  console.log(
    `shakes           ${perS("shakesAnswered", "client")}/s answered, ${perS("shakeNothing")}/s nothing, ` +
      `${perS("shakeLedgerFull")}/s with a full ring, ${perS("verdictsLate")}/s late`,
  );
  console.log(
    `refused          ${perS("ledgerSponsorLimit")}/s by the sponsor's limit, ` +
      `${perS("ledgerUserLimit")}/s by the user's`,
  );
  console.log(`added wait       ${spread(window.histogram("awardWaitUs"))}`);
  console.log(`commit           ${spread(window.histogram("ledgerCommitUs"))}, ${perS("ledgerCommits")}/s`);
  console.log(`winners          ${spread(window.histogram("wonLatencyUs", "client"))}`);
  console.log(`losers           ${spread(window.losers())}`);
  console.log(`projection       at most ${Math.round(window.lagMs)} ms behind`);
  console.log(`CPU server       ${window.cpuPercent("server").toFixed(0)} % of a core`);
  console.log(`CPU client       ${window.cpuPercent("client").toFixed(0)} % of a core`);
}

function spread(histogram: SparseHistogram): string {
  return [50, 99, 99.9].map((percent) => `p${percent} ${percentileMs(histogram, percent).toFixed(2)} ms`)
    .join("  ");
}
