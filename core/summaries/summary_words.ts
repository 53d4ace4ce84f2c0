import { createHmac, timingSafeEqual } from "node:crypto";
import type { TokenKey, TokenRules } from "../token/token_keys.ts";
import { AWARD_NUMBERS, type AwardBlock, HEAD_DIGITS, type RowMark } from "./award_source.ts";

/** Of what hosts tell each other of their awards; it grows when a field goes or changes its meaning. */
const VERSION = 1;
const PREFIX = "redpkt awards 1";
const MAC_BYTES = 32;
const ID_BYTES = 16;
const MARK_BYTES = 8 + HEAD_DIGITS / 2;
const AWARD_BYTES = AWARD_NUMBERS * 4;

/** Offsets of what both kinds of message begin with; what is signed begins with the version. */
const KEY_AT = 0;
const MAC_AT = 4;
const SIGNED_AT = MAC_AT + MAC_BYTES;
const KIND_AT = SIGNED_AT + 4;
const LEDGER_AT = KIND_AT + 4;
const TIME_AT = LEDGER_AT + ID_BYTES;
const BODY_AT = TIME_AT + 8;

const KIND_AWARDS = 1;
const KIND_ASK = 2;

/** Awards of another host, in the order of its ledger. */
export interface SummaryMessage extends AwardBlock {
  readonly kind: "awards";
  readonly ledger: string;
  /** Its wall clock, in unix ms. */
  readonly atMs: number;
  readonly from: RowMark;
  /** The last row of the ledger then. */
  readonly tipSeq: number;
}

/** A host lacks rows of others. */
export interface AskMessage {
  readonly kind: "ask";
  readonly ledger: string;
  readonly atMs: number;
  /** By ledger: the last row that it has. */
  readonly wanted: readonly (readonly [ledger: string, has: RowMark])[];
}

/** Writes and reads what hosts tell each other of their awards, signed with the keys of tokens. */
export class SummarySeal {
  readonly #keys: Map<number, TokenKey>;
  readonly #first: TokenKey;
  readonly #event: Uint8Array;

  /** @param rules with at least one key */
  constructor({ keys, event }: TokenRules) {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#first = keys[0];
    this.#event = new TextEncoder().encode(`${PREFIX}\0${event}\0`);
  }

  writeAwards({ ledger, atMs, from, to, tipSeq, awards }: Omit<SummaryMessage, "kind">): Uint8Array {
    const bytes = new Uint8Array(BODY_AT + 2 * MARK_BYTES + 8 + awards.length * 4);
    const view = this.#begin(bytes, KIND_AWARDS, ledger, atMs);
    writeMark(bytes, view, BODY_AT, from);
    writeMark(bytes, view, BODY_AT + MARK_BYTES, to);
    view.setFloat64(BODY_AT + 2 * MARK_BYTES, tipSeq);
    const at = BODY_AT + 2 * MARK_BYTES + 8;
    for (let i = 0; i < awards.length; i++) view.setUint32(at + 4 * i, awards[i]);
    return this.#signed(bytes, view);
  }

  writeAsk({ ledger, atMs, wanted }: Omit<AskMessage, "kind">): Uint8Array {
    const bytes = new Uint8Array(BODY_AT + wanted.length * (ID_BYTES + MARK_BYTES));
    const view = this.#begin(bytes, KIND_ASK, ledger, atMs);
    let at = BODY_AT;
    for (const [of, has] of wanted) {
      bytes.set(Uint8Array.fromHex(of), at);
      writeMark(bytes, view, at + ID_BYTES, has);
      at += ID_BYTES + MARK_BYTES;
    }
    return this.#signed(bytes, view);
  }

  /** Reads a message; a word says why it doesn't count. */
  read(bytes: Uint8Array): SummaryMessage | AskMessage | "damaged" | "forged" {
    if (bytes.length < BODY_AT) return "damaged";
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const key = this.#keys.get(view.getUint32(KEY_AT));
    if (key === undefined) return "forged";
    if (!timingSafeEqual(this.#mac(key, bytes), bytes.subarray(MAC_AT, SIGNED_AT))) return "forged";
    if (view.getUint32(SIGNED_AT) !== VERSION) return "damaged";
    const ledger = bytes.subarray(LEDGER_AT, TIME_AT).toHex();
    const atMs = view.getFloat64(TIME_AT);
    const kind = view.getUint32(KIND_AT);
    if (kind === KIND_ASK) return readAsk(bytes, view, { ledger, atMs });
    return kind === KIND_AWARDS ? readAwards(bytes, view, { ledger, atMs }) : "damaged";
  }

  #begin(bytes: Uint8Array, kind: number, ledger: string, atMs: number): DataView {
    const view = new DataView(bytes.buffer);
    view.setUint32(KEY_AT, this.#first.id);
    view.setUint32(SIGNED_AT, VERSION);
    view.setUint32(KIND_AT, kind);
    bytes.set(Uint8Array.fromHex(ledger), LEDGER_AT);
    view.setFloat64(TIME_AT, atMs);
    return view;
  }

  #signed(bytes: Uint8Array, view: DataView): Uint8Array {
    bytes.set(this.#mac(this.#first, bytes), MAC_AT);
    view.setUint32(KEY_AT, this.#first.id);
    return bytes;
  }

  #mac(key: TokenKey, bytes: Uint8Array): Uint8Array {
    return createHmac("sha256", key.secret).update(this.#event).update(bytes.subarray(SIGNED_AT)).digest();
  }
}

type Sender = Pick<AskMessage, "ledger" | "atMs">;

function readAwards(bytes: Uint8Array, view: DataView, sender: Sender): SummaryMessage | "damaged" {
  const at = BODY_AT + 2 * MARK_BYTES + 8;
  const size = bytes.length - at;
  if (size < 0 || size % AWARD_BYTES !== 0) return "damaged";
  const awards = new Uint32Array(size / 4);
  for (let i = 0; i < awards.length; i++) awards[i] = view.getUint32(at + 4 * i);
  return {
    kind: "awards",
    ...sender,
    from: readMark(bytes, view, BODY_AT),
    to: readMark(bytes, view, BODY_AT + MARK_BYTES),
    tipSeq: view.getFloat64(BODY_AT + 2 * MARK_BYTES),
    awards,
  };
}

function readAsk(bytes: Uint8Array, view: DataView, sender: Sender): AskMessage | "damaged" {
  const each = ID_BYTES + MARK_BYTES;
  const count = (bytes.length - BODY_AT) / each;
  if (!Number.isInteger(count)) return "damaged";
  const wanted = Array.from({ length: count }, (_, i) => {
    const at = BODY_AT + i * each;
    return [bytes.subarray(at, at + ID_BYTES).toHex(), readMark(bytes, view, at + ID_BYTES)] as const;
  });
  return { kind: "ask", ...sender, wanted };
}

function writeMark(bytes: Uint8Array, view: DataView, at: number, { seq, head }: RowMark): void {
  view.setFloat64(at, seq);
  bytes.set(Uint8Array.fromHex(head), at + 8);
}

function readMark(bytes: Uint8Array, view: DataView, at: number): RowMark {
  return { seq: view.getFloat64(at), head: bytes.subarray(at + 8, at + MARK_BYTES).toHex() };
}
