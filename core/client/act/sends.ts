import { record } from "../../counters/histogram.ts";
import { isForLater, Result, SendMode } from "../../wire/codes.ts";
import { writeFrame } from "../../wire/frame_codec.ts";
import { frames } from "../../wire/v1/frames.ts";
import type { Behaviour } from "../population/behaviour.ts";
import { elapsedUs, UserState } from "../state/fleet_users.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import { Schedule } from "../schedule/pacing.ts";
import { userIndexOf } from "../../base/segment.ts";
import { ANSWER_TIMEOUT_MS } from "../state/stall_watch.ts";
import { Ticker } from "../schedule/ticker.ts";
import type { FleetCommon } from "../state/fleet_common.ts";

/** A send or chat that is older when its turn comes is nobody's, in ms. */
const LATE_MS = 100;
/** Users that a packet without a group is for. */
const NAMED = 3;
/** Room for the frames that are written here. */
const MOST_FRAME_BYTES = 128;
const CHAT_TEXT = new TextEncoder().encode("恭喜发财,红包拿来");

export interface FleetSendsParts extends FleetCommon {
  readonly sendLatency: Uint32Array;
  /** The first request id: another one in each process, so that none is taken for an earlier run's. */
  readonly firstRequestId: number;
}

/** A send under way. */
interface Sent {
  /** When it left, in microseconds modulo 2^32. */
  readonly atUs: number;
  readonly amountFen: number;
}

/** Version 1 users who send packets and chat, each when a schedule says so that all hosts share. */
export class FleetSends {
  readonly #parts: FleetSendsParts;
  #behaviour: Behaviour;
  readonly #sends: Ticker;
  readonly #chats: Ticker;
  #requestId: number;
  /** By request id, in the order in which they left. */
  readonly #sent = new Map<number, Sent>();

  constructor(parts: FleetSendsParts, behaviour: Behaviour, wallMs: number) {
    this.#parts = parts;
    this.#behaviour = behaviour;
    this.#requestId = parts.firstRequestId;
    this.#sends = new Ticker(this.#schedule(behaviour.sendsPerS), wallMs);
    this.#chats = new Ticker(this.#schedule(behaviour.chatsPerS), wallMs);
  }

  /** When the next send or chat is due, in unix ms. */
  get nextDueMs(): number {
    return Math.min(this.#sends.nextDueMs, this.#chats.nextDueMs);
  }

  /** From now on users behave so. */
  behave(behaviour: Behaviour, wallMs: number): void {
    this.#behaviour = behaviour;
    this.#sends.follow(this.#schedule(behaviour.sendsPerS), wallMs);
    this.#chats.follow(this.#schedule(behaviour.chatsPerS), wallMs);
  }

  /** The wall clock has stepped. */
  seek(wallMs: number): void {
    this.#sends.seek(wallMs);
    this.#chats.seek(wallMs);
  }

  /** Sends what is due at a wall time. */
  tick(wallMs: number): void {
    while (this.#sends.nextDueMs <= wallMs) {
      this.#turn(this.#sends, wallMs, (user, id) => this.#send(user, id));
    }
    while (this.#chats.nextDueMs <= wallMs) {
      this.#turn(this.#chats, wallMs, (user, id) => this.#chat(user, id));
    }
  }

  /** Counts what has waited for too long as lost. */
  upkeep(): void {
    const { block, time } = this.#parts;
    for (const [requestId, { atUs }] of this.#sent) {
      if (elapsedUs(atUs, time.nowUs) <= ANSWER_TIMEOUT_MS * 1000) return;
      this.#sent.delete(requestId);
      block[M.sendsLost]++;
    }
  }

  /** The answer to a send. */
  answered(requestId: number, result: number): void {
    const { block, sendLatency, time } = this.#parts;
    const sent = this.#sent.get(requestId);
    if (sent === undefined) return void block[M.answersUnasked]++;
    this.#sent.delete(requestId);
    record(sendLatency, elapsedUs(sent.atUs, time.nowUs));
    if (result === Result.ok) {
      block[M.sendsDone]++;
      block[M.amountSentFen] += sent.amountFen;
    } else block[isForLater(result) ? M.sendsBusy : M.sendsRefused]++;
  }

  #turn(ticker: Ticker, wallMs: number, act: (user: number, userId: number) => void): void {
    const userId = ticker.take();
    const { users, slice } = this.#parts;
    const user = userIndexOf(slice, userId);
    const isOurs = user >= 0 && users.state[user] === UserState.ready &&
      wallMs - ticker.takenDueMs <= LATE_MS;
    if (isOurs) act(user, userId);
  }

  #send(user: number, userId: number): void {
    const { total, time, block } = this.#parts;
    const { sendFen, shares, groupSize } = this.#behaviour;
    const group = groupSize === 0 ? 0 : 1 + Math.floor(userId / groupSize);
    const named = groupSize === 0 ? Math.min(NAMED, total - 1) : 0;
    const users = Array.from({ length: named }, (_, i) => (userId + 1 + i) % total);
    const count = groupSize === 0 ? Math.min(shares, named) : shares;
    const requestId = this.#nextRequestId();
    const isSent = this.#write(
      user,
      (view, at) =>
        writeFrame(frames.send, view, at, time.wallMs, {
          requestId,
          amountFen: sendFen,
          shares: count,
          mode: SendMode.random,
          group,
          users,
        }),
    );
    if (!isSent) return;
    this.#sent.set(requestId, { atUs: time.nowUs, amountFen: sendFen });
    block[M.sendsSent]++;
  }

  #chat(user: number, userId: number): void {
    const { time, block } = this.#parts;
    const { groupSize } = this.#behaviour;
    const group = groupSize === 0 ? 1 : 1 + Math.floor(userId / groupSize);
    const requestId = this.#nextRequestId();
    const isSent = this.#write(
      user,
      (view, at) => writeFrame(frames.chat, view, at, time.wallMs, { requestId, group, text: CHAT_TEXT }),
    );
    if (isSent) block[M.chatsSent]++;
  }

  /** False if the user's server doesn't read. */
  #write(user: number, write: (view: DataView, at: number) => number): boolean {
    const { engine, users, block } = this.#parts;
    const connection = users.connection[user];
    const at = engine.reserve(connection, MOST_FRAME_BYTES);
    if (at < 0) return false;
    const size = write(engine.output.view, at);
    engine.commit(connection, size);
    block[M.bytesOut] += size;
    return true;
  }

  #nextRequestId(): number {
    return this.#requestId = (this.#requestId + 1) >>> 0;
  }

  #schedule(perS: number): Schedule {
    return new Schedule("smooth", this.#parts.total, perS);
  }
}
