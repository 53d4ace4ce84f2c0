import { assert } from "../base/assert.ts";
import { CloseCause } from "../engine/common/engine.ts";
import { Numbers } from "../engine/common/slots.ts";
import type { Random } from "../base/random.ts";
import { CloseCode } from "../wire/codes.ts";
import { WHOLE_FRAME } from "../wire/frame_cursor.ts";
import { PROXY_HEADER_BEGIN } from "../wire/proxy_protocol.ts";
import { AwardReceipts } from "./awards/award_receipts.ts";
import { type Connections, Phase } from "./common/connections.ts";
import { secondOf } from "./common/connection_watch.ts";
import { Entries } from "./awards/entries.ts";
import { FirstFrame } from "./first_frame.ts";
import { UserPasses } from "./awards/passes.ts";
import { PendingAwards } from "./awards/pending_awards.ts";
import { PluginContexts } from "./plugin_contexts.ts";
import { Replies } from "./common/replies.ts";
import { SetCounters } from "./common/set_counters.ts";
import type { SetHost, SetPlace } from "./common/set_host.ts";
import { SetPlugins } from "./common/set_plugins.ts";
import { UserFrames } from "./user_frames.ts";
import { writeMove } from "../wire/v1/writers.ts";
import { Verdicts } from "./awards/verdicts.ts";

/**
 * A SET: a partition of connections that owns all it touches. It cuts what its users send into frames, and hands each,
 * and each verdict of the ledger, to the part that knows what it means.
 */
export class AccessSet {
  readonly #host: SetHost;
  readonly #local: number;
  readonly #connections: Connections;
  readonly #counters: SetCounters;
  readonly #seats: Numbers;
  readonly #plugins: SetPlugins;
  readonly #replies: Replies;
  readonly #receipts: AwardReceipts;
  readonly #passes: UserPasses;
  readonly #pending: PendingAwards;
  readonly #firstFrame: FirstFrame;
  readonly #userFrames: UserFrames;
  readonly #verdicts: Verdicts;

  constructor(host: SetHost, place: SetPlace, random: Random) {
    const counters = new SetCounters(host.counters, place.index);
    const entries = new Entries(host.engine, host.ring, host.watch, place.local);
    const replies = new Replies(host, counters);
    const receipts = new AwardReceipts(host, entries, counters);
    const contexts = new PluginContexts({ host, place, counters, entries, replies, receipts });
    const plugins = new SetPlugins({
      plugins: host.plugins,
      frames: host.frames,
      create: (i, asks) => {
        const { plugin, config } = host.plugins[i];
        return plugin.create(contexts.make(i, random.fork(), asks), config);
      },
      failed: (plugin, error) => {
        counters.block[counters.at.pluginFailures]++;
        host.pluginFailed(place.index, plugin, error);
      },
    });
    const passes = new UserPasses({ host, counters, entries, replies });
    const pending = new PendingAwards({ host, counters, entries, plugins, replies, receipts, passes });
    this.#host = host;
    this.#local = place.local;
    this.#connections = host.connections;
    this.#counters = counters;
    this.#seats = new Numbers(place.seats);
    this.#plugins = plugins;
    this.#replies = replies;
    this.#receipts = receipts;
    this.#passes = passes;
    this.#pending = pending;
    this.#firstFrame = new FirstFrame({ host, counters, plugins, replies, pending });
    this.#userFrames = new UserFrames({ host, counters, plugins, replies, receipts, passes });
    this.#verdicts = new Verdicts({ host, counters, plugins, replies, receipts, pending, passes });
  }

  /** Open connections of this SET. */
  get size(): number {
    return this.#counters.block[this.#counters.at.connections];
  }

  onAccept(connection: number): void {
    const { block, at } = this.#counters;
    const seat = this.#seats.take();
    assert(seat >= 0, "a connection goes to a SET that has a seat");
    this.#connections.reset(connection, this.#local, seat, secondOf(this.#host.nowMs));
    block[at.connections]++;
    block[at.connectionsOpened]++;
    this.#plugins.each("onOpen", (instance) => instance.onOpen!(connection));
  }

  onBytes(connection: number, start: number, end: number): void {
    const { cursor, engine } = this.#host;
    const { block, at } = this.#counters;
    block[at.bytesIn] += end - start;
    cursor.load(connection, engine.input.bytes, engine.input.view, start, end);
    for (;;) {
      const step = cursor.next();
      if (step !== WHOLE_FRAME) {
        if (step < 0) this.closeFor(connection, this.#faultOf(connection, -step, start, end));
        else if (cursor.isPartial(connection)) this.#noteHalf(connection);
        return;
      }
      this.#connections.heardAtS[connection] = this.#host.second;
      if (this.#connections.partialAtS[connection] !== 0) this.#connections.partialAtS[connection] = 0;
      block[at.framesIn]++;
      const code = this.#connections.phase[connection] === Phase.loggedIn
        ? this.#userFrames.take(connection, cursor.opcode, cursor.view, cursor.at)
        : this.#firstFrame.take(connection, cursor.opcode, cursor.view, cursor.at);
      if (code !== 0) return this.closeFor(connection, code);
    }
  }

  onEnd(connection: number): void {
    this.#connections.hasEnded[connection] = 1;
    this.#replies.closeIfDone(connection);
  }

  onClose(connection: number, cause: CloseCause): void {
    const { block, at } = this.#counters;
    this.#host.cursor.forget(connection);
    this.#receipts.forget(connection);
    // The kernel gave up a peer that acknowledges nothing: it doesn't read, or is gone without a word.
    const isGivenUp = cause === CloseCause.timeout && this.#connections.phase[connection] !== Phase.closing;
    if (isGivenUp) this.#replies.countClosed(CloseCode.slowReader);
    this.#connections.phase[connection] = Phase.free;
    block[at.connections]--;
    block[at.connectionsClosed]++;
    if (this.#connections.hasLoggedIn[connection] === 1) block[at.users]--;
    this.#plugins.each("onClose", (instance) => instance.onClose!(connection));
    this.#seats.giveBack(this.#connections.seat[connection]);
  }

  /** The ledger has judged an entry of this SET; `wasLate` if whoever waited has been answered already. */
  onVerdict(words: Int32Array, at: number, wasLate: boolean): void {
    this.#verdicts.judged(words, at, wasLate);
  }

  /** The verdict on an award of this SET takes too long. */
  onLateVerdict(words: Int32Array, at: number): void {
    this.#verdicts.late(words, at);
  }

  /** Words from a plugin's half on the main thread. */
  onMessage(plugin: number, words: Int32Array, at: number, count: number): void {
    this.#plugins.call(plugin, (instance) => instance.onMessage?.(words, at, count, this.#host.nowMs));
  }

  /** Words from a plugin's instance in another SET. */
  onSetMessage(plugin: number, words: Int32Array, at: number, count: number): void {
    this.#plugins.call(
      plugin,
      (instance) => instance.onSetMessage?.(words, at, count, this.#host.nowMs),
    );
  }

  /** Calls what is due; returns the monotonic time of the next call. */
  tick(nowMs: number): number {
    return Math.min(this.#passes.retry(nowMs), this.#pending.retry(nowMs), this.#plugins.tick(nowMs));
  }

  drain(nowMs: number): void {
    this.#plugins.each("onDrain", (instance) => instance.onDrain!(nowMs));
  }

  /** Tells a user to be elsewhere within so long; version 0 has no frame for it. */
  tellToMove(connection: number, withinMs: number, scope: number): void {
    if (this.#connections.version[connection] === 0) return;
    const { block, at } = this.#counters;
    const write = (reply: DataView, replyAt: number) =>
      writeMove(reply, replyAt, this.#host.unixMs, withinMs, scope);
    if (this.#replies.push(connection, this.#host.engine.generation[connection], write)) {
      block[at.movesTold]++;
    }
  }

  /** Ends a connection for a reason, which is counted. */
  closeFor(connection: number, code: number): void {
    this.#replies.closeFor(connection, code);
  }

  /** A PROXY header looks like a frame that doesn't exist; it has a name of its own, for whoever wonders why. */
  #faultOf(connection: number, code: number, start: number, end: number): number {
    const { connections, engine } = this.#host;
    const isHeader = code === CloseCode.unknownOpcode && connections.phase[connection] === Phase.open &&
      end - start >= 4 &&
      engine.input.view.getUint32(start) === PROXY_HEADER_BEGIN;
    return isHeader ? CloseCode.badProxyHeader : code;
  }

  /** A connection is in the middle of a frame: since when, is known from its first byte on. */
  #noteHalf(connection: number): void {
    const { partialAtS } = this.#connections;
    if (partialAtS[connection] === 0) partialAtS[connection] = this.#host.second;
  }
}
