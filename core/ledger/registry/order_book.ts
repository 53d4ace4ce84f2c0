import { Refusal } from "../record/entry.ts";
import { orderIdentity, type OrderText } from "../record/order_text.ts";

/** An order, and what was made for it. */
export interface OrderRecord {
  readonly number: number;
  readonly text: OrderText;
  /** As it is stored: canonical JSON. */
  readonly json: string;
  /** By part: the first id of the packets that it made. */
  readonly firstIds: number[];
  /** Packets that it made. */
  made: number;
  /** Nothing more is made for it. */
  isEnded: boolean;
}

/** Packets that are made for an order, which has the number 0 if there is none. */
export interface OrderPart {
  readonly order: number;
  readonly part: number;
  readonly firstId: number;
  readonly count: number;
}

/** The book of operators' orders: each is known by its key, and makes what was ordered, part by part. */
export class OrderBook {
  readonly #byNumber = new Map<number, OrderRecord>();
  readonly #byIdentity = new Map<string, OrderRecord>();
  readonly #isNumberTaken: (number: number) => boolean;
  #last = 0;

  /** @param isNumberTaken whether an older redpkt has used this number for something else */
  constructor(isNumberTaken: (number: number) => boolean) {
    this.#isNumberTaken = isNumberTaken;
  }

  get all(): Iterable<OrderRecord> {
    return this.#byNumber.values();
  }

  get(number: number): OrderRecord | undefined {
    return this.#byNumber.get(number);
  }

  /** The order that has come with the same key before; undefined without a key. */
  sameKey(text: OrderText): OrderRecord | undefined {
    return text.key === null ? undefined : this.#byIdentity.get(orderIdentity(text));
  }

  /** Takes a new order in, and gives it its number. */
  add(text: OrderText, json: string): number {
    let number = this.#last + 1;
    while (this.#isNumberTaken(number)) number++;
    this.restore(number, text, json);
    return number;
  }

  /** An order with the number that it has. */
  restore(number: number, text: OrderText, json: string, isEnded = false): void {
    const record = { number, text, json, firstIds: [], made: 0, isEnded };
    this.#last = number;
    this.#byNumber.set(number, record);
    if (text.key !== null) this.#byIdentity.set(orderIdentity(text), record);
  }

  /** Why packets can't be made for an order; `Refusal.none` if they can. */
  objection({ order, part, count }: OrderPart): number {
    const record = this.#byNumber.get(order);
    if (record === undefined) return Refusal.unknownOrder;
    if (record.isEnded) return Refusal.orderEnded;
    // In order, so that a row needn't say which part it is.
    if (part !== record.firstIds.length) return Refusal.wrongPart;
    return record.made + count > record.text.packets ? Refusal.orderFull : Refusal.none;
  }

  /** Why a user can't get money for an order; `Refusal.none` if they can, or if this is the number of an older redpkt's. */
  fundObjection(order: number, user: number, amountFen: number): number {
    const record = this.#byNumber.get(order);
    if (record === undefined) return Refusal.none;
    if (record.isEnded) return Refusal.orderEnded;
    const { funds } = record.text;
    const isOrdered = funds !== undefined && user >= funds.first && user <= funds.last &&
      amountFen === funds.amountFen;
    return isOrdered ? Refusal.none : Refusal.notOrdered;
  }

  /** Packets were made, by a mint that nothing spoke against. */
  made({ order, firstId, count }: Pick<OrderPart, "order" | "firstId" | "count">): void {
    const record = this.#byNumber.get(order)!;
    record.firstIds.push(firstId);
    record.made += count;
  }
}
