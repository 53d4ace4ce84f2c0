/** A thousand open packets over all SETs, and every claim is paid. */
import { DatabaseSync } from "node:sqlite";
import type { Host } from "../../core/cli/host.ts";
import { formatCount, formatMicros } from "../../core/cli/units.ts";
import type { EngineName } from "../../core/engine/engine.ts";
import { EntryKind } from "../../core/ledger/entry.ts";
import { TRUTH_FILE } from "../../core/ledger/sqlite_store.ts";
import type { Check } from "../../core/rehearse/verdict.ts";
import { sleep } from "../../core/time/clock.ts";
import { Crowd } from "./crowd.ts";

const SHARES = 100;
const SENDS_PER_S = 160;
/** One of a hundred never claims, so that packets stay open. */
const CLAIM_PERCENT = 99;
const OPEN = 1_000;
const SECONDS = 20;
const LEAST_PAID_PER_S = 15_000;
const MOST_P99_US = 20_000;
const MOST_SLOWER = 2;

export async function runMany(host: Host, engine: EngineName, users: number): Promise<Check[]> {
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
  const fromMs = host.clock.wallMs() - SECONDS * 1000;
  const untilMs = fromMs + (SECONDS - 2) * 1000;
  await crowd.behave({ sendsPerS: 0 });
  await sleep(1_000);
  const { after, before } = result;
  await crowd.part();
  const { sends, seconds, server, client } = result;
  const paidPerS = sends.paid / seconds;
  const drained = drainTimes(crowd.ledger, fromMs, untilMs);
  const median = drained[drained.length >> 1];
  const slowest = drained[drained.length - 1];
  const open = before.client.counters.sendsDone;
  host.out(
    `  ${formatCount(open)} packets open at the start, ${
      formatCount(after.client.counters.sendsDone)
    } at the end; ` +
      `claim p50 ${formatMicros(sends.claimUs.p50)}; a packet's claims are paid in ` +
      `${median} ms, p99 ${drained[Math.floor(drained.length * 0.99)]} ms, the slowest in ${slowest} ms; ` +
      `CPU: server ${(server.cores * 100).toFixed(0)} %, fleet ${
        (client.cores * 100).toFixed(0)
      } % of a core\n`,
  );
  return [
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
    {
      phase: "many",
      what: "slowest packet",
      seen: `${(slowest / median).toFixed(2)} times the median`,
      wanted: `at most ${MOST_SLOWER} times`,
      isMet: slowest <= MOST_SLOWER * median,
    },
  ];
}

/** By packet sent in this time: the ms from its send to its last paid claim, as the ledger has them, sorted. */
function drainTimes(directory: string, fromMs: number, untilMs: number): number[] {
  const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`, { readOnly: true });
  try {
    const rows = db.prepare(`
      select max(claim.at_ms) - send.at_ms as ms
      from entry send join entry claim on claim.packet = send.packet and claim.kind = ${EntryKind.claim}
      where send.kind = ${EntryKind.send} and send.at_ms between ? and ?
      group by send.packet order by ms
    `).all(fromMs, untilMs);
    return rows.map(({ ms }) => Math.max(1, Number(ms)));
  } finally {
    db.close();
  }
}
