/** The host's cap, and up to ten times as much: what it admits in each second, and how fast. */
import type { Host } from "../../core/cli/host.ts";
import { formatCount, formatMicros } from "../../core/base/units.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import { phaseResult } from "../../core/rehearse/measure/measures.ts";
import type { CheckRow as Check } from "../../core/report/data/check.ts";
import { sleep } from "../../core/base/clock.ts";
import { figure, type Found } from "../common/bench_result.ts";
import { premise } from "../common/premise.ts";
import { withStage } from "./played.ts";

const CAP_PER_S = 10_000;
/** A little more than the cap at first: what comes by chance in a second is not all that may. */
const OFFERED_PER_S = [10_500, 20_000, 50_000, 100_000];
const SECONDS = 8;
/** A cap is tried by so much more than it. */
const MIN_SENT = 1.02;
const SETTLE_MS = 2_000;
const LEAST_PERCENT = 95;
const MOST_P99_US = 20_000;
/** A reading's own moment is known to the ms; a second in which the cap is met to the last may show a little more. */
const READING_PERCENT = 0.5;

export function runCap(host: Host, engine: EngineName, users: number): Promise<Found> {
  const set = {
    "throttle.hostPerS": CAP_PER_S,
    "throttle.connectionPerS": 1_000,
    "throttle.connectionBurst": 1_000,
  };
  const phases = [{ name: "silence", seconds: 1, shakesPerS: 0 }];
  return withStage(host, engine, users, { server: { set }, phases }, async (stage) => {
    const checks: Check[] = [];
    const leastPercents: number[] = [];
    const p99Ms: number[] = [];
    for (const perS of OFFERED_PER_S) {
      await stage.client.request("POST", "/rate", { qps: perS });
      await sleep(SETTLE_MS);
      const readings = [await stage.read()];
      for (let second = 0; second < SECONDS; second++) {
        await sleep(1_000);
        readings.push(await stage.read());
      }
      const admitted = readings.slice(1).map(({ server }, i) => {
        const before = readings[i].server;
        const spentS = (server.readAtMs - before.readAtMs) / 1000;
        return (server.counters.throttleAdmitted - before.counters.throttleAdmitted) / spentS;
      });
      const result = phaseResult("cap", SECONDS, readings[0], readings[SECONDS]);
      const percent = admitted.map((count) => count / CAP_PER_S * 100);
      const [least, most] = [Math.min(...percent), Math.max(...percent)];
      const name = `${formatCount(perS)}/s`;
      premise(
        result.sent >= MIN_SENT * CAP_PER_S * SECONDS,
        `${name}: ${Math.round(result.sent / SECONDS)}/s came, too little to try a cap of ${CAP_PER_S}/s`,
      );
      premise(result.disconnects === 0, `${name}: ${result.disconnects} users were disconnected`);
      leastPercents.push(least);
      p99Ms.push(result.admittedP99Us / 1_000);
      host.out(
        `  ${name}: ${formatCount(result.sent / SECONDS)}/s came (${
          formatCount(result.missed.late)
        } ticks late), server ${(result.server.cores * 100).toFixed(0)} % of a core\n`,
      );
      checks.push({
        phase: name,
        what: "admitted in every second",
        seen: `${least.toFixed(1)} to ${most.toFixed(1)} % of the cap`,
        wanted: `${LEAST_PERCENT} to 100 %`,
        isMet: least >= LEAST_PERCENT && most <= 100 + READING_PERCENT,
      }, {
        phase: name,
        what: "p99 of what was admitted",
        seen: formatMicros(result.admittedP99Us),
        wanted: `under ${formatMicros(MOST_P99_US)}`,
        isMet: result.admittedP99Us < MOST_P99_US,
      });
    }
    return {
      checks,
      figures: [
        figure("least admitted in a second, of the cap", "%", leastPercents),
        figure("p99 of what was admitted", "ms", p99Ms),
      ],
    };
  });
}
