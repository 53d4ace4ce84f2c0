/**
 * Two engines that connect, talk, read less, fall silent, close and abort at random: whatever happens, bytes come in order to whom
 * they were sent, and at the end every number is free again. The seed is in the test's name.
 */
import { equal, ok } from "node:assert/strict";
import { AcceptMode, type Engine, type EngineOptions } from "../../core/engine/common/engine.ts";
import { EpollEngine } from "../../core/engine/epoll/epoll.ts";
import { openListener } from "../../core/engine/common/listener.ts";
import { libc, whyNoLibc } from "../../core/os/posix.ts";
import { UringEngine } from "../../core/engine/uring/uring.ts";
import { whyNoUring } from "../../core/engine/uring/ring/support.ts";
import { Random } from "../../core/base/random.ts";
import { Waker } from "../../core/threads/waker.ts";
import { type Clock, systemClock } from "../../core/base/clock.ts";
import { patternAt } from "./engine_harness.ts";

const LOOPBACK = 0x7f00_0001;
const CAPACITY = 120;
const ROUNDS = 150;
/** More than the kernel takes for a peer that doesn't read. */
const TALKATIVE_COMMITS = 500;
/** Reads a pass, one of which each side has for a while. */
const BUDGETS = [Infinity, Infinity, 1, 3, 30];
/** Longer than anything that an engine does later: what it left too long, and how it reads without a budget. */
const JUMP_MS = 3_000;

/** One engine, and what each of its connections has sent and received. */
class Talker {
  readonly engine: Engine;
  /** By connection: 1 from its start until this side ends it, or it ends. */
  readonly #isLive = new Uint8Array(CAPACITY);
  readonly #sent = new Float64Array(CAPACITY);
  readonly #received = new Float64Array(CAPACITY);

  constructor(engine: Engine, random: Random) {
    this.engine = engine;
    const start = (connection: number) => {
      this.#isLive[connection] = 1;
      this.#sent[connection] = this.#received[connection] = 0;
    };
    engine.attach({
      onWake() {},
      onDrain() {},
      onAccept: start,
      onConnect: start,
      onBytes: (connection, from, to) => {
        equal(this.#isLive[connection], 1, "no bytes come after an end");
        for (let at = from; at < to; at++) {
          equal(engine.input.bytes[at], patternAt(this.#received[connection]++), "bytes come in order");
        }
        if (random.below(50) === 0) engine.reads!.rest(connection, random.below(10) === 0);
      },
      onEnd: (connection) => {
        if (random.below(3) > 0) this.close(connection);
      },
      onClose: (connection) => this.#isLive[connection] = 0,
    });
  }

  /** Does something to one of its connections. */
  act(random: Random): void {
    const connection = random.below(CAPACITY);
    if (this.#isLive[connection] === 0) return;
    const dice = random.below(100);
    if (dice < 60) this.#send(connection, 1 + random.below(40));
    else if (dice < 85) this.#send(connection, 1 + random.below(9_000));
    else if (dice < 90) { for (let i = 0; i < TALKATIVE_COMMITS; i++) this.#send(connection, 8_000); }
    else if (dice < 96) this.close(connection);
    else this.#abort(connection);
  }

  closeAll(): void {
    for (let i = 0; i < CAPACITY; i++) if (this.#isLive[i] === 1) this.close(i);
  }

  close(connection: number): void {
    this.#isLive[connection] = 0;
    this.engine.close(connection);
  }

  #abort(connection: number): void {
    this.#isLive[connection] = 0;
    this.engine.abort(connection);
  }

  #send(connection: number, size: number): void {
    const at = this.engine.reserve(connection, size);
    if (at < 0) return;
    for (let i = 0; i < size; i++) this.engine.output.bytes[at + i] = patternAt(this.#sent[connection] + i);
    this.engine.commit(connection, size);
    this.#sent[connection] += size;
  }
}

function churn(make: (options: EngineOptions) => Engine, seed: number): void {
  const random = new Random(seed);
  let jumpedMs = 0;
  const clock: Clock = {
    wallMs: () => systemClock.wallMs() + jumpedMs,
    monotonicMs: () => systemClock.monotonicMs() + jumpedMs,
  };
  const options = { capacity: CAPACITY, clock, lingerMs: 100, queueBytes: 32 * 1024 };
  const server = new Talker(make({ ...options, waker: new Waker() }), random);
  const client = new Talker(make({ ...options, waker: new Waker() }), random);
  const listener = openListener(LOOPBACK, 0);
  server.engine.listen({ kind: "descriptor", ...listener });
  let slow: Talker | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    if (random.below(20) === 0) slow = [undefined, server, client][random.below(3)];
    if (random.below(10) === 0) server.engine.setAccepting(random.below(3) as AcceptMode);
    if (random.below(20) === 0) jumpedMs += JUMP_MS;
    for (let i = random.below(8); i > 0; i--) {
      const source = random.below(4) === 0 ? LOOPBACK + 1 : 0;
      client.engine.dial({ address: LOOPBACK, port: listener.port, source });
    }
    for (const talker of [server, client]) {
      if (random.below(8) === 0) talker.engine.reads!.budget = BUDGETS[random.below(BUDGETS.length)];
      for (let i = random.below(40); i > 0; i--) talker.act(random);
      if (talker === slow) continue;
      for (let i = random.below(4); i > 0; i--) talker.engine.poll(random.below(2));
    }
  }
  server.engine.setAccepting(AcceptMode.open);
  for (let turns = 0; server.engine.used + client.engine.used > 0; turns++) {
    ok(turns < 2_000, `${server.engine.used} and ${client.engine.used} numbers are not free`);
    // What waits for its time to be over needn't be waited for.
    if (turns % 500 === 499) jumpedMs += JUMP_MS;
    for (const talker of [server, client]) {
      talker.closeAll();
      talker.engine.poll(2);
    }
  }
  for (const { engine } of [server, client]) engine.shutdown();
  libc().close(listener.fd);
}

const kinds = [
  { name: "epoll", make: (options: EngineOptions) => new EpollEngine(options), why: whyNoLibc() },
  { name: "uring", make: (options: EngineOptions) => new UringEngine(options), why: whyNoUring() },
  {
    name: "uring of many rings",
    make: (options: EngineOptions) =>
      new UringEngine({ ...options, slotsPerRing: 7, isAcceptingPlainly: true }),
    why: whyNoUring(),
  },
];

for (const { name, make, why } of kinds) {
  for (const seed of [1, 2]) {
    Deno.test({
      name: `engine ${name} keeps bytes in order and frees every number, seed ${seed}${
        why === null ? "" : ` (skipped: ${why})`
      }`,
      ignore: why !== null,
      fn: () => churn(make, seed),
    });
  }
}
