import {
  entryOf,
  type EntryProposal,
  type kinds,
  type SetContext,
  Verdict,
  type VerdictCall,
} from "../../../core/plugin/plugin.ts";

/** Places in the ledger's ring that queries leave to sends and claims. */
const SPARE_PLACES = 8;
/** Words of one answer. */
const ANSWER_WORDS = 8;
/** Queries that may wait for room before users' new ones are turned away. */
const MAX_WAITING = 10_000;

type OnAnswer = (words: Int32Array, nowMs: number) => void;

interface Query {
  readonly entry: EntryProposal;
  readonly onAnswer: OnAnswer;
}

/** What this SET asks the ledger. Answers come in the order of the queries. */
export class LedgerQueries {
  readonly #set: SetContext;
  #waiting: Query[] = [];
  #waitingHead = 0;
  readonly #asked: Query[] = [];

  constructor(set: SetContext) {
    this.#set = set;
  }

  /** Whether queries wait for room. */
  get isBehind(): boolean {
    return this.#waitingHead < this.#waiting.length;
  }

  /** Whether a user's query is taken; what the host itself must know is always asked. */
  get hasRoom(): boolean {
    return this.#waiting.length - this.#waitingHead < MAX_WAITING;
  }

  /** Asks now, or as soon as there is room; the words are valid until `onAnswer` returns. */
  ask(entry: EntryProposal, nowMs: number, onAnswer: OnAnswer): void {
    this.#waiting.push({ entry, onAnswer });
    this.pump();
    if (this.isBehind) this.#set.tickAt(nowMs + 1);
  }

  /** Reads `count` words of a packet or group. */
  read(
    kind: typeof kinds.packetBody | typeof kinds.groupBody,
    id: number,
    count: number,
    nowMs: number,
    done: (words: Uint32Array, nowMs: number) => void,
  ): void {
    const words = new Uint32Array(count);
    let left = Math.ceil(count / ANSWER_WORDS);
    for (let from = 0; from < count; from += ANSWER_WORDS) {
      this.ask(entryOf(kind, { id, from }), nowMs, (answer, nowMs) => {
        for (let i = 0; i < ANSWER_WORDS && from + i < count; i++) words[from + i] = answer[i];
        if (--left === 0) done(words, nowMs);
      });
    }
  }

  /** Asks what waits, as far as there is room. */
  pump(): void {
    while (this.isBehind && this.#set.canProposeAll(SPARE_PLACES)) {
      const query = this.#waiting[this.#waitingHead++];
      this.#asked.push(query);
      this.#set.propose(query.entry);
    }
    if (this.isBehind || this.#waitingHead === 0) return;
    this.#waiting = [];
    this.#waitingHead = 0;
  }

  /** The ledger has answered the oldest query; one that its disk couldn't answer is asked again. */
  answered({ verdict, payload }: VerdictCall, nowMs: number): void {
    const query = this.#asked.shift()!;
    if (verdict !== Verdict.refused) return query.onAnswer(payload, nowMs);
    this.#waiting.push(query);
    this.#set.tickAt(nowMs + 1);
  }
}
