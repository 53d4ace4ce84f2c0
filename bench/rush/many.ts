/** A thousand open packets over all SETs, every claim is paid, at a steady rate. */
import type { Host } from "../../core/cli/host.ts";
import { formatCount, formatMicros } from "../../core/base/units.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import type { CheckRow as Check } from "../../core/report/data/check.ts";
import { sleep } from "../../core/base/clock.ts";
import { figure, type Found } from "../common/bench_result.ts";
import { premise } from "../common/premise.ts";
import { Crowd } from "./crowd.ts";

const SHARES = 100;
const SENDS_PER_S = 160;
/** One of a hundred never claims, so that packets stay open. */
const CLAIM_PERCENT = 99;
const OPEN = 1_000;
const SECONDS = 20;
const LEAST_PAID_PER_S = 15_000;
const MOST_P99_US = 20_000;

export async function runMany(host: Host, engine: EngineName, users: number): Promise<Found> {
  await using crowd = await Crowd.gather(host, { engine, users, groupSize: SHARES, fundFen: 1_000_000 });
  await crowd.behave({
    sendsPerS: SENDS_PER_S,
    sendFen: 10_000,
    shares: SHARES,
    groupSize: SHARES,
    claimPercent: CLAIM_PERCENT,
  });
  await sleep(OPEN / SENDS_PER_S * 1000 + 2_000);
  const result = await crowd.window("many", SECONDS);
  const { after, before } = result;
  const { sends, seconds, server, client } = result;
  const paidPerS = sends.paid / seconds;
  premise(result.disconnects === 0, `${result.disconnects} users were disconnected`);
  premise(
    sends.claimsAnswered > 0.98 * sends.claims,
    `${sends.claimsAnswered} of ${sends.claims} claims were answered`,
  );
  const open = before.client.counters.sendsDone;
  host.out(
    `  ${formatCount(open)} packets open at the start, ${
      formatCount(after.client.counters.sendsDone)
    } at the end; ` +
      `claim p50 ${formatMicros(sends.claimUs.p50)}; ` +
      `CPU: server ${(server.cores * 100).toFixed(0)} %, fleet ${
        (client.cores * 100).toFixed(0)
      } % of a core\n`,
  );
  const checks: Check[] = [
    {
      phase: "many",
      what: "open packets",
      seen: formatCount(open),
      wanted: `at least ${formatCount(OPEN)}`,
      isMet: open >= OPEN,
    },
    {
      phase: "many",
      what: "paid a second",
      seen: formatCount(paidPerS),
      wanted: `at least ${formatCount(LEAST_PAID_PER_S)}`,
      isMet: paidPerS >= LEAST_PAID_PER_S,
    },
    {
      phase: "many",
      what: "claim p99",
      seen: formatMicros(sends.claimUs.p99),
      wanted: `at most ${formatMicros(MOST_P99_US)}`,
      isMet: sends.claimUs.p99 <= MOST_P99_US,
    },
  ];
  const figures = [
    figure("claims paid, many packets open", "a second", [paidPerS]),
    figure("claim p99, many packets open", "ms", [sends.claimUs.p99 / 1_000]),
  ];
  return { checks, figures };
}
