import { assert } from "../../base/assert.ts";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import { EntryWord, PAYLOAD_WORDS, Verdict } from "../../ledger/record/entry.ts";
import { MOST_PASS_AWARDS, PASS_AWARD_WORDS, PassWord } from "../../ledger/record/pass_words.ts";
import { CloseCode } from "../../wire/codes.ts";
import { lengthOf } from "../../wire/frame_codec.ts";
import { frames } from "../../wire/v1/frames.ts";
import type { Replies } from "../common/replies.ts";
import type { SetCounters } from "../common/set_counters.ts";
import type { SetHost } from "../common/set_host.ts";
import type { Entries } from "./entries.ts";

/** Most passes that one connection is heard with: each costs a signature. */
export const MAX_PASSES = 4;
/** Most passes of a SET that wait for a place in the ring. */
const MAX_WAITING = 4_096;
/** How soon the ledger is asked again to take those in. */
const RETRY_MS = 50;
/** Whoever is told the verdict is the core; a number of no plugin would say that nobody is. */
const ANY_PLUGIN = 0;

const { carry, pass } = frames;
const AWARD_BYTES = PASS_AWARD_WORDS * 4;
assert(
  pass.bytes[1] - pass.bytes[0] === MOST_PASS_AWARDS * AWARD_BYTES &&
    Object.keys(PassWord).join() === "packetId,amountFen,sponsor,host",
  "a pass has the words that the ledger keeps of it",
);

export interface UserPassesParts {
  readonly host: SetHost;
  readonly counters: SetCounters;
  readonly entries: Entries;
  readonly replies: Replies;
}

/** A good pass that isn't in the ring yet. */
interface Waiting {
  readonly connection: number;
  readonly generation: number;
  readonly words: Uint32Array;
}

/**
 * Passes: what a user has won, signed, so that they can show it to the event's other hosts. Whoever is told of an award
 * has the pass that says it: it goes out first. A pass that is shown goes to the ledger before anything that its
 * connection wins later, and can do nothing but lower what its user may win here.
 */
export class UserPasses {
  readonly #parts: UserPassesParts;
  #waiting: Waiting[] = [];

  constructor(parts: UserPassesParts) {
    this.#parts = parts;
  }

  /** Takes the frame `carry` at `view[at]`. Returns 0 or a close code. */
  take(connection: number, view: DataView, at: number): number {
    const { host: { connections, engine, passes }, counters } = this.#parts;
    const count = counters.at;
    if (connections.passes[connection] === MAX_PASSES) return this.#count(count.passesTooMany);
    connections.passes[connection]++;
    if (passes === undefined) return this.#count(count.passesUnchecked);
    const fault = passes.check(view, at, connections.user[connection]);
    if (fault !== undefined) {
      return this.#count(
        {
          damaged: count.passesDamaged,
          ofOther: count.passesOfOther,
          unknownKey: count.passesUnknownKey,
          forged: count.passesForged,
        }[fault],
      );
    }
    const words = new Uint32Array((lengthOf(view, at) - carry.at.awards) / 4);
    for (let i = 0; i < words.length; i++) words[i] = view.getUint32(at + carry.at.awards + 4 * i);
    if (this.#waiting.length === 0 && this.#propose(connection, words)) return 0;
    // Nobody may win past a pass that they have shown.
    if (this.#waiting.length === MAX_WAITING) return CloseCode.tooManyLogins;
    connections.carrying[connection]++;
    this.#waiting.push({ connection, generation: engine.generation[connection], words });
    this.#parts.host.tickBy(this.#parts.host.nowMs + RETRY_MS);
    return 0;
  }

  /** Takes in those that had to wait; returns when that is due again, `Infinity` if nobody waits. */
  retry(nowMs: number): number {
    if (this.#waiting.length === 0) return Infinity;
    const { connections, engine } = this.#parts.host;
    let done = 0;
    for (; done < this.#waiting.length; done++) {
      const { connection, generation, words } = this.#waiting[done];
      if (engine.generation[connection] !== generation) continue; // gone
      if (!this.#propose(connection, words)) break;
      connections.carrying[connection]--;
    }
    this.#waiting = this.#waiting.slice(done);
    return this.#waiting.length === 0 ? Infinity : nowMs + RETRY_MS;
  }

  /** The ledger has taken a pass in: what it says with all else is their newest one. Returns 0 or a close code. */
  carried(connection: number, words: Int32Array, at: number): number {
    const { counters } = this.#parts;
    const isNews = words[at + EntryWord.verdict] === Verdict.done;
    this.#count(isNews ? counters.at.passesTaken : counters.at.passesKnown);
    return isNews && connection >= 0 ? this.send(connection, at) : 0;
  }

  /** Sends a user the pass of all that they have won, which came with the verdict at `at` of the ring. Returns 0 or a close code. */
  send(connection: number, at: number): number {
    const { host: { connections, holdings, passes, unixMs }, counters, replies } = this.#parts;
    if (holdings === undefined || passes === undefined || connections.version[connection] === 0) return 0;
    const from = holdings.placeOf(at);
    const count = holdings.words[from];
    if (count === 0) return 0;
    const replyAt = replies.room(connection, pass.bytes[1]);
    if (replyAt < 0) return CloseCode.slowReader;
    const awards = holdings.words.subarray(from + 1, from + 1 + count * PASS_AWARD_WORDS);
    const user = connections.user[connection];
    replies.sent(connection, passes.write(replies.view, replyAt, unixMs, user, awards));
    return this.#count(counters.at.passesSent);
  }

  /** False if there is no place for it now. */
  #propose(connection: number, words: Uint32Array): boolean {
    const { host: { canAward, ring, connections, nowMs }, entries } = this.#parts;
    const places = 1 + Math.ceil(words.length / PAYLOAD_WORDS);
    if (!canAward || ring.open + places > ring.capacity) return false;
    entries.addParts(words, nowMs);
    const user = connections.user[connection];
    const at = entries.add(EntryKind.carried, ANY_PLUGIN, connection, user, 0, nowMs);
    ring.words[at + EntryWord.count] = words.length / PASS_AWARD_WORDS;
    return true;
  }

  #count(metric: number): 0 {
    this.#parts.counters.block[metric]++;
    return 0;
  }
}
