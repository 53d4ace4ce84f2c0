import type { Clock } from "../base/clock.ts";
import type { Bus } from "../bus/bus.ts";
import type { ForeignAwards } from "../ledger/registry/foreign_awards.ts";
import { AWARD_NUMBERS, type AwardSource, type RowMark, START } from "./award_source.ts";
import type { SummaryMessage, SummarySeal } from "./summary_words.ts";

/** How often a host says what it has awarded, and that it is there although there is nothing new. */
const TELL_MS = 1_000;
const HEARTBEAT_MS = 4_000;
/** Rows that are looked at for one message, and messages of one turn: 64,000 awards a second at most. */
const ROWS_PER_MESSAGE = 4_096;
const MESSAGES_PER_TURN = 16;
/** How soon rows that didn't come are asked for again, and of how many hosts at once. */
const ASK_MS = 1_000;
const MAX_ASKED = 16;
/** Answers to other hosts in one turn, the rest in the next. */
const ANSWERS_PER_TURN = 64;
/** Most hosts that are listened to. */
const MAX_HOSTS = 2_048;
const MAX_SPONSOR = 0xffff;

/** Subjects of a city's hosts on every bus. */
export const subjects = {
  /** What each host has awarded, once a second. */
  told: (event: string, city: string) => `${event}.awards.${city}`,
  /** Hosts ask for rows of others that they lack. */
  asked: (event: string, city: string) => `${event}.ask-awards.${city}`,
  /** What one host has asked for. */
  answered: (event: string, ledger: string) => `${event}.awards-for.${ledger}`,
} as const;

/** What is counted of it. */
export type SummaryCount =
  | "told"
  | "heard"
  | "forged"
  | "damaged"
  | "asks"
  | "answers"
  | "strangers";

interface SummaryAgentParts {
  readonly event: string;
  /** Whose hosts it hears. */
  readonly city: string;
  readonly buses: readonly Bus[];
  readonly seal: SummarySeal;
  readonly source: AwardSource;
  readonly foreign: ForeignAwards;
  readonly clock: Clock;
  count(what: SummaryCount, by: number): void;
  /** There is something to do: `turn` should be called soon. */
  wake(): void;
}

/** How far another host's ledger is known. */
interface Peer {
  has: RowMark;
  tipSeq: number;
  /** What its clock said with the newest of its messages. */
  atMs: number;
  askedMs: number;
}

/**
 * Tells the other hosts what this one has awarded, and enters what they say. Messages may be lost, repeated and late: each
 * says which rows it is of, gaps are asked for until they are closed, and entering again changes nothing. All that it
 * knows is gone with its process, and is asked for again. It owns no thread and no timer: whoever runs it calls `turn`.
 */
export class SummaryAgent {
  readonly #parts: SummaryAgentParts;
  readonly #peers = new Map<string, Peer>();
  /** By asking ledger: the last row of this ledger that it has. */
  readonly #asks = new Map<string, RowMark>();
  #told: RowMark;
  #nextTellMs = 0;
  #nextHeartbeatMs = 0;

  constructor(parts: SummaryAgentParts) {
    const { event, city, buses, source } = parts;
    this.#parts = parts;
    // What is older is asked for by whoever lacks it.
    this.#told = source.tip();
    for (const bus of buses) {
      bus.hear(subjects.told(event, city), (_from, bytes) => this.#hear(bytes));
      bus.hear(subjects.asked(event, city), (_from, bytes) => this.#hear(bytes));
      bus.hear(subjects.answered(event, source.ledger), (_from, bytes) => this.#hear(bytes));
    }
  }

  /** Other hosts that were heard. */
  get hosts(): number {
    return this.#peers.size;
  }

  /** Rows of other hosts that are known to be there and not known here. */
  get lagRows(): number {
    let rows = 0;
    for (const { has, tipSeq } of this.#peers.values()) rows += Math.max(0, tipSeq - has.seq);
    return rows;
  }

  /** Does what is due; returns how long until the next call, in ms. */
  turn(): number {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs >= this.#nextTellMs) {
      this.#nextTellMs = nowMs + TELL_MS;
      this.#tell(nowMs);
    }
    this.#answerAll();
    this.#ask(nowMs);
    return this.#asks.size > 0 ? 0 : Math.max(0, Math.min(this.#nextTellMs - nowMs, ASK_MS));
  }

  #tell(nowMs: number): void {
    const { event, city } = this.#parts;
    const subject = subjects.told(event, city);
    for (let i = 0; i < MESSAGES_PER_TURN; i++) {
      const from = this.#told;
      const to = this.#sendAfter(subject, from);
      if (to === undefined) break;
      this.#told = to;
      this.#nextHeartbeatMs = nowMs + HEARTBEAT_MS;
    }
    if (nowMs < this.#nextHeartbeatMs) return;
    this.#nextHeartbeatMs = nowMs + HEARTBEAT_MS;
    this.#send(subject, this.#told, { to: this.#told, awards: new Uint32Array() });
  }

  /** Sends the rows after one; returns up to which, or undefined if there are none. */
  #sendAfter(subject: string, from: RowMark): RowMark | undefined {
    const block = this.#parts.source.after(from.seq, ROWS_PER_MESSAGE);
    if (block === undefined) return undefined;
    this.#send(subject, from, block);
    return block.to;
  }

  #send(subject: string, from: RowMark, block: Pick<SummaryMessage, "to" | "awards">): void {
    const { buses, seal, source, clock, count } = this.#parts;
    const { ledger } = source;
    const tipSeq = Math.max(block.to.seq, source.tip().seq);
    const bytes = seal.writeAwards({ ledger, atMs: clock.wallMs(), from, tipSeq, ...block });
    for (const bus of buses) bus.tell(subject, ledger, bytes);
    count("told", block.awards.length / AWARD_NUMBERS);
  }

  #answerAll(): void {
    const { event, source, count } = this.#parts;
    let left = ANSWERS_PER_TURN;
    for (const [asker, has] of this.#asks) {
      if (left-- === 0) break;
      this.#asks.delete(asker);
      // Whoever has rows of another history than this one begins anew.
      const from = source.knows(has) ? has : START;
      count("answers", 1);
      this.#sendAfter(subjects.answered(event, asker), from);
    }
  }

  /** Asks for what is lacking, of a few hosts at a time: each answers with one message, and is asked for the next. */
  #ask(nowMs: number): void {
    const lacking = [...this.#peers].filter(([, { has, tipSeq }]) => tipSeq > has.seq);
    const asked = lacking.filter(([, { askedMs }]) => nowMs < askedMs + ASK_MS).length;
    const next = lacking.filter(([, { askedMs }]) => nowMs >= askedMs + ASK_MS)
      .slice(0, MAX_ASKED - asked);
    if (next.length === 0) return;
    for (const [, peer] of next) peer.askedMs = nowMs;
    const { event, city, buses, seal, source: { ledger }, clock, count } = this.#parts;
    const wanted = next.map(([of, { has }]) => [of, has] as const);
    const bytes = seal.writeAsk({ ledger, atMs: clock.wallMs(), wanted });
    for (const bus of buses) bus.tell(subjects.asked(event, city), ledger, bytes);
    count("asks", 1);
  }

  #hear(bytes: Uint8Array): void {
    const { seal, source, count, wake } = this.#parts;
    const message = seal.read(bytes);
    if (typeof message === "string") return count(message, 1);
    if (message.ledger === source.ledger) return;
    if (message.kind === "ask") {
      const has = message.wanted.find(([of]) => of === source.ledger)?.[1];
      if (has === undefined || this.#asks.size >= MAX_HOSTS) return;
      this.#asks.set(message.ledger, has);
      return wake();
    }
    this.#enter(message);
  }

  #enter(message: SummaryMessage): void {
    const { ledger, atMs, from, to, tipSeq, awards } = message;
    const peer = this.#peerOf(ledger);
    if (peer === undefined) return this.#parts.count("strangers", 1);
    const isLatest = atMs >= peer.atMs;
    // The same by the other path.
    const isKnown = isSame(to, peer.has) && to.seq > 0;
    if (!isKnown) this.#enterAwards(awards);
    if (isSame(from, peer.has)) peer.has = to;
    else if (from.seq === 0 && (to.seq > peer.has.seq || isLatest)) peer.has = to;
    // A host that goes back has lost rows, or another history since: it is asked for all of it.
    else if (isLatest && to.seq < peer.has.seq && tipSeq < peer.has.seq) peer.has = START;
    if (isLatest) {
      peer.atMs = atMs;
      peer.tipSeq = tipSeq;
    } else peer.tipSeq = Math.max(peer.tipSeq, to.seq);
    if (peer.tipSeq <= peer.has.seq) return;
    // The next part at once, if this one was asked for.
    if (!isKnown && isSame(peer.has, to)) peer.askedMs = -Infinity;
    this.#parts.wake();
  }

  #enterAwards(awards: Uint32Array): void {
    const { foreign, count } = this.#parts;
    for (let at = 0; at < awards.length; at += AWARD_NUMBERS) {
      if (awards[at] === 0 || awards[at + 2] > MAX_SPONSOR) continue;
      foreign.add(awards[at + 1], awards[at], awards[at + 2]);
    }
    count("heard", awards.length / AWARD_NUMBERS);
  }

  #peerOf(ledger: string): Peer | undefined {
    let peer = this.#peers.get(ledger);
    if (peer === undefined && this.#peers.size < MAX_HOSTS) {
      peer = { has: START, tipSeq: 0, atMs: -Infinity, askedMs: -Infinity };
      this.#peers.set(ledger, peer);
    }
    return peer;
  }
}

function isSame(a: RowMark, b: RowMark): boolean {
  return a.seq === b.seq && a.head === b.head;
}
