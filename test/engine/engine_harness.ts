/** Two engines in one thread, a recorder behind each, and turns instead of time: what the engine conformance cases use. */
import { assert } from "../../core/base/assert.ts";
import {
  type CloseCause,
  closeCauseName,
  type Engine,
  type EngineHandler,
} from "../../core/engine/common/engine.ts";
import type { Waker } from "../../core/threads/waker.ts";
import type { ManualClock } from "../../core/base/clock.ts";

/** How a pair of engines is to be made. */
export interface PairOptions {
  readonly serverCapacity?: number;
  readonly clientCapacity?: number;
  readonly queueBytes?: number;
}

/** Two engines that reach each other, made by a kit. Their clock stands still unless a case moves it. */
export interface Pair {
  readonly clock: ManualClock;
  readonly server: Engine;
  readonly client: Engine;
  readonly serverWaker: Waker;
  readonly clientWaker: Waker;
  /** Makes the server listen on 127.0.0.1 and returns the port; 0 for any. */
  listen(port: number): number;
  /** Lets this much time pass on the engines' clock. */
  passTime(ms: number): void;
  /** After every turn: lets a simulated network go on to its next event. */
  goOn?(): void;
  /** Shuts the server down and closes its listening socket. */
  stopServer(): void;
  /** Whether a listener can be opened on this port now. */
  canBind(port: number): boolean;
  /** A peer that is no engine, to see what an engine's peer sees. */
  dialRaw(port: number): Promise<RawPeer>;
  /** Lets at most `spare` more descriptors be opened. Only where a case can do so without harm to others. */
  limitDescriptors?(spare: number): void;
  liftLimit?(): void;
  /** Shuts down what still runs. */
  dispose(): void | Promise<void>;
}

/** The plain other end of a connection. */
export interface RawPeer {
  /** What has come so far. */
  readonly received: Uint8Array;
  readonly hasEnded: boolean;
  send(bytes: Uint8Array): void;
  /** Sends no more, and goes on reading. */
  end(): void;
  /** Until then it reads nothing. */
  startReading(): void;
  close(): void;
}

/** Makes pairs of one kind of engine. */
export interface Kit {
  readonly name: string;
  make(options: PairOptions): Pair;
  /** Runs the case of this name where nobody else is harmed by it: in a process of its own. */
  runAlone?(caseName: string): Promise<void>;
  /** Which features this kind lacks, and why: the reason stands in the output beside each case that was skipped. */
  readonly cannot: Partial<Record<Feature, string>>;
}

/** What some engines can't do, or what can't be proven of them in this place. */
export type Feature =
  | "reset" // the dialing side's abort reaches the peer as a reset
  | "wait" // poll waits
  | "descriptors" // connections count against the process's limit on descriptors
  | "source" // dial from a source address
  | "readLess"; // it can leave unread what comes

/** Turns without any event after which a condition is given up; each waits up to 2 ms on a real engine. */
const IDLE_TURNS = 2_000;

/** Which of the handler's methods was called, for which use of a number. */
export interface Seen {
  readonly kind: "accept" | "connect" | "bytes" | "end" | "drain" | "close";
  readonly connection: number;
  readonly generation: number;
  readonly cause?: CloseCause;
}

/** Records what an engine tells, and checks of each call that the contract allows it. */
export class Recorder implements EngineHandler {
  readonly seen: Seen[] = [];
  /** Off where a case checks bytes as they come, since it moves many. */
  isKeepingBytes = true;
  /** Called after the recorder's own part; a case sets what it needs. */
  readonly then: Partial<EngineHandler> = {};
  #isInPoll = false;
  #wakes = 0;
  readonly #counts = new Map<Seen["kind"], number>();
  readonly #engine: Engine;
  readonly #received = new Map<string, number[]>();
  /** By connection: the generation in use. */
  readonly #live = new Map<number, number>();
  readonly #leaving = new Set<number>();
  readonly #gone: [connection: number, generation: number][] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  count(kind: Seen["kind"]): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** The causes of all `onClose` so far, by name. */
  get causes(): string[] {
    return this.seen.filter((seen) => seen.kind === "close").map((seen) => closeCauseName(seen.cause!));
  }

  /** What one use of a connection received. */
  received(connection: number, generation: number): Uint8Array {
    return Uint8Array.from(this.#received.get(`${connection}:${generation}`) ?? []);
  }

  /** Around every poll. */
  startPoll(): void {
    this.#isInPoll = true;
    this.#wakes = 0;
  }

  endPoll(): void {
    assert(this.#wakes === 1, `a poll calls onWake once, not ${this.#wakes} times`);
    this.#isInPoll = false;
    this.#checkGenerations();
  }

  /** A connection number was handed out by `dial`. */
  noteDial(connection: number): void {
    assert(!this.#live.has(connection), `dial gives a free number, not ${connection}`);
    this.#live.set(connection, this.#engine.generation[connection]);
  }

  /** This side has called `close` or `abort`. */
  noteLeave(connection: number): void {
    this.#leaving.add(connection);
  }

  /** Between polls: numbers that were told to be gone have a new generation. */
  #checkGenerations(): void {
    for (const [connection, generation] of this.#gone.splice(0)) {
      const grown = this.#engine.generation[connection];
      assert(grown > generation, `the generation of ${connection} grows when it is freed`);
    }
    assert(this.#engine.used >= this.#live.size, "a live connection counts as used");
  }

  onWake(): void {
    assert(this.#isInPoll, "onWake comes from inside poll");
    this.#wakes++;
    this.then.onWake?.();
  }

  onAccept(connection: number): void {
    assert(!this.#live.has(connection), `onAccept has a free number, not ${connection}`);
    this.#live.set(connection, this.#engine.generation[connection]);
    this.#note("accept", connection);
    this.then.onAccept?.(connection);
  }

  onConnect(connection: number): void {
    this.#note("connect", connection);
    this.then.onConnect?.(connection);
  }

  onBytes(connection: number, start: number, end: number): void {
    const { input, maxReadBytes } = this.#engine;
    assert(end > start && end - start <= maxReadBytes, `onBytes brings 1 to ${maxReadBytes} bytes`);
    assert(!this.#leaving.has(connection), "no onBytes comes after close or abort");
    this.#note("bytes", connection);
    if (this.isKeepingBytes) this.#keep(connection, input.bytes.subarray(start, end));
    this.then.onBytes?.(connection, start, end);
  }

  onEnd(connection: number): void {
    this.#note("end", connection);
    this.then.onEnd?.(connection);
  }

  onDrain(connection: number): void {
    this.#note("drain", connection);
    this.then.onDrain?.(connection);
  }

  onClose(connection: number, cause: CloseCause): void {
    this.#note("close", connection, cause);
    this.then.onClose?.(connection, cause);
    this.#gone.push([connection, this.#live.get(connection)!]);
    this.#live.delete(connection);
    this.#leaving.delete(connection);
  }

  #keep(connection: number, bytes: Uint8Array): void {
    const key = `${connection}:${this.#live.get(connection)}`;
    const kept = this.#received.get(key);
    if (kept === undefined) this.#received.set(key, [...bytes]);
    else kept.push(...bytes);
  }

  #note(kind: Seen["kind"], connection: number, cause?: CloseCause): void {
    assert(this.#isInPoll && this.#wakes === 1, `on${kind} comes from inside poll and after onWake`);
    const generation = this.#live.get(connection);
    assert(generation !== undefined, `on${kind} names a live connection, not ${connection}`);
    assert(this.#engine.generation[connection] === generation, `on${kind} comes before its number is freed`);
    this.#counts.set(kind, this.count(kind) + 1);
    this.seen.push({ kind, connection, generation, ...(cause === undefined ? {} : { cause }) });
  }
}

/** One engine of a pair with its recorder. */
export class Side {
  readonly engine: Engine;
  readonly recorder: Recorder;
  readonly waker: Waker;

  constructor(engine: Engine, waker: Waker) {
    this.engine = engine;
    this.waker = waker;
    this.recorder = new Recorder(engine);
    engine.attach(this.recorder);
  }

  async poll(maxWaitMs: number): Promise<void> {
    this.recorder.startPoll();
    const polled = this.engine.poll(maxWaitMs);
    if (polled !== undefined) await polled;
    this.recorder.endPoll();
  }

  /** Commits bytes. False if the connection's queue can't hold them. */
  send(connection: number, bytes: Uint8Array): boolean {
    const at = this.engine.reserve(connection, bytes.length);
    if (at < 0) return false;
    this.engine.output.bytes.set(bytes, at);
    this.engine.commit(connection, bytes.length);
    return true;
  }

  close(connection: number): void {
    this.recorder.noteLeave(connection);
    this.engine.close(connection);
  }

  abort(connection: number): void {
    this.recorder.noteLeave(connection);
    this.engine.abort(connection);
  }
}

/** A pair at work. */
export class Harness {
  readonly pair: Pair;
  readonly server: Side;
  readonly client: Side;
  port = 0;

  constructor(pair: Pair) {
    this.pair = pair;
    this.server = new Side(pair.server, pair.serverWaker);
    this.client = new Side(pair.client, pair.clientWaker);
  }

  listen(): void {
    this.port = this.pair.listen(0);
    assert(this.port > 0, "listen tells the bound port");
  }

  /** Both sides have a turn, and wait a little if nothing has come. */
  turn(): Promise<void> {
    return this.#turnOf([this.server, this.client]);
  }

  /** Only one side has a turn: the other is slow. */
  turnAlone(side: Side): Promise<void> {
    return this.#turnOf([side]);
  }

  async #turnOf(sides: readonly Side[]): Promise<void> {
    const seen = this.#seen;
    for (const side of sides) await side.poll(0);
    if (this.#seen === seen) { for (const side of sides) await side.poll(1); }
    this.pair.goOn?.();
  }

  get #seen(): number {
    return this.server.recorder.seen.length + this.client.recorder.seen.length;
  }

  /** Turns until the condition holds. Given up after many turns in which nothing happened, never by the clock. */
  async until(condition: () => boolean, what: string, turn = () => this.turn()): Promise<void> {
    let idle = 0;
    let seen = -1;
    while (!condition()) {
      await turn();
      idle = this.#seen === seen ? idle + 1 : 0;
      seen = this.#seen;
      if (idle > IDLE_TURNS) {
        throw new Error(
          `Never: ${what}. Server: ${this.#told(this.server)}. Client: ${this.#told(this.client)}`,
        );
      }
    }
  }

  /** Some more turns, for what must not happen. */
  async turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.turn();
  }

  dial(source = 0, port = this.port): number {
    const connection = this.client.engine.dial({ address: 0x7f00_0001, port, source });
    if (connection >= 0) this.client.recorder.noteDial(connection);
    return connection;
  }

  /** Dials and waits until both sides know of it. @returns the connection's number on either side */
  async connect(): Promise<{ client: number; server: number }> {
    const accepts = this.server.recorder.count("accept");
    const connects = this.client.recorder.count("connect");
    const client = this.dial();
    await this.until(
      () =>
        this.server.recorder.count("accept") > accepts && this.client.recorder.count("connect") > connects,
      "a connection is up",
    );
    const server = this.server.recorder.seen.filter(({ kind }) => kind === "accept").at(-1)!.connection;
    return { client, server };
  }

  async finish(): Promise<void> {
    this.pair.liftLimit?.();
    await this.pair.dispose();
  }

  #told(side: Side): string {
    return side.recorder.seen.slice(-8).map(({ kind, connection, cause }) =>
      `${kind} ${connection}${cause === undefined ? "" : ` ${closeCauseName(cause)}`}`
    ).join(", ") || "nothing";
  }
}

/** Bytes whose order can be checked: they repeat only after 64 KiB. */
export function pattern(size: number, start = 0): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = patternAt(start + i);
  return bytes;
}

/** The byte of the pattern at a position. */
export function patternAt(position: number): number {
  return ((position & 0xff) * 31 + (position >> 8) * 7 + (position >> 16)) & 0xff;
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function ascii(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}
