import {
  DEFER,
  frames,
  hasUser,
  isForLater,
  kinds,
  lengthOf,
  ownerSet,
  Result,
  type SetContext,
  writeChatResult,
} from "../../../core/plugin/plugin.ts";
import { SendMessage, ToUser } from "../common/messages.ts";
import type { SendMetrics } from "../common/metrics.ts";
import type { SendConfig } from "../common/config.ts";
import type { Asker, ReliableSender } from "./reliable_sender.ts";
import type { LedgerQueries } from "./ledger_queries.ts";

/** Chats that wait for a group to be read, and groups that are read at a time; more are shed. */
const MAX_WAITING = 100;
const MAX_READING = 64;
/** How far ahead of its rate a SET may pass chats on. */
const TELLS_BURST_MS = 1_000;

interface Group {
  /** Sorted; undefined while they are read. */
  members: Uint32Array | undefined;
  readonly calls: ((nowMs: number) => void)[];
}

/**
 * Chat to groups: it costs no money, nothing of it lasts, and it is the first that a busy host sheds. A group's owner SET
 * reads its members from the ledger and passes a text on to those who are there.
 */
export class Chat {
  readonly #set: SetContext;
  readonly #config: SendConfig;
  readonly #toSets: ReliableSender;
  readonly #queries: LedgerQueries;
  readonly #m: SendMetrics;
  readonly #groups = new Map<number, Group>();
  /** Groups that are being read. */
  #reading = 0;
  /** When all that was passed on so far is paid for: each member costs a part of a second. */
  #paidAtMs = 0;

  constructor(
    set: SetContext,
    config: SendConfig,
    toSets: ReliableSender,
    queries: LedgerQueries,
    metrics: SendMetrics,
  ) {
    this.#set = set;
    this.#config = config;
    this.#toSets = toSets;
    this.#queries = queries;
    this.#m = metrics;
  }

  /** Handles the frame `chat`. */
  onChat(connection: number, request: DataView, at: number, reply: DataView, replyAt: number): number {
    const group = request.getUint32(at + frames.chat.at.group);
    const requestId = request.getUint32(at + frames.chat.at.requestId);
    const words = [
      SendMessage.chat,
      group,
      this.#set.userOf(connection),
      requestId,
      this.#set.index,
      connection,
      this.#set.generationOf(connection),
      ...textWords(request, at + frames.chat.at.text, lengthOf(request, at) - frames.chat.at.text),
    ];
    if (this.#toSets.try(ownerSet(group, this.#set.setCount), words)) return DEFER;
    return this.onRefused(request, at, reply, replyAt);
  }

  /** The host is too busy for it. */
  onRefused(request: DataView, at: number, reply: DataView, replyAt: number): number {
    return this.writeResult(
      reply,
      replyAt,
      request.getUint32(at + frames.chat.at.requestId),
      Result.overloaded,
    );
  }

  writeResult(reply: DataView, replyAt: number, requestId: number, result: number): number {
    this.#set.count(result === Result.ok ? this.#m.chats : this.#m.chatsRefused);
    const retryMs = isForLater(result) ? this.#config.retryMs : 0;
    return writeChatResult(reply, replyAt, this.#set.unixMs, requestId, result, retryMs);
  }

  /** At the group's owner: a text for all members but its sender. `text` is its length in bytes and its words. */
  toGroup(
    group: number,
    sender: number,
    requestId: number,
    asker: Asker,
    text: readonly number[],
    nowMs: number,
  ): void {
    const known = this.#groups.get(group);
    if (known === undefined && this.#reading >= MAX_READING) {
      return this.#answer(asker, requestId, Result.busy, nowMs);
    }
    const { members, calls } = known ?? this.#read(group, nowMs);
    if (members !== undefined) return this.#toMembers(group, members, sender, requestId, asker, text, nowMs);
    if (calls.length >= MAX_WAITING) return this.#answer(asker, requestId, Result.busy, nowMs);
    calls.push((nowMs) => this.toGroup(group, sender, requestId, asker, text, nowMs));
  }

  /** The group has other members now. */
  changed(group: number): void {
    this.#groups.delete(group);
  }

  #toMembers(
    group: number,
    members: Uint32Array,
    sender: number,
    requestId: number,
    asker: Asker,
    text: readonly number[],
    nowMs: number,
  ): void {
    if (members.length === 0) return this.#answer(asker, requestId, Result.unknownGroup, nowMs);
    if (!hasUser(members, sender)) return this.#answer(asker, requestId, Result.notMember, nowMs);
    if (this.#paidAtMs > nowMs + TELLS_BURST_MS) {
      return this.#answer(asker, requestId, Result.overloaded, nowMs);
    }
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + members.length / this.#config.chatTellsPerS * 1000;
    for (const member of members) {
      if (member === sender) continue;
      const words = [SendMessage.toUser, member, ToUser.chat, group, sender, ...text];
      const isPosted = this.#toSets.try(ownerSet(member, this.#set.setCount), words);
      if (!isPosted) this.#set.count(this.#m.chatsDropped);
    }
    this.#answer(asker, requestId, Result.ok, nowMs);
  }

  #answer({ set, connection, generation }: Asker, requestId: number, result: number, nowMs: number): void {
    this.#toSets.surely(set, [SendMessage.chatted, connection, generation, requestId, result], nowMs);
  }

  #read(id: number, nowMs: number): Group {
    const group: Group = { members: undefined, calls: [] };
    this.#groups.set(id, group);
    this.#reading++;
    this.#queries.read(kinds.groupBody, id, 1, nowMs, ([count], nowMs) => {
      this.#queries.read(kinds.groupBody, id, 1 + count, nowMs, (words, nowMs) => {
        this.#reading--;
        group.members = words.slice(1);
        for (const call of group.calls.splice(0)) call(nowMs);
        // Anybody may name any number: what is no group isn't remembered.
        if (count === 0 && this.#groups.get(id) === group) this.#groups.delete(id);
      });
    });
    return group;
  }
}

/** A text as words: its length in bytes first. */
function textWords(view: DataView, at: number, bytes: number): number[] {
  const words = [bytes];
  for (let i = 0; i < bytes; i += 4) {
    let word = 0;
    for (let j = i; j < i + 4; j++) word = (word << 8) | (j < bytes ? view.getUint8(at + j) : 0);
    words.push(word);
  }
  return words;
}
