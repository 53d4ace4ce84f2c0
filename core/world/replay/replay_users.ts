import { record } from "../../counters/histogram.ts";
import { Opcode, ShakeResult } from "../../wire/codes.ts";
import { Field, writeLoginRequest, writeShakeRequest } from "../../wire/version0.ts";
import { At, type ReplaySums } from "./replay_sums.ts";
import type { ReplayEngine, ReplayPeers } from "./replay_engine.ts";
import type { ReplayTrace } from "./replay_trace.ts";

/** Who plays at a host. */
export interface ReplayUsersOptions {
  /** Connections. Users take turns on them: each comes, shakes, and makes room for the next. */
  readonly seats: number;
  readonly firstUser: number;
  readonly users: number;
  /** Shakes of a user between login and leaving. */
  readonly shakesPerVisit: number;
  /** Ids of the host's tickets, by group: from here on, so many. */
  readonly groups: readonly { readonly firstId: number; readonly count: number; readonly group: number }[];
}

/** Which packets of a group users were told of. */
interface Told {
  readonly firstId: number;
  readonly isTold: Uint8Array;
}

/**
 * The users of a host, who speak version 0: their next shakes in turn, one under way each, and what they hear. Every answer
 * is counted, and goes into the trace.
 */
export class ReplayUsers implements ReplayPeers {
  /** Shakes that are to be sent in this turn. */
  due = 0;
  /** Shakes that were sent, and not answered yet. */
  unanswered = 0;
  /** Wins that are another's, or another sum, by the ledger: never. */
  wrongWins = 0;
  readonly #engine: ReplayEngine;
  readonly #options: ReplayUsersOptions;
  readonly #sums: ReplaySums;
  readonly #trace: ReplayTrace;
  readonly #isTheirs: (packetId: number, user: number, amountFen: number) => boolean;
  readonly #nowMs: () => number;
  readonly #unixSeconds: () => number;
  readonly #told: readonly Told[];
  /** By seat. */
  readonly #isConnected: Uint8Array;
  readonly #isIn: Uint8Array;
  readonly #isWaiting: Uint8Array;
  readonly #left: Uint32Array;
  readonly #user: Uint32Array;
  readonly #sentMs: Float64Array;
  #visits = 0;
  #next = 0;

  constructor(
    engine: ReplayEngine,
    options: ReplayUsersOptions,
    { sums, trace, nowMs, unixSeconds, isTheirs }: {
      /** Whether the ledger says the same of a win. */
      isTheirs(packetId: number, user: number, amountFen: number): boolean;
      readonly sums: ReplaySums;
      readonly trace: ReplayTrace;
      nowMs(): number;
      unixSeconds(): number;
    },
  ) {
    const { seats, groups } = options;
    this.#engine = engine;
    this.#options = options;
    this.#sums = sums;
    this.#trace = trace;
    this.#isTheirs = isTheirs;
    this.#nowMs = nowMs;
    this.#unixSeconds = unixSeconds;
    this.#told = groups.map(({ firstId, count }) => ({
      firstId,
      isTold: new Uint8Array(Math.ceil(count / 8)),
    }));
    this.#isConnected = new Uint8Array(seats);
    this.#isIn = new Uint8Array(seats);
    this.#isWaiting = new Uint8Array(seats);
    this.#left = new Uint32Array(seats);
    this.#user = new Uint32Array(seats);
    this.#sentMs = new Float64Array(seats);
  }

  /** Everybody of the first hour comes: on all seats, and not to leave all at once. */
  comeAll(): void {
    const { seats, shakesPerVisit } = this.#options;
    for (let i = 0; i < seats; i++) this.#come(1 + (i * 7_919) % shakesPerVisit);
  }

  turn(): void {
    const { seats } = this.#options;
    const { view } = this.#engine.input;
    const unixSeconds = this.#unixSeconds();
    const nowMs = this.#nowMs();
    // All frames of a turn are alike but for the user: only that is written anew.
    let isWritten = false;
    let looked = 0;
    while (this.due > 0 && looked < seats) {
      const seat = this.#next;
      this.#next = seat + 1 === seats ? 0 : seat + 1;
      looked++;
      if (this.#isWaiting[seat] === 1) continue;
      if (this.#isIn[seat] === 0 || this.#left[seat] === 0) {
        if (this.#isConnected[seat] === 1) this.#engine.hangUp(seat);
        this.#come(this.#options.shakesPerVisit);
        isWritten = false;
        if (this.#isIn[seat] === 0) continue;
      }
      this.#left[seat]--;
      this.#isWaiting[seat] = 1;
      this.#sentMs[seat] = nowMs;
      this.unanswered++;
      this.due--;
      this.#sums.minutes[this.#sums.base + At.shakes]++;
      if (isWritten) view.setUint32(Field.userId, this.#user[seat]);
      else writeShakeRequest(view, 0, unixSeconds, this.#user[seat]);
      isWritten = true;
      this.#engine.send(seat, SHAKE_BYTES);
      looked = 0;
    }
  }

  hear(seat: number, at: number, size: number): void {
    const { view } = this.#engine.output;
    for (const end = at + size; at < end; at += view.getUint16(at)) {
      const opcode = view.getUint16(at + Field.opcode);
      if (opcode === Opcode.shakeResponse) this.#answered(seat, view, at);
      else if (opcode === Opcode.loginResponse) this.#loggedIn(seat, view.getUint32(at + Field.result));
    }
  }

  ended(seat: number): void {
    this.#isConnected[seat] = 0;
    this.#isIn[seat] = 0;
    this.#sums.minutes[this.#sums.base + At.left]++;
    // Who is cut off in the middle has no answer: it shows as one that is missing.
    this.#isWaiting[seat] = 0;
  }

  /** The next user takes the seat that is free, and says who they are. */
  #come(shakes: number): void {
    const { firstUser, users } = this.#options;
    const { input } = this.#engine;
    const seat = this.#engine.connect();
    const user = firstUser + this.#visits++ % users;
    this.#isConnected[seat] = 1;
    this.#user[seat] = user;
    this.#left[seat] = shakes;
    this.#engine.send(seat, writeLoginRequest(input.view, 0, this.#unixSeconds(), user));
    this.#engine.tellClosed();
  }

  #loggedIn(seat: number, result: number): void {
    const isIn = result === 0;
    this.#isIn[seat] = isIn ? 1 : 0;
    this.#sums.minutes[this.#sums.base + (isIn ? At.logins : At.loginsRefused)]++;
    this.#trace.mix(seat << 4 | (isIn ? 1 : 2));
  }

  #answered(seat: number, view: DataView, at: number): void {
    const { minutes, base } = this.#sums;
    const result = view.getUint32(at + Field.result);
    this.#trace.mix(seat << 8 | result);
    if (result === ShakeResult.won) {
      const packetId = view.getUint32(at + Field.shakePacketId);
      const amountFen = view.getUint32(at + Field.shakeAmount);
      this.#trace.mix(packetId);
      this.#trace.mix(amountFen);
      if (!this.#isTheirs(packetId, this.#user[seat], amountFen)) this.wrongWins++;
      // What was won before, and perhaps not heard, is said again after a login: it answers no shake.
      if (!this.#isNews(packetId, amountFen)) {
        minutes[base + At.toldAgain]++;
        return;
      }
      minutes[base + At.won]++;
      minutes[base + At.wonFen] += amountFen;
      record(this.#sums.awardWaitUs, (this.#nowMs() - this.#sentMs[seat]) * 1000);
    } else {
      minutes[base + columnOf(result)]++;
    }
    this.#isWaiting[seat] = 0;
    this.unanswered--;
  }

  /** Notes a win; false if users were told of it before. */
  #isNews(packetId: number, amountFen: number): boolean {
    const { groups } = this.#options;
    let [low, high] = [0, groups.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (groups[middle].firstId <= packetId) low = middle;
      else high = middle - 1;
    }
    const { firstId, isTold } = this.#told[low];
    const [byte, bit] = [(packetId - firstId) >>> 3, 1 << ((packetId - firstId) & 7)];
    if ((isTold[byte] & bit) !== 0) return false;
    isTold[byte] |= bit;
    this.#sums.addToGroup(groups[low].group, "told", 1);
    this.#sums.addToGroup(groups[low].group, "toldFen", amountFen);
    return true;
  }
}

const SHAKE_BYTES = 16;

function columnOf(result: number): number {
  if (result === ShakeResult.nothing) return At.nothing;
  return result === ShakeResult.allGone ? At.allGone : At.overloaded;
}
