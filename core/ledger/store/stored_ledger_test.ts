import assert from "node:assert/strict";
import { LedgerFiller } from "../../../bench/ledger_filler.ts";
import { SimStore } from "../../../test/sim/sim_store.ts";
import { Random } from "../../base/random.ts";
import { ManualClock } from "../../base/clock.ts";
import { EntryKind } from "../kinds/entry_kinds.ts";
import { ENTRY_WORDS, EntryWord, PAYLOAD_AT, PAYLOAD_WORDS, Refusal, Verdict } from "../record/entry.ts";
import { emptyJudgement } from "../record/judgement.ts";
import { NO_LIMITS } from "../record/ledger.ts";
import { openJudge } from "../checkpoint/open_judge.ts";
import { type EntryRows, RowField } from "../record/entry_rows.ts";
import { StoreFailed } from "../disk/entry_store.ts";
import { orderWords } from "../record/order_text.ts";
import { sendBodyWords } from "../record/send_body.ts";
import { Judge } from "../judge/judge.ts";
import { StoredLedger } from "./stored_ledger.ts";

/** A store that keeps every batch, and says each time that it failed. */
class LyingStore extends SimStore {
  override append(rows: EntryRows, delivered: Uint32Array): void {
    super.append(rows, delivered);
    throw new StoreFailed("nobody knows whether this is durable");
  }
}

/** Enters three rows whose commit is in doubt; what the store holds of them is changed. Then the disk works again. */
function mend(change: (kept: number[][]) => void): StoredLedger {
  const store = new LyingStore(new Random(1));
  const clock = new ManualClock();
  const ledger = new StoredLedger(new Judge(), store, clock);
  const filler = new LedgerFiller(ledger);
  filler.enter(EntryKind.mint, { packetId: 1, count: 10, amountFen: 1_000, sponsor: 1 });
  for (const user of [7, 8]) {
    filler.enter(EntryKind.award, { packetId: user, user, amountFen: 100, sponsor: 1 });
  }
  assert.equal(ledger.commit(), false);
  change(store.rows);
  clock.advance(1_000);
  return ledger;
}

Deno.test("a batch in doubt that is in the store as it was staged is settled, and given once", () => {
  const ledger = mend(() => {});
  assert.equal(ledger.commit(), true);
  assert.equal(ledger.failure, undefined);
  assert.equal(ledger.lastSeq, 3);
  assert.equal(ledger.awardOf(7)?.user, 7);
});

Deno.test("a batch in doubt that is in the store as something else is noticed, whatever is different", () => {
  for (const [name, field] of Object.entries(RowField)) {
    for (const row of [0, 2]) {
      const ledger = mend((kept) => kept[row][field]++);
      assert.throws(() => ledger.commit(), /the store holds what was staged/, `${name} of row ${row}`);
    }
  }
});

Deno.test("a batch in doubt of which the store holds a part is noticed", () => {
  const ledger = mend((kept) => void kept.pop());
  assert.throws(() => ledger.commit(), /a batch is in the store whole or not at all/);
});

/** Sends a packet of one share, which ends when that is claimed. */
function sendAndClaim(filler: LedgerFiller): number {
  filler.enter(EntryKind.fund, { user: 1, tag: 1, amountFen: 10 });
  filler.enterParts(sendBodyWords({
    mode: 0,
    group: 0,
    deadlineMs: 9e15,
    requestId: 1,
    recipients: Uint32Array.of(2),
    shares: Uint32Array.of(10),
  }));
  const packetId = filler.enter(EntryKind.send, { user: 1, count: 1, amountFen: 10 });
  filler.enter(EntryKind.claim, { packetId, user: 2, count: 0, amountFen: 10 });
  return packetId;
}

/** A packet that ends with its last claim, in doubt; then the disk works again. */
function mendWords(change: (store: LyingStore, endedId: number) => void): StoredLedger {
  const store = new LyingStore(new Random(1));
  const clock = new ManualClock();
  const ledger = new StoredLedger(new Judge(), store, clock);
  const filler = new LedgerFiller(ledger);
  const packetId = sendAndClaim(filler);
  assert.equal(ledger.commit(), false);
  assert.deepEqual([store.bodies.size, store.endedWords.size], [1, 1]);
  change(store, packetId);
  clock.advance(1_000);
  return ledger;
}

Deno.test("a batch in doubt is compared with the words beside its rows, and the packets that it ends", () => {
  assert.equal(mendWords(() => {}).commit(), true);
  const changes: Record<string, (store: LyingStore, endedId: number) => void> = {
    "a word of a body": (store) => void store.bodies.get(2)![4]++,
    "a body is cut off": (store) => void store.bodies.set(2, store.bodies.get(2)!.slice(1)),
    "a body is gone": (store) => void store.bodies.delete(2),
    "a row has a body too many": (store) => void store.bodies.set(1, Uint32Array.of(1)),
    "a word of a packet": (store, id) => void store.endedWords.get(id)![3]++,
    "a packet is gone": (store, id) => void store.endedWords.delete(id),
  };
  for (const [what, change] of Object.entries(changes)) {
    assert.throws(() => mendWords(change).commit(), /the store holds the (words|packets)/, what);
  }
});

Deno.test("a commit that leaves a sum open ends the thread, before anybody is answered", () => {
  const judge = new Judge();
  const ledger = new StoredLedger(judge, new SimStore(new Random(1)), new ManualClock());
  new LedgerFiller(ledger).enter(EntryKind.mint, { packetId: 1, count: 1, amountFen: 1, sponsor: 1 });
  judge.sends.totals.userFen++;
  assert.throws(() => ledger.commit(), /the sum of all accounts is 0/);
});

Deno.test("an order's words are stored beside its row, and none beside the row that ends it", () => {
  const store = new SimStore(new Random(1));
  const ledger = new StoredLedger(new Judge(), store, new ManualClock());
  const judgement = emptyJudgement(); // one for all, as the ledger's thread has it
  const words = new Int32Array(ENTRY_WORDS);
  const judge = (
    kind: number,
    fields: readonly (readonly [at: number, value: number])[],
    part?: Uint32Array,
  ) => {
    words.fill(0)[EntryWord.kind] = kind;
    for (const [at, value] of fields) words[at] = value;
    if (part !== undefined) words.set(part, PAYLOAD_AT);
    ledger.judge(words, 0, judgement);
    assert.equal(judgement.verdict, Verdict.done);
  };
  const order = { plugin: "a", route: "b", key: null, body: {}, fixed: {}, packets: 1, atMs: 1 };
  const { words: text, bytes } = orderWords(order);
  for (let at = 0; at < text.length; at += PAYLOAD_WORDS) {
    judge(EntryKind.part, [], text.subarray(at, at + PAYLOAD_WORDS));
  }
  judge(EntryKind.order, [[EntryWord.count, bytes]]);
  judge(EntryKind.endOrder, [[EntryWord.packetId, 1]]);
  assert.ok(ledger.commit());
  assert.deepEqual([store.rows.length, [...store.bodies.keys()]], [2, [1]]);
});

Deno.test("a packet that has ended is in memory until it is durable, and no longer", () => {
  const judge = new Judge();
  const ledger = new StoredLedger(judge, new SimStore(new Random(1)), new ManualClock());
  sendAndClaim(new LedgerFiller(ledger));
  assert.equal(judge.sends.keptCount, 1);
  assert.ok(ledger.commit());
  assert.equal(judge.sends.keptCount, 0);
});

Deno.test("a ledger that lacks a row isn't opened, and the row is named", () => {
  const store = new SimStore(new Random(1));
  const ledger = new StoredLedger(new Judge(), store, new ManualClock());
  const filler = new LedgerFiller(ledger);
  filler.enter(EntryKind.mint, { packetId: 1, count: 9, amountFen: 45, sponsor: 1 });
  for (const user of [1, 2, 3]) {
    filler.enter(EntryKind.award, { packetId: user, user, amountFen: 5, sponsor: 1 });
  }
  assert.ok(ledger.commit());
  assert.equal(openJudge(store, undefined, NO_LIMITS).rowsRead, 4);
  store.rows.splice(2, 1);
  assert.throws(() => openJudge(store, undefined, NO_LIMITS), /the ledger lacks row 3/);
});

Deno.test("a disk that fails is tried again and again, at last once a second, and never given up", () => {
  let tries = 0;
  class FailingStore extends SimStore {
    override append(): void {
      throw new StoreFailed("no space");
    }
    override reopen(): void {
      tries++;
      throw new StoreFailed("no space");
    }
  }
  const clock = new ManualClock();
  const ledger = new StoredLedger(new Judge(), new FailingStore(new Random(1)), clock);
  new LedgerFiller(ledger).enter(EntryKind.mint, { packetId: 1, count: 1, amountFen: 5, sponsor: 1 });
  assert.equal(ledger.commit(), false);
  const restsMs = Array.from({ length: 7 }, () => {
    const before = tries;
    for (let ms = 1;; ms++) {
      clock.advance(1);
      assert.equal(ledger.commit(), false);
      if (tries > before) return ms;
    }
  });
  assert.deepEqual(restsMs, [100, 250, 500, 1_000, 1_000, 1_000, 1_000]);
});

Deno.test("whatever clocks do, how far event time had come is what the rows say of it", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new Random(seed);
    const store = new SimStore(random.fork());
    const clock = new ManualClock();
    const ledger = new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, clock);
    const filler = new LedgerFiller(ledger);
    const mint = () => {
      const packetId = ledger.nextPacketId;
      filler.enter(EntryKind.mint, { packetId, count: 1, amountFen: 5, sponsor: 1 });
      return packetId;
    };
    let undelivered = mint();
    filler.enter(EntryKind.award, { packetId: undelivered, user: 1, amountFen: 5, sponsor: 1 });
    assert.ok(ledger.commit());
    for (let step = 0; step < 200; step++) {
      clock.advance(random.below(3_000));
      if (random.below(5) === 0) clock.stepWall(random.between(-60_000, 60_000));
      if (random.below(2) === 0) {
        const packetId = mint();
        filler.enter(EntryKind.award, { packetId, user: 1, amountFen: 5, sponsor: 1 });
        undelivered = packetId;
      } else if (undelivered !== 0) {
        filler.enter(EntryKind.delivered, { packetId: undelivered, user: 1 });
        undelivered = 0;
      }
      assert.ok(ledger.commit());
      const { eventMs, graceUntilMs } = store.durableTime()!;
      const said = ledger.durableTime;
      assert.deepEqual(
        [said.eventMs, said.graceUntilMs],
        [eventMs, graceUntilMs],
        `seed ${seed}, step ${step}`,
      );
    }
  }
});

Deno.test("a ledger that is opened again knows at once how far event time had come", () => {
  const store = new SimStore(new Random(1));
  const clock = new ManualClock();
  const ledger = new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, clock);
  const { eventMs } = ledger.durableTime;
  assert.equal(eventMs, clock.wallMs(), "a new one begins now");
  clock.advance(5_000);
  new LedgerFiller(ledger).enter(EntryKind.mint, { packetId: 1, count: 1, amountFen: 5, sponsor: 1 });
  assert.ok(ledger.commit());
  assert.equal(ledger.durableTime.eventMs, eventMs + 5_000);
  clock.advance(60_000);
  const again = new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, clock);
  assert.deepEqual(again.durableTime, ledger.durableTime);
});

Deno.test("what was delivered just before the end is stored, though no row comes with it", () => {
  const store = new SimStore(new Random(1));
  const ledger = new StoredLedger(new Judge(), store, new ManualClock());
  const filler = new LedgerFiller(ledger);
  filler.enter(EntryKind.mint, { packetId: 1, count: 1, amountFen: 1, sponsor: 1 });
  filler.enter(EntryKind.award, { packetId: 1, user: 7, amountFen: 1, sponsor: 1 });
  assert.ok(ledger.commit());
  filler.enter(EntryKind.delivered, { packetId: 1, user: 7 });
  assert.ok(ledger.commit());
  const marks: number[] = [];
  assert.equal(store.readDelivered(0, (words) => marks.push(...words)), 0, "it waits for a batch");
  ledger.close();
  assert.equal(store.readDelivered(0, (words) => marks.push(...words)), 1);
  assert.deepEqual(marks, [1]);
});

Deno.test("a disk that doesn't tell refuses what needs it; a fault of ours is none of the disk's", () => {
  for (
    const [error, refusal] of [[new StoreFailed("away"), Refusal.unreadable], [
      new TypeError("a bug"),
    ]] as const
  ) {
    const store = new SimStore(new Random(1));
    const before = new StoredLedger(new Judge(), store, new ManualClock());
    const packetId = sendAndClaim(new LedgerFiller(before));
    assert.ok(before.commit());
    const ledger = new StoredLedger(openJudge(store, undefined, NO_LIMITS).judge, store, new ManualClock());
    store.ended = () => {
      throw error;
    };
    const words = new Int32Array(ENTRY_WORDS);
    words[EntryWord.kind] = EntryKind.claim;
    words[EntryWord.packetId] = packetId;
    words[EntryWord.user] = 3;
    const judgement = emptyJudgement();
    if (refusal === undefined) assert.throws(() => ledger.judge(words, 0, judgement), /a bug/);
    else {
      ledger.judge(words, 0, judgement);
      assert.deepEqual([judgement.verdict, judgement.detail], [Verdict.refused, refusal]);
    }
  }
});
