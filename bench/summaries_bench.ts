/**
 * What a host pays to hear of everybody else's awards: 50,000 a second of 600 hosts, a message of each host a second, over
 * two paths. A second of it must stay far under a second; the buses' own work is not in it.
 */
import assert from "node:assert/strict";
import { ManualClock } from "../core/base/clock.ts";
import type { Bus } from "../core/bus/bus.ts";
import { ForeignAwards } from "../core/ledger/registry/foreign_awards.ts";
import { NO_HEAD, START } from "../core/summaries/award_source.ts";
import { SummaryAgent } from "../core/summaries/summary_agent.ts";
import { SummarySeal } from "../core/summaries/summary_words.ts";

const HOSTS = 600;
const AWARDS_PER_S = 50_000;
const PER_HOST = Math.ceil(AWARDS_PER_S / HOSTS);
/** Seconds that are prepared: the table holds what all of them bring. */
const SECONDS = 60;
const TABLE = HOSTS * PER_HOST * SECONDS;

const rules = { keys: [{ id: 1, secret: new Uint8Array(16).fill(1) }], event: "gala" };
const clock = new ManualClock(1_700_000_000_000);

/** Every host's message of a second, sealed. */
function messagesOf(second: number): Uint8Array[] {
  const seal = new SummarySeal(rules);
  return Array.from({ length: HOSTS }, (_, host) => {
    const awards = new Uint32Array(PER_HOST * 3);
    for (let i = 0; i < PER_HOST; i++) {
      const n = (second * HOSTS + host) * PER_HOST + i;
      awards.set([n + 1, (n * 2_654_435_761) >>> 1, 1 + n % 60], i * 3);
    }
    const mark = (seq: number) =>
      seq === 0 ? START : { seq, head: seq.toString(16).padStart(NO_HEAD.length, "0") };
    return seal.writeAwards({
      ledger: host.toString(16).padStart(32, "0"),
      atMs: clock.wallMs() + second,
      from: mark(second * PER_HOST),
      to: mark((second + 1) * PER_HOST),
      tipSeq: (second + 1) * PER_HOST,
      awards,
    });
  });
}

class Listener {
  readonly foreign = ForeignAwards.of(TABLE);
  readonly #hear: ((from: string, bytes: Uint8Array) => void)[] = [];

  constructor() {
    const path = (): Bus => ({
      name: "path",
      state: { isConnected: true, trouble: undefined, dropped: 0 },
      offer: () => {},
      watch: () => {},
      tell: () => {},
      hear: (subject, on) => void (subject.startsWith("gala.awards.") && this.#hear.push(on)),
      close: () => Promise.resolve(),
    });
    new SummaryAgent({
      event: "gala",
      city: "all",
      buses: [path(), path()],
      seal: new SummarySeal(rules),
      source: {
        ledger: "f".repeat(32),
        hostNumber: 1,
        tip: () => START,
        knows: () => true,
        after: () => undefined,
      },
      foreign: this.foreign,
      clock,
      count: () => {},
      wake: () => {},
    });
  }

  hear(messages: readonly Uint8Array[]): void {
    for (const hear of this.#hear) for (const bytes of messages) hear("host", bytes);
  }
}

const seconds = Array.from({ length: SECONDS }, (_, second) => messagesOf(second));
let listener = new Listener();
let next = 0;

Deno.bench("a second of 50,000 awards of 600 hosts, by two paths", { n: SECONDS - 10, warmup: 5 }, () => {
  if (next === SECONDS) {
    listener = new Listener();
    next = 0;
  }
  const before = listener.foreign.size;
  listener.hear(seconds[next++]);
  assert.equal(listener.foreign.size - before, HOSTS * PER_HOST, "every award is new, and counted once");
});
