import { ADMIT, DROP, NO_REPLY, type RefusalHandler, refuseFor } from "../plugin/plugin.ts";
import { CloseCode, Opcode, PLUGIN_OPCODES } from "../wire/codes.ts";
import { Field } from "../wire/version0.ts";
import { TIMESTAMP_AT } from "../wire/schema.ts";
import { readU64 } from "../wire/u64.ts";
import { frames, Opcode1 } from "../wire/v1/frames.ts";
import { writePong } from "../wire/v1/writers.ts";
import type { AwardReceipts } from "./awards/award_receipts.ts";
import type { UserPasses } from "./awards/passes.ts";
import type { Connections } from "./common/connections.ts";
import { isOfVersion, versionOfLogin } from "./common/logins.ts";
import type { Replies } from "./common/replies.ts";
import type { SetCounters } from "./common/set_counters.ts";
import type { SetHost } from "./common/set_host.ts";
import type { SetPlugins } from "./common/set_plugins.ts";

export interface UserFramesParts {
  readonly host: SetHost;
  readonly counters: SetCounters;
  readonly plugins: SetPlugins;
  readonly replies: Replies;
  readonly receipts: AwardReceipts;
  readonly passes: UserPasses;
}

/**
 * Most replies that one connection may wait for at once; what it asks for beyond that is refused as by a plugin. So
 * whatever a connection sends, no more than this of it is under way to the ledger or to another SET.
 */
export const MOST_DEFERRED = 64;

/**
 * Frames of users who are logged in: asks the plugins whether a frame may cost anything, lets its handler write the
 * reply, and does what the handler intends. A frame allocates nothing and waits for nothing.
 */
export class UserFrames {
  readonly #host: SetHost;
  readonly #connections: Connections;
  readonly #counters: SetCounters;
  readonly #plugins: SetPlugins;
  readonly #replies: Replies;
  readonly #receipts: AwardReceipts;
  readonly #passes: UserPasses;

  constructor({ host, counters, plugins, replies, receipts, passes }: UserFramesParts) {
    this.#host = host;
    this.#connections = host.connections;
    this.#counters = counters;
    this.#plugins = plugins;
    this.#replies = replies;
    this.#receipts = receipts;
    this.#passes = passes;
  }

  /** Returns 0 or a close code. */
  take(connection: number, opcode: number, request: DataView, at: number): number {
    if (versionOfLogin(opcode) >= 0) return CloseCode.secondLogin;
    const user = this.#connections.user[connection];
    const version = this.#connections.version[connection];
    if (!isOfVersion(version, opcode)) return CloseCode.unknownOpcode;
    if (version === 0) {
      if (opcode < PLUGIN_OPCODES.from) {
        const named = request.getUint32(at + Field.userId);
        // The prototype's client leaves the user of a claim 0; the user is always the login's.
        if (named !== user && !(named === 0 && opcode === Opcode.claimRequest)) return CloseCode.wrongUser;
      }
      if (this.#connections.undelivered[connection] !== 0) {
        this.#receipts.received(connection, user, this.#host.nowMs);
      }
    }
    // A pass belongs to the login, which was admitted; how many there are is limited.
    if (opcode === Opcode1.carry) return this.#passes.take(connection, request, at);
    const code = this.#answer(connection, opcode, request, at);
    if (code !== 0 || !this.#plugins.isFollowed) return code;
    const isRead = this.#plugins.addToAnswer(connection, this.#replies, this.#host.nowMs);
    return isRead ? 0 : CloseCode.slowReader;
  }

  /** Every frame passes admission first, also those that the core answers itself. */
  #answer(connection: number, opcode: number, request: DataView, at: number): number {
    const { nowMs, waitedMs, cursor } = this.#host;
    const leftMs = cursor.isLast ? this.#host.lastLeftMs : this.#host.leftMs;
    let admission = this.#plugins.admit(connection, opcode, nowMs, waitedMs, leftMs);
    if (admission === DROP) {
      this.#counters.block[this.#counters.at.framesDropped]++;
      return 0;
    }
    if (this.#connections.deferred[connection] >= MOST_DEFERRED && admission === ADMIT) {
      admission = refuseFor(0);
    }
    const isAdmitted = admission === ADMIT;
    if (!isAdmitted) this.#counters.block[this.#counters.at.framesRefused]++;
    const handler: RefusalHandler | undefined = isAdmitted
      ? this.#plugins.handlerOf(opcode)
      : this.#plugins.refusalOf(opcode);
    if (handler === undefined) {
      if (isAdmitted && opcode === Opcode1.ping) return this.#pong(connection, request, at);
      if (isAdmitted && opcode === Opcode1.delivered) this.#delivered(connection, request, at);
      return 0; // or its plugin was disabled, or refuses without words
    }
    const replyAt = this.#replies.room(connection);
    if (replyAt < 0) return CloseCode.slowReader;
    const { view } = this.#replies;
    const intent = this.#plugins.answer(
      handler,
      connection,
      opcode,
      request,
      at,
      view,
      replyAt,
      nowMs,
      admission,
    );
    return this.#replies.act(connection, intent ?? NO_REPLY);
  }

  #pong(connection: number, ping: DataView, at: number): number {
    const replyAt = this.#replies.room(connection);
    if (replyAt < 0) return CloseCode.slowReader;
    const sentMs = readU64(ping, at + TIMESTAMP_AT);
    this.#replies.sent(connection, writePong(this.#replies.view, replyAt, this.#host.unixMs, sentMs));
    return 0;
  }

  #delivered(connection: number, frame: DataView, at: number): void {
    const packetId = frame.getUint32(at + frames.delivered.at.packetId);
    this.#receipts.confirmed(connection, packetId, this.#host.nowMs);
  }
}
