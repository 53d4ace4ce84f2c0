import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { EntryWord, Verdict } from "../../ledger/record/entry.ts";
import { NO_REPLY } from "../../plugin/plugin.ts";
import { CloseCode } from "../../wire/codes.ts";
import type { AwardReceipts } from "./award_receipts.ts";
import { EntryCall } from "./entries.ts";
import type { UserPasses } from "./passes.ts";
import type { PendingAwards } from "./pending_awards.ts";
import type { Replies } from "../common/replies.ts";
import type { SetCounters } from "../common/set_counters.ts";
import type { SetHost } from "../common/set_host.ts";
import type { SetPlugins } from "../common/set_plugins.ts";

export interface VerdictsParts {
  readonly host: SetHost;
  readonly counters: SetCounters;
  readonly plugins: SetPlugins;
  readonly replies: Replies;
  readonly receipts: AwardReceipts;
  readonly pending: PendingAwards;
  readonly passes: UserPasses;
}

/** What the ledger's verdicts come to: their plugin writes the answer that their users wait for, if they still do. */
export class Verdicts {
  readonly #parts: VerdictsParts;
  readonly #call = new EntryCall();

  constructor(parts: VerdictsParts) {
    this.#parts = parts;
  }

  /**
   * The ledger has judged an entry of this SET; see {@linkcode PluginInstance.onVerdict}.
   *
   * @param wasLate whoever waited has been answered already
   */
  judged(words: Int32Array, at: number, wasLate: boolean): void {
    const { host, counters, replies, pending, passes } = this.#parts;
    const connection = this.#waitingFor(words, at);
    if (this.#call.kind === EntryKind.pendingOf) {
      if (connection >= 0) pending.repeat(connection, this.#call, at);
      return;
    }
    if (this.#call.kind === EntryKind.carried) {
      const code = passes.carried(connection, words, at);
      if (code !== 0) replies.closeFor(connection, code);
      return;
    }
    const plugin = words[at + EntryWord.plugin];
    if (words[at + EntryWord.connection] < 0) return this.#answer(plugin, -1);
    if (connection < 0 || wasLate) {
      counters.block[counters.at.verdictsOrphaned]++;
      const isWon = this.#isWon;
      this.#answer(plugin, -1);
      // Whoever was told that it takes too long, and is still there, needn't log in again to hear that they won. In
      // version 0 they must: there it would pass for the answer to another shake.
      if (isWon && connection >= 0 && host.connections.version[connection] > 0) pending.ask(connection, 0);
      return;
    }
    replies.settled(connection);
    // Whoever hears of their award has the pass that says it.
    const code = this.#isWon ? passes.send(connection, at) : 0;
    if (code === 0) this.#answer(plugin, connection);
    else {
      this.#answer(plugin, -1);
      return replies.closeFor(connection, code);
    }
    replies.closeIfDone(connection);
  }

  /** The verdict on an award of this SET takes too long: whoever waits is answered without. */
  late(words: Int32Array, at: number): void {
    const { counters, replies } = this.#parts;
    const connection = this.#waitingFor(words, at);
    this.#call.verdict = Verdict.inDoubt;
    if (words[at + EntryWord.connection] < 0) return this.#answer(words[at + EntryWord.plugin], -1);
    if (connection < 0) return;
    counters.block[counters.at.verdictsLate]++;
    replies.settled(connection);
    this.#answer(words[at + EntryWord.plugin], connection);
    replies.closeIfDone(connection);
  }

  /** Reads an entry into `#call`; returns the connection that it belongs to, -1 if that is gone. */
  #waitingFor(words: Int32Array, at: number): number {
    this.#call.read(words, at);
    const connection = words[at + EntryWord.connection];
    return this.#parts.replies.isThere(connection, words[at + EntryWord.generation]) ? connection : -1;
  }

  get #isWon(): boolean {
    const { kind, verdict } = this.#call;
    return kind === EntryKind.award && (verdict === Verdict.done || verdict === Verdict.doneBefore);
  }

  /** @param connection who waits for the answer, -1 if nobody does */
  #answer(plugin: number, connection: number): void {
    const { host, plugins, replies, receipts } = this.#parts;
    const replyAt = connection < 0 ? -1 : replies.room(connection);
    const target = replyAt < 0 ? -1 : connection;
    const intent = plugins.call(
      plugin,
      (instance) => instance.onVerdict?.(this.#call, target, replies.view, replyAt, host.nowMs),
    ) ?? NO_REPLY;
    if (connection < 0) return;
    if (replyAt < 0) return replies.closeFor(connection, CloseCode.slowReader);
    if (intent > 0 && this.#isWon) receipts.sent(connection, this.#call.packetId, host.nowMs);
    const code = replies.act(connection, intent);
    if (code !== 0) replies.closeFor(connection, code);
  }
}
