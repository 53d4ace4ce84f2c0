/** What every ledger must do with what operators order; run with `describeOrders`. */
import assert from "node:assert/strict";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import {
  ENTRY_WORDS,
  EntryWord,
  PAYLOAD_AT,
  PAYLOAD_WORDS,
  Refusal,
  setEntryAmountFen,
  Verdict,
} from "../../core/ledger/record/entry.ts";
import { emptyJudgement } from "../../core/ledger/record/judgement.ts";
import type { Ledger } from "../../core/ledger/record/ledger.ts";
import { isTaken } from "../../core/ledger/record/order_state.ts";
import { type OrderText, orderWords } from "../../core/ledger/record/order_text.ts";
import type { OpenedLedger } from "./ledger_conformance.ts";

const DONE = [Verdict.done, Refusal.none];
const DONE_BEFORE = [Verdict.doneBefore, Refusal.none];
const refused = (detail: number) => [Verdict.refused, detail];

const ORDER: OrderText = {
  plugin: "shake",
  route: "POST /packets",
  key: "eve",
  body: { total: 30 },
  fixed: { seed: 7 },
  packets: 30,
  atMs: 1_700_000_000_000,
};

const FUND: Partial<OrderText> = {
  route: "POST /fund",
  packets: 0,
  funds: { first: 3, last: 9, amountFen: 5 },
};

/** Drives a ledger by orders and what is made for them, one commit each. */
class OrderBench {
  ledger: Ledger;
  /** Of the last order. */
  number = 0;
  readonly #opened: OpenedLedger;
  readonly #words = new Int32Array(ENTRY_WORDS);
  readonly #judgement = emptyJudgement();

  constructor(opened: OpenedLedger) {
    this.#opened = opened;
    this.ledger = opened.ledger;
  }

  place(order: Partial<OrderText> = {}): number[] {
    const { words, bytes } = orderWords({ ...ORDER, ...order });
    return this.placeWords(words, bytes);
  }

  placeWords(words: Uint32Array, bytes: number): number[] {
    for (let at = 0; at < words.length; at += PAYLOAD_WORDS) {
      this.#words.fill(0);
      this.#words[EntryWord.kind] = EntryKind.part;
      this.#words.set(words.subarray(at, at + PAYLOAD_WORDS), PAYLOAD_AT);
      this.ledger.judge(this.#words, 0, this.#judgement);
    }
    const judged = this.#judge({ kind: EntryKind.order, count: bytes });
    this.number = this.#judgement.packetId;
    return judged;
  }

  end(number: number): number[] {
    return this.#judge({ kind: EntryKind.endOrder, packetId: number });
  }

  mint(order: number, part: number, packetId: number, count: number): number[] {
    return this.#judge({
      kind: EntryKind.mint,
      user: order,
      tag: part,
      packetId,
      count,
      amountFen: count,
      sponsor: 1,
    });
  }

  award(packetId: number): number[] {
    return this.#judge({ kind: EntryKind.award, packetId, user: packetId, amountFen: 1, sponsor: 1 });
  }

  /** All that nobody has won of the packets below an id. */
  giveBack(belowId: number, amountFen: number): number[] {
    return this.#judge({ kind: EntryKind.giveBack, packetId: belowId, amountFen, sponsor: 1 });
  }

  fund(order: number, user: number, amountFen = 5): number[] {
    return this.#judge({ kind: EntryKind.fund, tag: order, user, amountFen });
  }

  /** Closed and opened again, if this ledger lasts. */
  reopen(): void {
    if (this.#opened.reopen !== undefined) this.ledger = this.#opened.reopen();
  }

  #judge(
    fields:
      & { kind: number }
      & Partial<Record<"packetId" | "user" | "amountFen" | "count" | "tag" | "sponsor", number>>,
  ) {
    this.#words.fill(0);
    const { amountFen = 0, ...rest } = fields;
    for (const [name, value] of Object.entries(rest)) {
      this.#words[EntryWord[name as keyof typeof EntryWord]] = value;
    }
    setEntryAmountFen(this.#words, 0, amountFen);
    this.ledger.judge(this.#words, 0, this.#judgement);
    const judged = [this.#judgement.verdict, this.#judgement.detail];
    assert.ok(this.ledger.commit());
    return judged;
  }
}

export function describeOrders(name: string, open: () => OpenedLedger): void {
  function test(what: string, run: (bench: OrderBench) => void): void {
    Deno.test(`${name}: ${what}`, () => {
      const opened = open();
      try {
        run(new OrderBench(opened));
      } finally {
        opened.dispose();
      }
    });
  }

  test("an order is known by its key: the same again is the first one, another body is refused", (bench) => {
    assert.deepEqual([bench.place(), bench.number], [DONE, 1]);
    for (let run = 0; run < 2; run++) {
      // What was fixed with it, and when it came, is no part of what was asked for.
      assert.deepEqual([bench.place({ fixed: { seed: 8 }, atMs: 5 }), bench.number], [DONE_BEFORE, 1]);
      assert.deepEqual([bench.place({ body: { total: 31 } }), bench.number], [refused(Refusal.keyTaken), 1]);
      bench.reopen();
    }
    assert.deepEqual(bench.ledger.orders().map(({ json }) => JSON.parse(json)), [ORDER]);
  });

  test("a key is whole, and belongs to its route and plugin; without one every order is its own", (bench) => {
    // These two have the same 32-bit FNV-1a hash.
    const keys = ["costarring", "liquid"];
    const others = [{ key: keys[0] }, { key: keys[1] }, { key: "eve " }, { route: "POST /fund" }, {
      plugin: "send",
    }];
    const orders: Partial<OrderText>[] = [{}, ...others, { key: null }, { key: null }];
    for (const [i, order] of orders.entries()) {
      assert.deepEqual([bench.place(order), bench.number], [DONE, i + 1], JSON.stringify(order));
    }
    bench.reopen();
    assert.deepEqual([bench.place({ key: keys[1] }), bench.number], [DONE_BEFORE, 3]);
    assert.deepEqual([bench.place({ key: null }), bench.number], [DONE, orders.length + 1]);
  });

  test("packets for an order come part by part, and never more than ordered", (bench) => {
    bench.place();
    assert.deepEqual(bench.mint(1, 1, 1, 10), refused(Refusal.wrongPart));
    assert.deepEqual(bench.mint(2, 0, 1, 10), refused(Refusal.unknownOrder));
    assert.deepEqual(bench.mint(1, 0, 1, 10), DONE);
    assert.deepEqual(bench.mint(1, 0, 1, 10), DONE_BEFORE);
    assert.deepEqual(bench.mint(0, 0, 1, 10), refused(Refusal.idsTaken), "the same ids, for no order");
    assert.deepEqual(bench.mint(1, 0, 11, 10), refused(Refusal.wrongPart));
    bench.reopen();
    assert.deepEqual(bench.mint(1, 0, 11, 10), refused(Refusal.wrongPart));
    assert.deepEqual(bench.mint(1, 1, 11, 10), DONE);
    assert.deepEqual(bench.mint(1, 2, 21, 11), refused(Refusal.orderFull));
    assert.deepEqual(bench.mint(1, 2, 21, 10), DONE);
    assert.deepEqual(bench.mint(1, 3, 31, 1), refused(Refusal.orderFull));
    bench.reopen();
    const [{ parts, made, madeFen }] = bench.ledger.orders();
    assert.deepEqual([parts, made, madeFen], [3, 30, 30]);
  });

  test("a start learns which packets of an order can still be won", (bench) => {
    bench.place();
    bench.mint(1, 0, 1, 10);
    bench.mint(0, 0, 11, 5);
    bench.mint(1, 1, 16, 10);
    for (let packetId = 1; packetId <= 10; packetId++) bench.award(packetId);
    bench.award(17);
    bench.award(25);
    bench.reopen();
    const [{ openParts, parts, made }] = bench.ledger.orders();
    assert.deepEqual([parts, made], [2, 20]);
    assert.deepEqual(openParts.map(({ part, firstId, count }) => [part, firstId, count]), [[1, 16, 10]]);
    const left = Array.from({ length: 10 }, (_, i) => i).filter((i) => !isTaken(openParts[0], i));
    assert.deepEqual(left, [0, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("what went back can't be won, and what is made for the order from the next id on can", (bench) => {
    bench.place();
    bench.mint(1, 0, 1, 10);
    bench.award(2);
    assert.deepEqual(bench.giveBack(11, 9), DONE);
    assert.deepEqual(bench.mint(1, 1, 11, 10), DONE);
    bench.award(20);
    for (let run = 0; run < 2; run++) {
      const [{ openParts }] = bench.ledger.orders();
      assert.deepEqual(openParts.map(({ part, firstId, sumFen }) => [part, firstId, sumFen]), [[1, 11, 10]]);
      const left = Array.from({ length: 10 }, (_, i) => i).filter((i) => !isTaken(openParts[0], i));
      assert.deepEqual(left, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
      bench.reopen();
    }
  });

  test("an order that was ended makes nothing more", (bench) => {
    bench.place();
    bench.mint(1, 0, 1, 10);
    assert.deepEqual(bench.end(2), refused(Refusal.unknownOrder));
    assert.deepEqual(bench.end(1), DONE);
    bench.reopen();
    assert.deepEqual(bench.end(1), DONE_BEFORE);
    assert.deepEqual(bench.mint(1, 1, 11, 10), refused(Refusal.orderEnded));
    assert.deepEqual(bench.place(), DONE_BEFORE);
    assert.equal(bench.ledger.orders()[0].isEnded, true);
  });

  test("money for users tells how far its order is", (bench) => {
    bench.place(FUND);
    assert.deepEqual(bench.fund(1, 3), DONE);
    assert.deepEqual(bench.fund(1, 4), DONE);
    bench.reopen();
    assert.equal(bench.ledger.orders()[0].fundedTo, 4);
    assert.deepEqual(bench.fund(1, 4), DONE_BEFORE);
    assert.equal(bench.ledger.balances().userFen, 10);
  });

  test("an order gives its money to its users alone, in its amount, and nothing once it is stopped", (bench) => {
    bench.place();
    bench.place(FUND);
    assert.deepEqual(bench.fund(1, 3), refused(Refusal.notOrdered), "an order of packets");
    assert.deepEqual(bench.fund(2, 2), refused(Refusal.notOrdered), "in front of the first");
    for (let run = 0; run < 2; run++) {
      assert.deepEqual(bench.fund(2, 10), refused(Refusal.notOrdered), "after the last");
      assert.deepEqual(bench.fund(2, 3 + run, 6), refused(Refusal.notOrdered), "more");
      assert.deepEqual(bench.fund(2, 3 + run, 4), refused(Refusal.notOrdered), "less");
      assert.deepEqual(bench.fund(2, 3 + run), DONE);
      bench.reopen();
    }
    bench.end(2);
    bench.reopen();
    assert.deepEqual(bench.fund(2, 9), refused(Refusal.orderEnded));
    assert.deepEqual(bench.fund(2, 4), DONE_BEFORE);
    assert.equal(bench.ledger.balances().userFen, 10);
  });

  test("an order never has a number by which an older redpkt has given money", (bench) => {
    bench.fund(1, 3);
    bench.fund(2, 3);
    assert.deepEqual([bench.place(), bench.number], [DONE, 3]);
    bench.reopen();
    assert.deepEqual([bench.place({ key: "b" }), bench.number], [DONE, 4]);
  });

  test("what is no order is refused", (bench) => {
    const { words, bytes } = orderWords(ORDER);
    assert.deepEqual(bench.placeWords(words, 0), refused(Refusal.malformed));
    assert.deepEqual(bench.placeWords(words, bytes - 1), refused(Refusal.malformed));
    assert.deepEqual(bench.placeWords(words, bytes + 400), refused(Refusal.malformed));
    assert.deepEqual(bench.place({ packets: -1 }), refused(Refusal.malformed));
    const funds = { first: 1, last: 2.5, amountFen: 5 };
    assert.deepEqual(bench.place({ funds }), refused(Refusal.malformed));
    assert.deepEqual(bench.placeWords(words.fill(0xffff_ffff), bytes), refused(Refusal.malformed));
    assert.deepEqual([bench.place(), bench.number], [DONE, 1], "and takes no number");
  });
}
