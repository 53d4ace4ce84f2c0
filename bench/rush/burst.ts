/** A thousand packets that everybody claims at once: none may starve. */
import { DatabaseSync } from "node:sqlite";
import type { Host } from "../../core/cli/host.ts";
import { formatCount } from "../../core/base/units.ts";
import type { Behaviour } from "../../core/client/population/behaviour.ts";
import type { EngineName } from "../../core/engine/common/engine.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import type { Reading } from "../../core/rehearse/measure/measures.ts";
import type { CheckRow as Check } from "../../core/report/data/check.ts";
import { figure, type Found } from "../common/bench_result.ts";
import { premise } from "../common/premise.ts";
import { Crowd } from "./crowd.ts";

const SHARES = 100;
const PACKETS = 1_000;
/** Between a notice and its claim: all packets are sent before, and their claims come in any order. */
const CLAIM_AFTER_MS: [least: number, most: number] = [6_000, 10_000];
const LEAST_PAID_PER_S = 15_000;
const MOST_SLOWER = 2;

export async function runBurst(host: Host, engine: EngineName, users: number): Promise<Found> {
  await using crowd = await Crowd.gather(host, { engine, users, groupSize: SHARES, fundFen: 1_000_000 });
  const behaviour: Partial<Behaviour> = {
    sendFen: 10_000,
    shares: SHARES,
    groupSize: SHARES,
    claimAfterMs: CLAIM_AFTER_MS,
  };
  await crowd.behave({ ...behaviour, sendsPerS: PACKETS });
  const count = (name: string) => ({ client }: Reading) => client.counters[name];
  const sent = await crowd.until("the packets are sent", 20, (now) => count("sendsSent")(now) >= PACKETS);
  await crowd.behave(behaviour);
  const packets = count("sendsSent")(sent);
  const ended = await crowd.until("the claims", 120, (now) => count("claimsPaid")(now) >= packets * SHARES);
  await crowd.part();
  const { durations, spanMs } = drainTimes(crowd.ledger);
  premise(durations.length === packets, `the ledger has claims of ${durations.length} of ${packets} packets`);
  premise(count("disconnects")(ended) === 0, `${count("disconnects")(ended)} users were disconnected`);
  const paidPerS = count("claimsPaid")(ended) / spanMs * 1000;
  const [median, slowest] = [durations[durations.length >> 1], durations[durations.length - 1]];
  host.out(
    `  ${formatCount(packets)} packets: from its first claim to its last a packet takes ${median} ms, ` +
      `p99 ${durations[Math.floor(durations.length * 0.99)]} ms, the slowest ${slowest} ms; ` +
      `${formatCount(count("claimsBusy")(ended))} claims were asked to come again\n`,
  );
  const checks: Check[] = [
    {
      phase: "burst",
      what: "paid a second",
      seen: formatCount(paidPerS),
      wanted: `at least ${formatCount(LEAST_PAID_PER_S)}`,
      isMet: paidPerS >= LEAST_PAID_PER_S,
    },
    {
      phase: "burst",
      what: "slowest packet",
      seen: `${(slowest / median).toFixed(2)} times the median`,
      wanted: `at most ${MOST_SLOWER} times`,
      isMet: slowest <= MOST_SLOWER * median,
    },
  ];
  const figures = [
    figure("claims paid, all at once", "a second", [paidPerS]),
    figure("slowest packet, against the median", "times", [slowest / median]),
  ];
  return { checks, figures };
}

/** As the ledger has them: by packet the ms from its first paid claim to its last, sorted; and of all together. */
function drainTimes(directory: string): { durations: number[]; spanMs: number } {
  const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`, { readOnly: true });
  try {
    const claims = `from entry where kind = ${EntryKind.claim}`;
    const rows = db.prepare(`select max(at_ms) - min(at_ms) as ms ${claims} group by packet order by ms`)
      .all();
    const { ms } = db.prepare(`select max(at_ms) - min(at_ms) as ms ${claims}`).get()!;
    return { durations: rows.map(({ ms }) => Math.max(1, Number(ms))), spanMs: Number(ms) };
  } finally {
    db.close();
  }
}
