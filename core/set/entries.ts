import type { Engine } from "../engine/engine.ts";
import { ENTRY_WORDS, entryAmountFen, EntryWord, setEntryAmountFen } from "../ledger/entry.ts";
import type { LedgerRing } from "../ledger/ledger_ring.ts";
import type { VerdictWatch } from "./verdict_watch.ts";

/** An entry of the ledger as numbers, refilled for each so that nothing is allocated. */
export class EntryCall {
  kind = 0;
  verdict = 0;
  detail = 0;
  user = 0;
  packetId = 0;
  amountFen = 0;
  sponsor = 0;
  tag = 0;

  read(words: Int32Array, at: number): void {
    this.kind = words[at + EntryWord.kind];
    this.verdict = words[at + EntryWord.verdict];
    this.detail = words[at + EntryWord.detail];
    this.user = words[at + EntryWord.user] >>> 0;
    this.packetId = words[at + EntryWord.packetId] >>> 0;
    this.amountFen = entryAmountFen(words, at);
    this.sponsor = words[at + EntryWord.sponsor];
    this.tag = words[at + EntryWord.tag] >>> 0;
  }
}

/** Writes the entries of one SET into its worker's ring. Ask whether the ring has room first. */
export class Entries {
  readonly #engine: Engine;
  readonly #ring: LedgerRing;
  readonly #watch: VerdictWatch;
  readonly #set: number;

  /** @param set number of the SET within its worker, which is told the verdict */
  constructor(engine: Engine, ring: LedgerRing, watch: VerdictWatch, set: number) {
    this.#engine = engine;
    this.#ring = ring;
    this.#watch = watch;
    this.#set = set;
  }

  /** @param plugin who is told the verdict, -1 if nobody is */
  add(
    kind: number,
    plugin: number,
    connection: number,
    user: number,
    packetId: number,
    nowMs: number,
    amountFen = 0,
    sponsor = 0,
    tag = 0,
  ): void {
    const at = this.#ring.next();
    const { words } = this.#ring;
    words.fill(0, at, at + ENTRY_WORDS);
    words[at + EntryWord.kind] = kind;
    words[at + EntryWord.plugin] = plugin;
    words[at + EntryWord.set] = this.#set;
    words[at + EntryWord.connection] = connection;
    words[at + EntryWord.generation] = this.#engine.generation[connection];
    words[at + EntryWord.user] = user;
    words[at + EntryWord.packetId] = packetId;
    words[at + EntryWord.sponsor] = sponsor;
    words[at + EntryWord.tag] = tag;
    setEntryAmountFen(words, at, amountFen);
    this.#watch.proposed(at, nowMs);
  }
}
