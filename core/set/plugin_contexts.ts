import { record } from "../counters/histogram.ts";
import { EntryKind } from "../ledger/kinds/entry_kinds.ts";
import { EntryWord, HELD } from "../ledger/record/entry.ts";
import type { AwardProposal, SetContext } from "../plugin/plugin.ts";
import type { Random } from "../base/random.ts";
import type { AwardReceipts } from "./awards/award_receipts.ts";
import type { Entries } from "./awards/entries.ts";
import type { Replies } from "./common/replies.ts";
import type { SetCounters } from "./common/set_counters.ts";
import type { SetHost, SetPlace } from "./common/set_host.ts";
import type { PluginAsks } from "./common/set_plugins.ts";

export interface PluginContextsParts {
  readonly host: SetHost;
  readonly place: SetPlace;
  readonly counters: SetCounters;
  readonly entries: Entries;
  readonly replies: Replies;
  readonly receipts: AwardReceipts;
}

/** A SET as its plugins see it: one context for each, made once. */
export class PluginContexts {
  readonly #parts: PluginContextsParts;
  readonly #histograms: Uint32Array[] = [];

  constructor(parts: PluginContextsParts) {
    this.#parts = parts;
  }

  /** @param asks what this plugin asks of the SET's plugins */
  make(plugin: number, random: Random, { tickAt, followAnswers }: PluginAsks): SetContext {
    const { host, place, counters, entries, replies, receipts } = this.#parts;
    const { index, setCount, local } = place;
    const { connections } = host;
    return {
      index,
      setCount,
      random,
      get unixSeconds() {
        return host.unixSeconds;
      },
      get unixMs() {
        return host.unixMs;
      },
      get eventMs() {
        return host.eventMs;
      },
      get users() {
        return counters.block[counters.at.users];
      },
      seats: place.seats,
      userOf: (connection) => connections.user[connection],
      versionOf: (connection) => connections.version[connection],
      seatOf: (connection) => connections.seat[connection],
      metric: (name) => host.counters.layout.handle(name),
      count: (metric, by = 1) => {
        counters.block[metric] += by;
      },
      canPropose: (connection = -1) =>
        host.canAward && host.ring.hasRoom && (connection < 0 || connections.carrying[connection] === 0),
      proposeAward: (award) => this.#proposeAward(plugin, award),
      canProposeAll: (places) => host.canAward && host.ring.open + places <= host.ring.capacity,
      propose: (entry, body) => {
        if (body !== undefined) entries.addParts(body, host.nowMs);
        entries.addProposal(plugin, entry, host.nowMs);
      },
      generationOf: (connection) => host.engine.generation[connection],
      push: (connection, generation, write) => replies.push(connection, generation, write),
      awaitReceipt: (connection, packetId) => receipts.sent(connection, packetId, host.nowMs),
      answer: (connection, generation, write) => replies.answer(connection, generation, write),
      close(connection, generation, code) {
        if (replies.isThere(connection, generation)) replies.closeFor(connection, code);
      },
      postToSet: (to, words, count) => host.postToSet(to, plugin, words, count),
      tickAt: (monotonicMs) => {
        tickAt(monotonicMs);
        host.tickBy(monotonicMs);
      },
      followAnswers,
      post: (words, count) => host.postToHost(index, plugin, words, count),
      record: (metric, value) => record(this.#histogram(metric), value),
      readLess: (perPass) => host.readLess(local, perPass),
      get leftUnread() {
        return host.engine.stats.leftUnread;
      },
      rest: (connection) => host.engine.reads?.rest(connection) ?? true,
    };
  }

  #histogram(metric: number): Uint32Array {
    const { host, place } = this.#parts;
    return this.#histograms[metric] ??= host.counters.histogram(place.index, metric);
  }

  #proposeAward(plugin: number, award: Readonly<AwardProposal>): void {
    const { host: { nowMs, ring }, entries } = this.#parts;
    const { connection, user, packetId, amountFen, sponsor, tag = 0, isHeld = false } = award;
    const kind = EntryKind.award;
    const at = entries.add(kind, plugin, connection, user, packetId, nowMs, amountFen, sponsor, tag);
    if (isHeld) ring.words[at + EntryWord.count] = HELD;
  }
}
