/** What an operator has ordered, as the ledger keeps it. */
export interface OrderText {
  /** Who carries it out, and what it came by, such as `POST /packets`. */
  readonly plugin: string;
  readonly route: string;
  /** Whole, as the operator gave it; null without one. It belongs to its route. */
  readonly key: string | null;
  readonly body: unknown;
  /** What the plugin has fixed with it, such as the seed of what it draws. */
  readonly fixed: unknown;
  /** Most packets that may be made for it. */
  readonly packets: number;
  /** Who gets money for it; absent: nobody. */
  readonly funds?: OrderedFunds;
  /** When it came, in unix ms. */
  readonly atMs: number;
}

/** Money out of `source` for each user from the first to the last, in fen. */
export interface OrderedFunds {
  readonly first: number;
  readonly last: number;
  readonly amountFen: number;
}

/** Most bytes of an order: an operator's words, not data. */
export const MOST_ORDER_BYTES = 1 << 16;

/** JSON with the keys of each object in order: the same value is the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part === null || typeof part !== "object" || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1));
  });
}

/** The words of an order, and how many bytes of them count. */
export function orderWords(order: OrderText): { words: Uint32Array; bytes: number } {
  const bytes = new TextEncoder().encode(canonicalJson(order));
  const words = new Uint32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return { words, bytes: bytes.length };
}

/** Reads an order; undefined if it is none. */
export function readOrder(words: Uint32Array, bytes: number): { text: OrderText; json: string } | undefined {
  if (bytes <= 0 || bytes > MOST_ORDER_BYTES || bytes > words.byteLength) return undefined;
  try {
    const { buffer, byteOffset } = words;
    const json = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(buffer, byteOffset, bytes));
    const text = JSON.parse(json) as OrderText;
    const isOrder = typeof text.plugin === "string" && typeof text.route === "string" &&
      (text.key === null || typeof text.key === "string") && Number.isSafeInteger(text.packets) &&
      text.packets >= 0 && isFunds(text.funds) && typeof text.atMs === "number";
    return isOrder ? { text, json } : undefined;
  } catch {
    return undefined; // no text, or no JSON
  }
}

function isFunds(funds: OrderedFunds | undefined): boolean {
  return funds === undefined ||
    [funds.first, funds.last, funds.amountFen].every((number) => Number.isSafeInteger(number));
}

/** What the same order has in common, however often it comes. */
export function orderIdentity({ plugin, route, key }: Pick<OrderText, "plugin" | "route" | "key">): string {
  return JSON.stringify([plugin, route, key]);
}
