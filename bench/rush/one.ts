/** One packet for everybody, and everybody claims at once: most lose. */
import type { Host } from "../../core/cli/host.ts";
import { formatCount, formatMicros } from "../../core/base/units.ts";
import { Histogram } from "../../core/counters/histogram.ts";
import type { Behaviour } from "../../core/client/population/behaviour.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import type { Reading } from "../../core/rehearse/measure/measures.ts";
import type { CheckRow as Check } from "../../core/report/data/check.ts";
import { figure, type Found } from "../common/bench_result.ts";
import { premise } from "../common/premise.ts";
import { Crowd } from "./crowd.ts";

const SHARES = 10_000;
const SEND_FEN = 1_000_000;
/** Between a notice and its claim, so that the notices are out before. */
const CLAIM_AFTER_MS = 8_000;
const LEAST_CLAIMS_PER_S = 50_000;

export async function runOne(host: Host, engine: EngineName, users: number): Promise<Found> {
  await using crowd = await Crowd.gather(host, { engine, users, groupSize: users, fundFen: SEND_FEN });
  const shares = Math.min(SHARES, users);
  const behaviour: Partial<Behaviour> = {
    sendFen: SEND_FEN,
    shares,
    groupSize: users,
    claimAfterMs: [CLAIM_AFTER_MS, CLAIM_AFTER_MS],
  };
  await crowd.behave({ ...behaviour, sendsPerS: 1 });
  const count = (name: string) => ({ client }: Reading) => client.counters[name];
  const sent = await crowd.until("the packet is sent", 10, (now) => count("sendsSent")(now) > 0);
  await crowd.behave(behaviour);
  const packets = count("sendsSent")(sent);
  const told = await crowd.until(
    "the notices",
    60,
    (now) => count("noticesReceived")(now) >= users * packets,
  );
  const began = await crowd.until("the first claim", 60, (now) => count("claimsSent")(now) > 0);
  const ended = await crowd.until(
    "the answers",
    60,
    (now) => count("claimsAnswered")(now) >= users * packets,
  );
  premise(packets === 1, `${packets} packets were sent, where everybody should claim of one`);
  premise(
    count("claimsSent")(told) === 0,
    `${count("claimsSent")(told)} claims came before all had heard of the packet`,
  );
  premise(count("claimsBusy")(ended) === 0, `${count("claimsBusy")(ended)} claims were asked to come again`);
  const seconds = (ended.client.readAtMs - began.client.readAtMs) / 1000;
  const claims = count("claimsAnswered")(ended) - count("claimsAnswered")(began);
  const perS = claims / seconds;
  const latency = new Histogram().add(ended.client.histograms.claimLatencyUs);
  const cpuUs = (of: "server" | "client") =>
    (ended[of].cpuUserMs + ended[of].cpuSystemMs - began[of].cpuUserMs - began[of].cpuSystemMs) * 1000 /
    claims;
  host.out(
    `  notices in ${((told.client.readAtMs - sent.client.readAtMs) / 1000).toFixed(2)} s; ` +
      `claims in ${seconds.toFixed(2)} s, p50 ${formatMicros(latency.percentile(50))}, ` +
      `p99 ${formatMicros(latency.percentile(99))}; ` +
      `CPU a claim: server ${cpuUs("server").toFixed(1)} us, fleet ${cpuUs("client").toFixed(1)} us\n`,
  );
  const { client } = ended;
  const check = (what: string, seen: number, wanted: number): Check => ({
    phase: "one",
    what,
    seen: formatCount(seen),
    wanted: formatCount(wanted),
    isMet: seen === wanted,
  });
  const checks: Check[] = [
    {
      phase: "one",
      what: "claims a second",
      seen: formatCount(perS),
      wanted: `at least ${formatCount(LEAST_CLAIMS_PER_S)}`,
      isMet: perS >= LEAST_CLAIMS_PER_S,
    },
    check("claims answered", client.counters.claimsAnswered, users * packets),
    check("claims paid", client.counters.claimsPaid, shares * packets),
    check("fen paid", client.counters.amountClaimedFen, SEND_FEN * packets),
    check("disconnects", client.counters.disconnects, 0),
  ];
  const figures = [
    figure("claims on one packet", "a second", [perS]),
    figure("claim p99", "ms", [latency.percentile(99) / 1_000]),
    figure("server CPU a claim", "us", [cpuUs("server")]),
  ];
  return { checks, figures };
}
