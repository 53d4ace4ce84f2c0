import { Refusal, Verdict } from "../record/entry.ts";
import { type Judgement, refuse, say } from "../record/judgement.ts";
import { readOrder } from "../record/order_text.ts";
import type { Registry } from "../registry/registry.ts";
import { type Kind, NO_MONEY } from "./kind.ts";

const NO_WORDS = new Uint32Array();

/** What operators order. */
export const orderKinds = {
  /**
   * Something to be made; its body is an `OrderText` of so many bytes. Keyed by plugin, route and key; without a key each
   * is its own. The verdict brings its number, or that of the one that had its key before.
   */
  order: {
    number: 25,
    fields: { bytes: "count" },
    legs: NO_MONEY,
    hasBody: true,
    tells: "numbers",
    isNumbered: true,
    judge: place,
    note: place,
  },
  /** Nothing more is made for an order. Keyed by it. */
  endOrder: {
    number: 26,
    fields: { number: "packetId" },
    legs: NO_MONEY,
    judge: end,
    note: end,
  },
} as const satisfies Readonly<Record<string, Kind>>;

function place({ orders }: Registry, entry: Judgement): void {
  const words = entry.body ?? NO_WORDS;
  entry.body = undefined;
  const read = readOrder(words, entry.count);
  if (read === undefined) return refuse(entry, Refusal.malformed);
  const before = orders.sameKey(read.text);
  if (before !== undefined) {
    entry.packetId = before.number;
    const isSame = JSON.stringify(before.text.body) === JSON.stringify(read.text.body);
    return isSame ? say(entry, Verdict.doneBefore) : refuse(entry, Refusal.keyTaken);
  }
  entry.packetId = orders.add(read.text, read.json);
  entry.body = words;
  say(entry, Verdict.done);
}

function end({ orders }: Registry, entry: Judgement): void {
  const order = orders.get(entry.packetId);
  if (order === undefined) return refuse(entry, Refusal.unknownOrder);
  const wasEnded = order.isEnded;
  order.isEnded = true;
  say(entry, wasEnded ? Verdict.doneBefore : Verdict.done);
}
