import { type PluginInstance, type SetContext, writeCue, writePolicy } from "../../core/plugin/plugin.ts";
import type { CueConfig } from "./config.ts";
import { CHANGES, decodeTold, type ToldFrames } from "./told.ts";

/** Where a frame has its time. */
const TIMESTAMP_AT = 4;
/** How often the SET goes on telling, and what a late turn makes up for at most. */
const TURN_MS = 20;
const MOST_TURNS = 4;

/**
 * The half of `cue` in a SET: brings a change to every version 1 user, with their next answer or in their turn, and the
 * present state to whoever logs in. While nothing changes it does nothing.
 */
export class CueSet implements PluginInstance {
  readonly #set: SetContext;
  readonly #spreadMs: number;
  readonly #m: Record<"turn" | "answer" | "login" | "telling", number>;
  /** By seat: the last change that the connection has heard of, and one more than its number; 0 for none. */
  readonly #heard: Uint16Array;
  readonly #connections: Uint32Array;
  /** One more than the highest seat that was ever taken. */
  #seats = 0;
  #change = 0;
  #told: ToldFrames = {
    epoch: 0,
    number: 0,
    cue: undefined,
    policy: undefined,
    resources: [],
    resourcesChange: 0,
  };
  /** Whom `#write` writes to, and whether they hear of resources too. */
  #reader = 0;
  #isToldResources = false;
  /** The seat whose turn is next, and how many turns are left of this change. */
  #next = 0;
  #left = 0;
  #perTurn = 0;
  #turnMs = 0;

  constructor(set: SetContext, { spreadMs }: Pick<CueConfig, "spreadMs">) {
    this.#set = set;
    this.#spreadMs = spreadMs;
    this.#heard = new Uint16Array(set.seats);
    this.#connections = new Uint32Array(set.seats);
    this.#m = {
      turn: set.metric("cueToldInTurn"),
      answer: set.metric("cueToldWithAnswer"),
      login: set.metric("cueToldAtLogin"),
      telling: set.metric("cueSetsTelling"),
    };
  }

  onLogin(connection: number): void {
    if (this.#set.versionOf(connection) === 0) return; // has no frame for it
    const seat = this.#set.seatOf(connection);
    this.#seats = Math.max(this.#seats, seat + 1);
    this.#connections[seat] = connection + 1;
    this.#heard[seat] = 0;
    if (this.#change !== 0) this.#push(seat, this.#m.login);
  }

  onClose(connection: number): void {
    this.#connections[this.#set.seatOf(connection)] = 0;
  }

  onMessage(words: Int32Array, at: number, _count: number, nowMs: number): void {
    const { change, told } = decodeTold(words, at);
    this.#change = change;
    this.#told = told;
    this.#left = this.#seats;
    this.#perTurn = Math.ceil(this.#seats * TURN_MS / this.#spreadMs);
    this.#turnMs = nowMs;
    this.#follow(this.#left > 0);
    if (this.#left > 0) this.#set.tickAt(nowMs + TURN_MS);
  }

  onAnswer(connection: number, reply: DataView, replyAt: number): number {
    const seat = this.#set.seatOf(connection);
    if (this.#connections[seat] === 0 || this.#heard[seat] === this.#change) return 0;
    this.#address(connection, seat);
    this.#set.count(this.#m.answer);
    return this.#write(reply, replyAt);
  }

  /** The turn of some seats. */
  onTick(nowMs: number): number {
    if (this.#left === 0) return Infinity;
    const turns = Math.min(MOST_TURNS, Math.max(1, Math.floor((nowMs - this.#turnMs) / TURN_MS)));
    this.#turnMs = nowMs;
    for (let i = Math.min(this.#left, turns * this.#perTurn); i > 0; i--) {
      this.#left--;
      this.#next = this.#next + 1 < this.#seats ? this.#next + 1 : 0;
      if (this.#connections[this.#next] !== 0 && this.#heard[this.#next] !== this.#change) {
        this.#push(this.#next, this.#m.turn);
      }
    }
    if (this.#left > 0) return nowMs + TURN_MS;
    this.#follow(false);
    return Infinity;
  }

  #push(seat: number, metric: number): void {
    const connection = this.#connections[seat] - 1;
    this.#address(connection, seat);
    if (this.#set.push(connection, this.#set.generationOf(connection), this.#write)) this.#set.count(metric);
  }

  /** A connection is about to hear of the present change, and of resources if it lacks them. */
  #address(connection: number, seat: number): void {
    this.#reader = connection;
    this.#isToldResources = this.#told.resources.length > 0 &&
      this.#age(this.#heard[seat]) > this.#age(this.#told.resourcesChange);
    this.#heard[seat] = this.#change;
  }

  /** How many changes ago one was. */
  #age(change: number): number {
    return change === 0 ? Infinity : (this.#change - change + CHANGES) % CHANGES;
  }

  readonly #write = (reply: DataView, replyAt: number): number => {
    const { epoch, number, cue, policy } = this.#told;
    const { unixMs } = this.#set;
    let size = 0;
    if (cue !== undefined) {
      const { state, wave, resource, startMs, lengthMs } = cue;
      size += writeCue(reply, replyAt, unixMs, epoch, number, state, wave, resource, startMs, lengthMs);
    }
    if (policy !== undefined) {
      const { minShakeMs, jitterMs, retryFirstMs, retryMostMs } = policy;
      size += writePolicy(
        reply,
        replyAt + size,
        unixMs,
        epoch,
        number,
        minShakeMs,
        jitterMs,
        retryFirstMs,
        retryMostMs,
      );
    }
    return this.#isToldResources ? size + this.#writeResources(reply, replyAt + size, unixMs) : size;
  };

  /** Each user has a depot of their own, so that all have as many. */
  #writeResources(reply: DataView, replyAt: number, unixMs: number): number {
    const { resources } = this.#told;
    const frame = resources[this.#set.userOf(this.#reader) % resources.length];
    for (let i = 0; i < frame.length; i++) reply.setUint8(replyAt + i, frame[i]);
    reply.setUint32(replyAt + TIMESTAMP_AT, unixMs / 0x1_0000_0000);
    reply.setUint32(replyAt + TIMESTAMP_AT + 4, unixMs);
    return frame.length;
  }

  #isFollowing = false;

  #follow(isFollowing: boolean): void {
    if (isFollowing === this.#isFollowing) return;
    this.#isFollowing = isFollowing;
    this.#set.followAnswers(isFollowing);
    this.#set.count(this.#m.telling, isFollowing ? 1 : -1);
  }
}
