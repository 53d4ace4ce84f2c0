import { type PluginInstance, type SetContext, writeCue, writePolicy } from "../../core/plugin/plugin.ts";
import type { CueConfig } from "./config.ts";
import { decodeTold, type Told } from "./told.ts";

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
  #told: Told = { epoch: 0, number: 0, cue: undefined, policy: undefined };
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
    this.#heard[seat] = this.#change;
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
    this.#heard[seat] = this.#change;
    if (this.#set.push(connection, this.#set.generationOf(connection), this.#write)) this.#set.count(metric);
  }

  readonly #write = (reply: DataView, replyAt: number): number => {
    const { epoch, number, cue, policy } = this.#told;
    const { unixMs } = this.#set;
    let size = 0;
    if (cue !== undefined) {
      const { state, wave, resource, startMs, lengthMs } = cue;
      size += writeCue(reply, replyAt, unixMs, epoch, number, state, wave, resource, startMs, lengthMs);
    }
    if (policy === undefined) return size;
    const { minShakeMs, jitterMs, retryFirstMs, retryMostMs } = policy;
    return size + writePolicy(
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
  };

  #isFollowing = false;

  #follow(isFollowing: boolean): void {
    if (isFollowing === this.#isFollowing) return;
    this.#isFollowing = isFollowing;
    this.#set.followAnswers(isFollowing);
    this.#set.count(this.#m.telling, isFollowing ? 1 : -1);
  }
}
