import type { Engine } from "../../engine/common/engine.ts";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import {
  ENTRY_WORDS,
  entryAmountFen,
  EntryWord,
  PAYLOAD_AT,
  PAYLOAD_WORDS,
  setEntryAmountFen,
} from "../../ledger/record/entry.ts";
import type { LedgerRing } from "../../ledger/ring/ledger_ring.ts";
import type { EntryProposal } from "../../plugin/plugin.ts";
import type { VerdictWatch } from "../common/verdict_watch.ts";

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
  count = 0;
  asked = 0;
  askedFrom = 0;
  /** The words of an answer. */
  readonly payload = new Int32Array(PAYLOAD_WORDS);

  read(words: Int32Array, at: number): void {
    this.kind = words[at + EntryWord.kind];
    this.verdict = words[at + EntryWord.verdict];
    this.detail = words[at + EntryWord.detail];
    this.user = words[at + EntryWord.user] >>> 0;
    this.packetId = words[at + EntryWord.packetId] >>> 0;
    this.amountFen = entryAmountFen(words, at);
    this.sponsor = words[at + EntryWord.sponsor];
    this.tag = words[at + EntryWord.tag] >>> 0;
    this.count = words[at + EntryWord.count];
    this.asked = words[at + EntryWord.asked];
    this.askedFrom = words[at + EntryWord.askedFrom];
    for (let i = 0; i < PAYLOAD_WORDS; i++) this.payload[i] = words[at + PAYLOAD_AT + i];
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

  /** An entry of any kind; see {@linkcode add}. */
  addProposal(plugin: number, entry: Readonly<EntryProposal>, nowMs: number): void {
    const { kind, connection, user, packetId, amountFen, sponsor, tag } = entry;
    const at = this.add(kind, plugin, connection, user, packetId, nowMs, amountFen, sponsor, tag);
    const { words } = this.#ring;
    words[at + EntryWord.count] = entry.count;
    words[at + EntryWord.asked] = entry.asked;
    words[at + EntryWord.askedFrom] = entry.askedFrom;
  }

  /** Words that belong to the next entry, in as many places as `partsFor` says. */
  addParts(body: Uint32Array, nowMs: number): void {
    for (let from = 0; from < body.length; from += PAYLOAD_WORDS) {
      const at = this.add(EntryKind.part, -1, -1, 0, 0, nowMs);
      const end = Math.min(from + PAYLOAD_WORDS, body.length);
      for (let i = from; i < end; i++) this.#ring.words[at + PAYLOAD_AT + i - from] = body[i];
    }
  }

  /**
   * @param plugin who is told the verdict, -1 if nobody is
   * @returns where its words begin
   */
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
  ): number {
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
    return at;
  }
}
