/**
 * What a claim costs in the SETs and the judge, without sockets and disk: one packet of 10,000 shares, 100,000 users who
 * claim at once. Most lose, and never reach the ledger.
 */
import { assert } from "../core/base/assert.ts";
import { EntryKind, kinds } from "../core/ledger/kinds/entry_kinds.ts";
import { LedgerLoop } from "../core/ledger/thread/ledger_loop.ts";
import { LedgerRing, ledgerRingBytes } from "../core/ledger/ring/ledger_ring.ts";
import { MemoryLedger } from "../core/ledger/judge/memory_ledger.ts";
import { sendBodyWords } from "../core/ledger/record/send_body.ts";
import { entryOf, type SetContext } from "../core/plugin/plugin.ts";
import { Random } from "../core/base/random.ts";
import { Entries, EntryCall } from "../core/set/awards/entries.ts";
import { VerdictWatch } from "../core/set/common/verdict_watch.ts";
import { Waker } from "../core/threads/waker.ts";
import { writeClaim } from "../core/wire/v1/writers.ts";
import { SEND_METRICS } from "../plugins/send/common/metrics.ts";
import send from "../plugins/send/mod.ts";
import { SendSet } from "../plugins/send/set/set_plugin.ts";

const USERS = 100_000;
const SHARES = 10_000;
const DEADLINE_MS = 9e15;
const METRICS = Object.keys(SEND_METRICS);

/** One SET with plugin `send` and a ledger, in one thread, without an engine. */
class Bench {
  answers = 0;
  /** Of the plugin's metrics, how often each was counted. */
  readonly #counts = new Int32Array(METRICS.length);
  readonly #ring = new LedgerRing(new SharedArrayBuffer(ledgerRingBytes(1 << 14)));
  readonly #loop = new LedgerLoop(new MemoryLedger(), [{ ring: this.#ring, waker: new Waker() }]);
  readonly #entries: Entries;
  readonly #call = new EntryCall();
  readonly #view = new DataView(new ArrayBuffer(512));
  #messages: Int32Array[] = [];
  readonly #set: SendSet;

  constructor() {
    const engine = { generation: new Int32Array(USERS) };
    const watch = new VerdictWatch(this.#ring, 1e9);
    this.#entries = new Entries(engine as never, this.#ring, watch, 0);
    const context: Partial<SetContext> = {
      index: 0,
      setCount: 1,
      seats: USERS,
      random: new Random(1),
      unixMs: 1,
      unixSeconds: 0,
      userOf: (connection) => connection,
      versionOf: () => 1,
      seatOf: (connection) => connection,
      generationOf: () => 0,
      metric: (name) => METRICS.indexOf(name),
      count: (handle) => {
        this.#counts[handle]++;
      },
      canPropose: () => this.#ring.hasRoom,
      canProposeAll: (places) => this.#ring.open + places <= this.#ring.capacity,
      propose: (entry) => this.#entries.addProposal(0, entry, 0),
      tickAt: () => {},
      push: () => true,
      awaitReceipt: () => {},
      answer: (_connection, _generation, write) => {
        write(this.#view, 256);
        this.answers++;
        return true;
      },
      postToSet: (_set, words, count) => {
        this.#messages.push(words.slice(0, count));
        return true;
      },
    };
    this.#set = new SendSet(context as SetContext, send.config.parse({}));
    this.#sendPacket();
    this.turn();
  }

  get paid(): number {
    return this.#counts[METRICS.indexOf("sendClaimsPaid")];
  }

  get empty(): number {
    return this.#counts[METRICS.indexOf("sendClaimsEmpty")];
  }

  /** Everybody claims. */
  claimAll(): void {
    const { handle } = this.#set.frames[0x0121];
    for (let user = 0; user < USERS; user++) {
      writeClaim(this.#view, 0, 0, 0xffff_ffff);
      handle(user, this.#view, 0, this.#view, 256, 0);
      if (user % 1_000 === 999) this.turn();
    }
    this.turn();
  }

  /** Messages, ledger and verdicts until nothing moves. */
  turn(): void {
    for (let isIdle = false; !isIdle;) {
      const messages = this.#messages;
      this.#messages = [];
      for (const words of messages) this.#set.onSetMessage(words, 0, words.length, 0);
      this.#set.onTick(0);
      this.#ring.publish();
      this.#loop.step();
      const verdicts = this.#ring.drain((words, at) => {
        this.#call.read(words, at);
        if (this.#call.kind !== EntryKind.part && words[at + 1] === 0) {
          this.#set.onVerdict(this.#call, -1, this.#view, 256, 0);
        }
      });
      isIdle = messages.length === 0 && verdicts === 0;
    }
  }

  #sendPacket(): void {
    const body = sendBodyWords({
      mode: 1,
      group: 0,
      deadlineMs: DEADLINE_MS,
      requestId: 1,
      recipients: Uint32Array.from({ length: USERS }, (_, user) => user),
      shares: new Uint32Array(SHARES).fill(7),
    });
    this.#entries.addParts(body, 0);
    this.#entries.addProposal(
      1,
      entryOf(kinds.send, { sender: 0, isFromHost: true, amountFen: 7 * SHARES, shares: SHARES, tag: 0 }),
      0,
    );
    this.#ring.publish();
    while (this.#loop.step() !== 0);
    this.#ring.drain(() => {});
  }
}

Deno.bench({
  name: `send: ${USERS} claims on one packet of ${SHARES} shares`,
  group: "send",
  n: 10,
  warmup: 2,
  fn(b) {
    const bench = new Bench();
    b.start();
    bench.claimAll();
    b.end();
    // A claim that is refused for another reason than an empty packet costs another time.
    const { answers, paid, empty } = bench;
    assert(
      answers === USERS && paid === SHARES && empty === USERS - SHARES,
      `${SHARES} of ${USERS} are paid and all answered, not ${paid} paid, ${empty} empty and ${answers} answered`,
    );
  },
});
