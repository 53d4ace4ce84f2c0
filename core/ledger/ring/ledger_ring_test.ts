import assert from "node:assert/strict";
import { AssertionFailed } from "../../base/assert.ts";
import { ENTRY_WORDS, EntryWord, Verdict } from "../record/entry.ts";
import { LedgerRing, ledgerRingBytes } from "./ledger_ring.ts";

/** The two ends of one ring, as two threads have them. */
class Ends {
  readonly memory: SharedArrayBuffer;
  readonly producer: LedgerRing;
  readonly consumer: LedgerRing;

  constructor(capacity: number) {
    this.memory = new SharedArrayBuffer(ledgerRingBytes(capacity));
    this.producer = new LedgerRing(this.memory);
    this.consumer = new LedgerRing(this.memory);
  }

  propose(packetId: number): void {
    this.producer.words[this.producer.next() + EntryWord.packetId] = packetId;
  }

  judge(most = 1000): number[] {
    const seen: number[] = [];
    const count = this.consumer.judge((words, at) => {
      seen.push(words[at + EntryWord.packetId]);
      words[at + EntryWord.verdict] = Verdict.done;
    }, most);
    assert.equal(count, seen.length);
    return seen;
  }

  drain(most?: number): number[] {
    const seen: number[] = [];
    const count = this.producer.drain((words, at) => {
      assert.equal(words[at + EntryWord.verdict], Verdict.done);
      seen.push(words[at + EntryWord.packetId]);
    }, most);
    assert.equal(count, seen.length);
    return seen;
  }
}

Deno.test("an entry is seen by the ledger only after publish, by the producer only after answer", () => {
  const ends = new Ends(4);
  assert.equal(ends.producer.publish(), false);
  ends.propose(1);
  ends.propose(2);
  assert.deepEqual(ends.judge(), []);
  assert.equal(ends.producer.publish(), true);
  assert.equal(ends.producer.publish(), false);
  assert.deepEqual(ends.judge(), [1, 2]);
  assert.deepEqual(ends.judge(), [], "once each");
  assert.deepEqual(ends.drain(), []);
  assert.equal(ends.consumer.answer(), true);
  assert.equal(ends.consumer.answer(), false);
  assert.deepEqual(ends.drain(), [1, 2]);
  assert.deepEqual(ends.drain(), []);
});

Deno.test("the producer reads as many verdicts as it likes, and knows how many there are", () => {
  const ends = new Ends(4);
  for (const packetId of [1, 2, 3]) ends.propose(packetId);
  ends.producer.publish();
  ends.judge();
  assert.equal(ends.producer.verdicts, 0, "not before the commit");
  ends.consumer.answer();
  assert.equal(ends.producer.verdicts, 3);
  assert.deepEqual(ends.drain(2), [1, 2]);
  assert.equal(ends.producer.verdicts, 1);
  assert.deepEqual(ends.drain(2), [3]);
  assert.equal(ends.producer.verdicts, 0);
});

Deno.test("a place is free again only when its verdict was read", () => {
  const ends = new Ends(2);
  ends.propose(1);
  ends.propose(2);
  assert.deepEqual([ends.producer.hasRoom, ends.producer.open], [false, 2]);
  assert.throws(() => ends.producer.next(), AssertionFailed);
  ends.producer.publish();
  ends.judge();
  ends.consumer.answer();
  assert.equal(ends.producer.hasRoom, false);
  ends.drain();
  assert.deepEqual([ends.producer.hasRoom, ends.producer.open], [true, 0]);
});

Deno.test("the ledger may take a part, and answers what it has judged", () => {
  const ends = new Ends(8);
  for (let i = 0; i < 5; i++) ends.propose(i);
  ends.producer.publish();
  assert.deepEqual(ends.judge(3), [0, 1, 2]);
  ends.consumer.answer();
  assert.deepEqual(ends.drain(), [0, 1, 2]);
  assert.deepEqual(ends.judge(3), [3, 4]);
  ends.consumer.answer();
  assert.deepEqual(ends.drain(), [3, 4]);
});

Deno.test("in order around the ring, many times, and a used place begins as pending", () => {
  const ends = new Ends(4);
  let next = 0;
  let expected = 0;
  for (let round = 0; round < 1000; round++) {
    for (let i = 0; i <= round % 4; i++) {
      const at = ends.producer.next();
      assert.equal(ends.producer.words[at + EntryWord.verdict], Verdict.pending);
      assert.equal(at % ENTRY_WORDS, 0);
      ends.producer.words[at + EntryWord.packetId] = next++;
    }
    ends.producer.publish();
    ends.judge();
    ends.consumer.answer();
    for (const packetId of ends.drain()) assert.equal(packetId, expected++);
    assert.equal(expected, next);
  }
});

Deno.test("a reader of verdicts may propose again", () => {
  const ends = new Ends(2);
  ends.propose(1);
  ends.producer.publish();
  ends.judge();
  ends.consumer.answer();
  ends.producer.drain(() => ends.propose(2));
  ends.producer.publish();
  assert.deepEqual(ends.judge(), [2]);
});

Deno.test("a capacity that is no power of two is our own mistake", () => {
  for (const capacity of [0, 3, 1.5, 12]) assert.throws(() => new Ends(capacity), AssertionFailed);
});
