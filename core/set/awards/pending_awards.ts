import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { HELD } from "../../ledger/record/entry.ts";
import { NO_REPLY } from "../../plugin/plugin.ts";
import { CloseCode } from "../../wire/codes.ts";
import type { AwardReceipts } from "./award_receipts.ts";
import type { Entries, EntryCall } from "./entries.ts";
import type { UserPasses } from "./passes.ts";
import { PendingAsks } from "./pending_asks.ts";
import type { Replies } from "../common/replies.ts";
import type { SetCounters } from "../common/set_counters.ts";
import type { SetHost } from "../common/set_host.ts";
import type { SetPlugins } from "../common/set_plugins.ts";

/** How soon to ask the ledger again for what is pending. */
const ASK_AGAIN_MS = 50;
/** Tag of a user's first question: with its answer they get a pass of all that they have won. */
const FIRST = 1;

export interface PendingAwardsParts {
  readonly host: SetHost;
  readonly counters: SetCounters;
  readonly entries: Entries;
  readonly plugins: SetPlugins;
  readonly replies: Replies;
  readonly receipts: AwardReceipts;
  readonly passes: UserPasses;
}

/**
 * Awards that may not have reached their user: at each login the ledger is asked for them, one after the other, and a
 * plugin says each again. So every award is told at least once.
 */
export class PendingAwards {
  readonly #parts: PendingAwardsParts;
  readonly #asks = new PendingAsks();
  /** The plugin that says pending awards again, -1 if none does. */
  readonly #plugin: number;

  constructor(parts: PendingAwardsParts) {
    this.#parts = parts;
    this.#plugin = parts.plugins.indexOf("onPendingAward");
  }

  /** Asks the ledger for the user's next pending award after a packet id, 0 for the first; soon, if it can't be now. */
  ask(connection: number, after: number): void {
    if (this.#plugin < 0) return;
    const { host } = this.#parts;
    const generation = host.engine.generation[connection];
    if (this.#asks.size === 0 && this.#propose(connection, generation, after)) return;
    this.#asks.add(connection, generation, after);
    host.tickBy(host.nowMs + ASK_AGAIN_MS);
  }

  /** Asks again for those who had to wait; returns when that is due again, `Infinity` if nobody waits. */
  retry(nowMs: number): number {
    if (this.#asks.size === 0) return Infinity;
    this.#asks.retry(this.#propose);
    return this.#asks.size === 0 ? Infinity : nowMs + ASK_AGAIN_MS;
  }

  /** The ledger has named one: `call`, at `at` of the ring. */
  repeat(connection: number, call: EntryCall, at: number): void {
    const { host, counters, plugins, replies, receipts, passes } = this.#parts;
    const { packetId } = call;
    const passCode = call.tag === FIRST ? passes.send(connection, at) : 0;
    if (passCode !== 0) return replies.closeFor(connection, passCode);
    if (packetId === 0) return; // that was all
    const replyAt = replies.room(connection);
    if (replyAt < 0) return replies.closeFor(connection, CloseCode.slowReader);
    const intent = plugins.call(
      this.#plugin,
      (instance) => instance.onPendingAward?.(call, connection, replies.view, replyAt, host.nowMs),
    ) ?? NO_REPLY;
    if (intent > 0) {
      counters.block[counters.at.awardsRepeated]++;
      receipts.sent(connection, packetId, host.nowMs);
      if (call.count === HELD) receipts.openFor(connection, packetId, host.nowMs);
    }
    const code = replies.act(connection, intent);
    if (code !== 0) return replies.closeFor(connection, code);
    this.ask(connection, packetId);
  }

  /** False if it must be tried again. */
  readonly #propose = (connection: number, generation: number, after: number): boolean => {
    const { host, entries } = this.#parts;
    if (host.engine.generation[connection] !== generation) return true; // gone
    if (!host.canAward || !host.ring.hasRoom) return false;
    const user = host.connections.user[connection];
    const tag = after === 0 ? FIRST : 0;
    entries.add(EntryKind.pendingOf, this.#plugin, connection, user, after, host.nowMs, 0, 0, tag);
    return true;
  };
}
