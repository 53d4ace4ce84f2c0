/** Packets that the host itself sends, beside a gala's shakes: what the shakes feel of it, and how fast notices are. */
import type { Host } from "../../core/cli/host.ts";
import { formatCount, formatMicros } from "../../core/base/units.ts";
import { Histogram } from "../../core/counters/histogram.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import type { CheckRow as Check } from "../../core/report/data/check.ts";
import { sleep } from "../../core/base/clock.ts";
import { figure, type Found } from "../common/bench_result.ts";
import { wasServed } from "../common/premise.ts";
import { Crowd } from "./crowd.ts";

const SHAKES_PER_S = 60_000;
const SENDS_PER_S = 200;
const RECIPIENTS = 3;
const SECONDS = 3;
/** Shakes under way at the ends of a window, as a part of a second's. */
const IN_FLIGHT = 0.05;
const SETTLE_MS = 500;
const MOST_NOTICE_US = 50_000;
const MOST_RATIO = 1.1;

export async function runNotices(
  host: Host,
  engine: EngineName,
  users: number,
  { pairs }: { readonly pairs: number },
): Promise<Found> {
  await using crowd = await Crowd.gather(host, { engine, users, groupSize: 0, fundFen: 0 });
  const { server, client } = crowd.stage;
  await client.request("POST", "/rate", { qps: SHAKES_PER_S });
  await sleep(3_000);
  const measure = async (isSending: boolean) => {
    if (isSending) {
      await server.request("POST", "/sends", {
        ratePerS: SENDS_PER_S,
        total: SENDS_PER_S * (SECONDS + 1),
        users: [0, users - 1],
        amountFen: 300,
      });
    }
    await sleep(SETTLE_MS);
    const result = await crowd.window("window", SECONDS);
    await sleep(isSending ? SETTLE_MS : 0);
    return result;
  };
  const ratios: number[] = [];
  const latency = new Histogram();
  let answered = 0;
  let sent = 0;
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? [true, false] : [false, true];
    const results = new Map<boolean, Awaited<ReturnType<typeof measure>>>();
    for (const isSending of order) results.set(isSending, await measure(isSending));
    const [beside, alone] = [results.get(true)!, results.get(false)!];
    for (const window of [beside, alone]) wasServed(window, IN_FLIGHT * SHAKES_PER_S);
    latency.add(beside.latencyBuckets);
    sent += beside.sent;
    answered += beside.answered;
    const ratio = beside.latencyUs.p50 / alone.latencyUs.p50;
    ratios.push(ratio);
    host.out(
      `  pair ${pair + 1}: shakes' p50 ${formatMicros(beside.latencyUs.p50)} with sends, ` +
        `${formatMicros(alone.latencyUs.p50)} without: ${ratio.toFixed(3)}\n`,
    );
  }
  const { server: totals, client: fleet } = await crowd.stage.read();
  const notice = new Histogram().add(totals.histograms.sendNoticeUs).percentile(99);
  const way = latency.percentile(99);
  const median = ratios.toSorted((a, b) => a - b)[ratios.length >> 1];
  const due = pairs * SENDS_PER_S * (SECONDS + 1) * RECIPIENTS;
  host.out(
    `  from a send to its notice's way p99 ${formatMicros(notice)}; from a shake to its answer p99 ` +
      `${formatMicros(way)}, ${(answered / Math.max(1, sent) * 100).toFixed(2)} % answered\n`,
  );
  const checks: Check[] = [
    {
      phase: "notices",
      what: "shakes' p50, with sends against without",
      seen: median.toFixed(3),
      wanted: `at most ${MOST_RATIO}`,
      isMet: median <= MOST_RATIO,
    },
    {
      phase: "notices",
      what: "notices, p99 of both ways together",
      seen: formatMicros(notice + way),
      wanted: `at most ${formatMicros(MOST_NOTICE_US)}`,
      isMet: notice + way <= MOST_NOTICE_US,
    },
    {
      phase: "notices",
      what: "notices received",
      seen: formatCount(fleet.counters.noticesReceived),
      wanted: `at least ${formatCount(due)}`,
      isMet: fleet.counters.noticesReceived >= due,
    },
  ];
  const figures = [
    figure("shakes' p50 beside the host's sends, against without", "times", ratios),
    figure("notice p99, both ways", "ms", [(notice + way) / 1_000]),
  ];
  return { checks, figures };
}
