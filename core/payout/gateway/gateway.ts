/** What a gateway is asked to do. */
export interface PaymentOrder {
  /** Event and packet: the same for ever, whoever asks and however often. A gateway pays a key once. */
  readonly key: string;
  readonly user: number;
  readonly amountFen: number;
}

/**
 * What came of asking. Only a gateway's own word is `paid` or `refused`; what could be either is `unknown`, and what was
 * surely not taken can be asked again.
 */
export type PayOutcome =
  | { readonly kind: "paid" }
  /** It won't be paid, for ever. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Surely not paid, nor will this request be: ask again later. */
  | { readonly kind: "notTaken"; readonly reason: string; readonly waitMs?: number }
  /** It may have been paid: find out by the key. */
  | { readonly kind: "unknown"; readonly reason: string };

/** What a gateway knows of a key. */
export type FindOutcome =
  | { readonly kind: "paid" }
  | { readonly kind: "refused"; readonly reason: string }
  /** It has never taken an order with this key. */
  | { readonly kind: "notFound" }
  /** Not known: ask again later. */
  | { readonly kind: "unknown"; readonly reason: string; readonly waitMs?: number };

/** Whoever pays: a bank, a wallet, or the fake one of rehearsals. Neither call throws for what the gateway does. */
export interface Gateway {
  pay(order: PaymentOrder): Promise<PayOutcome>;
  /** What became of an order. It is given whole, so that an answer about another amount or user is found out. */
  find(order: PaymentOrder): Promise<FindOutcome>;
}

/** The key under which a packet is paid. */
export function paymentKey(event: string, packetId: number): string {
  return `${event}/${packetId}`;
}
