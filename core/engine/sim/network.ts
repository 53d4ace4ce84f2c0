import { Random } from "../../base/random.ts";
import { ManualClock } from "../../base/clock.ts";
import { Schedule } from "../../base/schedule.ts";
import { CloseCause } from "../common/engine.ts";
import { Agenda, type SimActor } from "./agenda.ts";
import { type SimLink, SimPhase, SimSocket, type SimSocketOwner } from "./socket.ts";
import { TraceHash } from "./trace_hash.ts";

/** Times are multiples of this, so that their sums are exact. */
const TICKS_PER_MS = 1024;
/** As Linux does: a lost first segment is sent again after 1, 2, 4 ... s, and given up after six times. */
const DIAL_RETRY_MS = 1_000;
const DIAL_RETRIES = 6;
const FIRST_EPHEMERAL_PORT = 32_768;

/** What a simulated network does to those who use it. Probabilities are by segment. */
export interface SimNetworkOptions {
  /** Least and most time from one end to the other. */
  readonly delayMs?: readonly [least: number, most: number];
  /** A segment is cut in two that arrive one after the other. */
  readonly splitProbability?: number;
  /** A segment, and all that follows on its connection, is held up. */
  readonly stallProbability?: number;
  readonly stallMs?: number;
  /** Both ends are reset instead. */
  readonly resetProbability?: number;
  /** Most bytes under way in one direction: sent, and not read by the other side's program. */
  readonly socketBytes?: number;
  /** Peers that wait in front of a listener; a further one tries again later, as its kernel would. */
  readonly backlog?: number;
  /** Connections between a source address and a destination. */
  readonly portsPerPair?: number;
  /** Told everything that happens, in words that are the same in every run with the same seed. */
  readonly trace?: (line: string) => void;
}

const DEFAULTS = {
  delayMs: [0.05, 0.5],
  splitProbability: 0,
  stallProbability: 0,
  stallMs: 200,
  resetProbability: 0,
  socketBytes: 64 * 1024,
  backlog: 4_096,
  portsPerPair: 28_232,
} as const satisfies SimNetworkOptions;

/** What is wrong with the way to an address. TCP loses nothing by it: what is held up arrives later. */
export interface SimTrouble {
  readonly heldUntilMs: number;
  readonly moreMs: number;
}

/** A listening socket of the simulated network. */
export interface SimListener {
  readonly address: number;
  readonly port: number;
  /** Peers that are connected and not taken, oldest first. */
  readonly backlog: SimSocket[];
  /** Engines that take from it: the workers of a host share one listening socket. */
  readonly holders: Set<SimHolder>;
}

/** Who takes peers from a listening socket. Must not do more than remember it. */
export interface SimHolder {
  /** Somebody waits in front of it. */
  knocked(): void;
}

/**
 * A network in one thread and virtual time. With the same seed and the same programs, everything happens again exactly
 * alike: the seed decides delays, cuts, stalls and resets; nothing else is left to chance.
 */
export class SimNetwork implements SimLink {
  readonly clock = new ManualClock();
  /** Whose turn comes when. */
  readonly agenda = new Agenda();
  /** Of everything that the network did. */
  readonly traceHash = new TraceHash();
  readonly socketBytes: number;
  readonly #options: Required<Omit<SimNetworkOptions, "trace">> & Pick<SimNetworkOptions, "trace">;
  readonly #random: Random;
  readonly #schedule = new Schedule();
  /** By port, then by address. */
  readonly #listeners = new Map<number, Map<number, SimListener>>();
  /** By address. */
  readonly #troubles = new Map<number, SimTrouble>();
  /** Local ports in use, by source, destination and its port. */
  readonly #ports = new Map<string, number>();
  #nextPort = FIRST_EPHEMERAL_PORT;
  #sockets = 0;

  constructor(seed: number, options: SimNetworkOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.socketBytes = this.#options.socketBytes;
    this.#random = new Random(seed);
  }

  /** When the network has something to deliver, `Infinity` if never. */
  nextEventMs(): number {
    return this.#schedule.nextMs;
  }

  /**
   * Plans something at a virtual time: a fault, a step of the wall clock, a change of mind. Whatever it touches, everybody
   * has a turn after it.
   */
  at(timeMs: number, action: () => void): void {
    this.#schedule.add(timeMs, () => {
      action();
      this.agenda.wakeAll();
    });
  }

  /** The same for what says itself whom it touches, by waking them. */
  plan(timeMs: number, action: () => void): void {
    this.#schedule.add(timeMs, action);
  }

  /** What goes to and from an address is held up until then, or takes so much longer from now on. */
  trouble(address: number, { heldUntilMs = 0, moreMs = 0 }: Partial<SimTrouble>): void {
    if (heldUntilMs === 0 && moreMs === 0) this.#troubles.delete(address);
    else this.#troubles.set(address, { heldUntilMs, moreMs });
  }

  /** Delivers what is due at the present virtual time. Engines do it at every poll. */
  deliver(): void {
    const nowMs = this.clock.monotonicMs();
    for (let act = this.#schedule.takeDue(nowMs); act; act = this.#schedule.takeDue(nowMs)) act();
  }

  /** Lets time pass, and delivers on the way whatever falls due. */
  advanceTo(timeMs: number): void {
    for (;;) {
      this.deliver();
      const leftMs = Math.min(timeMs, this.nextEventMs()) - this.clock.monotonicMs();
      if (leftMs <= 0) return;
      this.clock.advance(leftMs);
    }
  }

  /**
   * Gives a turn to whoever is due, and then goes on to the time at which something happens next.
   *
   * @param actors who takes part: each has a turn, since anybody may have done anything to it. Absent: as before, and
   * only who is due
   * @returns false if nothing will ever happen again
   */
  step(actors?: readonly SimActor[]): boolean {
    if (actors !== undefined) this.agenda.cast(actors);
    this.agenda.turn(this.clock.monotonicMs());
    const nextMs = Math.min(this.nextEventMs(), this.agenda.nextMs);
    if (nextMs === Infinity) return false;
    this.advanceTo(Math.max(nextMs, this.clock.monotonicMs()));
    return true;
  }

  /**
   * Steps until `isDone`.
   *
   * @returns false if virtual time went beyond `limitMs`, or nothing will ever happen again
   */
  run(actors: readonly SimActor[], isDone: () => boolean, limitMs = Infinity): boolean {
    this.agenda.cast(actors);
    while (!isDone()) {
      if (this.clock.monotonicMs() > limitMs || !this.step()) return isDone();
    }
    return true;
  }

  /**
   * Opens a listening socket, or shares the one that listens there already.
   *
   * @param address 0 for every address
   * @param port 0 for any free one
   */
  listen(holder: SimHolder, address: number, port: number): SimListener {
    const bound = port === 0 ? this.#freeListenPort() : port;
    const onPort = this.#listeners.get(bound) ?? new Map<number, SimListener>();
    const shared = onPort.get(address);
    if (shared !== undefined) {
      shared.holders.add(holder);
      return shared;
    }
    const listener = { address, port: bound, backlog: [], holders: new Set([holder]) };
    onPort.set(address, listener);
    this.#listeners.set(bound, onPort);
    return listener;
  }

  /** Closes a listening socket, once its last holder has; who still waits in front of it is reset. */
  unlisten(holder: SimHolder, listener: SimListener): void {
    listener.holders.delete(holder);
    if (listener.holders.size > 0) return;
    const onPort = this.#listeners.get(listener.port)!;
    onPort.delete(listener.address);
    if (onPort.size === 0) this.#listeners.delete(listener.port);
    for (const socket of listener.backlog.splice(0)) socket.reset();
  }

  /** Starts to connect; the owner is woken when it is decided how that went. */
  dial(owner: SimSocketOwner, source: number, address: number, port: number): SimSocket {
    const dialer = new SimSocket(this, this.#sockets++, source, address, port);
    dialer.owner = owner;
    const pair = pairOf(dialer);
    const used = this.#ports.get(pair) ?? 0;
    this.#ports.set(pair, used + 1);
    if (used >= this.#options.portsPerPair) dialer.fail(CloseCause.noPort);
    else this.#knock(dialer, 0);
    return dialer;
  }

  carry(from: SimSocket, what: string, size: number, arrive: () => void): void {
    const nowMs = this.clock.monotonicMs();
    const isLost = size > 0 && this.#happens(this.#options.resetProbability);
    const stallMs = this.#happens(this.#options.stallProbability) ? this.#options.stallMs : 0;
    const aloneMs = nowMs + this.#delayMs() + stallMs;
    from.lastArrivalMs = Math.max(from.lastArrivalMs, this.#delayed(from, aloneMs));
    this.#schedule.add(from.lastArrivalMs, () => {
      this.#trace(isLost ? "network reset" : what, from.id, size);
      if (!isLost) return arrive();
      from.breakDown();
      from.peer!.breakDown();
    });
  }

  signal(arrive: () => void): void {
    this.#schedule.add(this.clock.monotonicMs() + this.#delayMs(), arrive);
  }

  segmentSize(size: number): number {
    return size > 1 && this.#happens(this.#options.splitProbability)
      ? this.#random.between(1, size - 1)
      : size;
  }

  freePort(socket: SimSocket): void {
    if (socket.remotePort === 0) return; // the accepting side has none of its own
    const pair = pairOf(socket);
    const left = this.#ports.get(pair)! - 1;
    if (left > 0) this.#ports.set(pair, left);
    else this.#ports.delete(pair);
  }

  /** The first segment of a dial is on its way. */
  #knock(dialer: SimSocket, retries: number): void {
    this.signal(() => {
      if (dialer.phase !== SimPhase.connecting) return;
      const listener = this.#find(dialer.remoteAddress, dialer.remotePort);
      if (listener === undefined) {
        this.#trace("refused", dialer.id, 0);
        this.signal(() => dialer.fail(CloseCause.refused));
      } else if (listener.backlog.length < this.#options.backlog) {
        this.#pair(dialer, listener);
      } else if (retries < DIAL_RETRIES) {
        this.#trace("backlog full", dialer.id, 0);
        const againMs = this.clock.monotonicMs() + DIAL_RETRY_MS * 2 ** retries;
        this.#schedule.add(againMs, () => this.#knock(dialer, retries + 1));
      } else {
        dialer.fail(CloseCause.timeout);
      }
    });
  }

  #pair(dialer: SimSocket, listener: SimListener): void {
    const acceptor = new SimSocket(this, this.#sockets++, dialer.remoteAddress, dialer.localAddress, 0);
    acceptor.phase = SimPhase.up;
    acceptor.peer = dialer;
    dialer.peer = acceptor;
    listener.backlog.push(acceptor);
    for (const holder of listener.holders) holder.knocked();
    this.#trace("knock", dialer.id, 0);
    this.carry(acceptor, "connected", 0, () => dialer.establish());
  }

  #find(address: number, port: number): SimListener | undefined {
    const onPort = this.#listeners.get(port);
    return onPort?.get(address) ?? onPort?.get(0);
  }

  #freeListenPort(): number {
    while (this.#listeners.has(this.#nextPort)) this.#nextPort++;
    return this.#nextPort++;
  }

  #delayMs(): number {
    const [least, most] = this.#options.delayMs;
    const ticks = this.#random.between(Math.ceil(least * TICKS_PER_MS), Math.floor(most * TICKS_PER_MS));
    return ticks / TICKS_PER_MS;
  }

  /** When something arrives that would arrive at `timeMs`, had neither end a trouble. */
  #delayed({ localAddress, remoteAddress }: SimSocket, timeMs: number): number {
    if (this.#troubles.size === 0) return timeMs;
    let atMs = timeMs;
    for (const address of [localAddress, remoteAddress]) {
      const trouble = this.#troubles.get(address);
      if (trouble !== undefined) atMs = Math.max(atMs, trouble.heldUntilMs) + trouble.moreMs;
    }
    return atMs;
  }

  /** Draws only where there is something to decide, so that an unused fault doesn't shift the others. */
  #happens(probability: number): boolean {
    return probability > 0 && this.#random.float() < probability;
  }

  #trace(what: string, socket: number, size: number): void {
    const nowMs = this.clock.monotonicMs();
    this.traceHash.add(nowMs, what, socket, size);
    this.#options.trace?.(`${nowMs} ${what} ${socket} ${size}`);
  }
}

function pairOf(dialer: SimSocket): string {
  return `${dialer.localAddress}>${dialer.remoteAddress}:${dialer.remotePort}`;
}
