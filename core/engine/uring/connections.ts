import type { EngineStats } from "../common/engine.ts";
import { Kind } from "./ring/user_data.ts";

/** How far a connection of the io_uring engine is. */
export const State = {
  free: 0,
  dialing: 1,
  open: 2,
  /** The peer will send no more. */
  ended: 3,
  /** This side has closed it, and has still bytes to send. */
  closing: 4,
  /** All is sent, and the peer was told so; it may take a while to end too. */
  lingering: 5,
  /** Over. Its number is free when the kernel has told the end of every operation. */
  leaving: 6,
} as const;

/** Whether the kernel tells of what comes for a connection instead of reading it. */
export const Watch = { none: 0, on: 1, ending: 2 } as const;

/** After so many full small buffers a connection gets a large one. */
export const FULL_RECEIVES = 4;

/** Columns by connection number. None is touched before its connection is used, so most of a million cost nothing. */
export class UringConnections {
  readonly generation: Int32Array;
  readonly state: Uint8Array;
  /** Why it is leaving. */
  readonly cause: Uint8Array;
  /** Operations of which a completion will still come. The slot can't have another user before. */
  readonly inFlight: Uint8Array;
  /** Whether the peer will send no more. */
  readonly hasPeerEnded: Uint8Array;
  /** Whether its bytes go to its queue, since some wait there or were just sent from there. */
  readonly isQueueing: Uint8Array;
  /** How many small buffers it has filled since it had a large one. */
  readonly fullReceives: Uint8Array;
  readonly watch: Uint8Array;
  /** The batch in which it sent last. */
  readonly sentInBatch: Int32Array;
  readonly #stats: EngineStats;

  constructor(generation: Int32Array, stats: EngineStats) {
    const capacity = generation.length;
    this.generation = generation;
    this.#stats = stats;
    this.state = new Uint8Array(capacity);
    this.cause = new Uint8Array(capacity);
    this.inFlight = new Uint8Array(capacity);
    this.hasPeerEnded = new Uint8Array(capacity);
    this.isQueueing = new Uint8Array(capacity);
    this.fullReceives = new Uint8Array(capacity);
    this.watch = new Uint8Array(capacity);
    this.sentInBatch = new Int32Array(capacity);
  }

  /** Whether it takes bytes to send. */
  isSending(connection: number): boolean {
    const state = this.state[connection];
    return state === State.open || state === State.ended;
  }

  /** Whether a completion is about the present user of a number; one that isn't is counted. */
  isOurs(connection: number, generation: number): boolean {
    if (this.generation[connection] === generation && this.state[connection] !== State.free) return true;
    this.#stats.staleEvents++;
    return false;
  }

  /** What would bring its next news, to be cancelled by its kind. */
  armedKind(connection: number): number {
    if (this.state[connection] === State.dialing) return Kind.connect;
    if (this.watch[connection] !== Watch.none) return Kind.pollEvent;
    return this.fullReceives[connection] === FULL_RECEIVES ? Kind.receiveLarge : Kind.receive;
  }

  /** A new user of the number. */
  start(connection: number, state: number): void {
    this.state[connection] = state;
    this.hasPeerEnded[connection] = 0;
    this.isQueueing[connection] = 0;
    this.fullReceives[connection] = 0;
    this.watch[connection] = Watch.none;
  }
}
