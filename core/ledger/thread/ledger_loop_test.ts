import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { Waker } from "../../threads/waker.ts";
import { EntryKind } from "../kinds/entry_kinds.ts";
import { EntryWord, Refusal, setEntryAmountFen, Verdict } from "../record/entry.ts";
import type { Judgement } from "../record/judgement.ts";
import { LedgerLoop, Step } from "./ledger_loop.ts";
import { LedgerRing, ledgerRingBytes } from "../ring/ledger_ring.ts";
import { MemoryLedger } from "../judge/memory_ledger.ts";

function newRing(capacity: number): LedgerRing {
  return new LedgerRing(new SharedArrayBuffer(ledgerRingBytes(capacity)));
}

function propose(ring: LedgerRing, kind: number, packetId: number, count: number, user: number): void {
  const at = ring.next();
  const { words } = ring;
  words[at + EntryWord.kind] = kind;
  words[at + EntryWord.packetId] = packetId;
  words[at + EntryWord.count] = count;
  words[at + EntryWord.user] = user;
  setEntryAmountFen(words, at, kind === EntryKind.mint ? count * 10 : 10);
}

function wakes(waker: Waker): boolean {
  const wasRung = !waker.maySleep();
  waker.awake();
  return wasRung;
}

Deno.test("a step judges all rings, commits once, then answers each and wakes its producer", () => {
  const events: string[] = [];
  class Watched extends MemoryLedger {
    override judge(words: Int32Array, at: number, judgement: Judgement): void {
      events.push("judge");
      super.judge(words, at, judgement);
    }
    override commit(): boolean {
      assert.equal(clients[0].ring.drain(() => {}), 0, "nothing is answered before it is durable");
      if (events.length > 0) events.push("commit");
      return super.commit();
    }
  }
  const clients = [newRing(8), newRing(8), newRing(8)].map((ring) => ({ ring, waker: new Waker() }));
  const loop = new LedgerLoop(new Watched(), clients);
  for (const { waker } of clients) waker.awake();

  assert.equal(loop.step(), Step.idle);
  propose(clients[0].ring, EntryKind.mint, 1, 10, 0);
  clients[0].ring.publish();
  propose(clients[1].ring, EntryKind.award, 4, 0, 7);
  propose(clients[1].ring, EntryKind.award, 11, 0, 7);
  clients[1].ring.publish();
  assert.equal(loop.step(), Step.answered);
  assert.equal(loop.judged, 3);
  assert.deepEqual(events, ["judge", "judge", "judge", "commit"]);
  assert.deepEqual(clients.map(({ waker }) => wakes(waker)), [true, true, false]);

  const verdicts: number[][] = [];
  for (const { ring } of clients) {
    ring.drain((words, at) => verdicts.push([words[at + EntryWord.verdict], words[at + EntryWord.detail]]));
  }
  assert.deepEqual(verdicts, [
    [Verdict.done, Refusal.none],
    [Verdict.done, Refusal.none],
    [Verdict.refused, Refusal.unknownPacket],
  ]);
  assert.equal(loop.step(), Step.idle);
});

Deno.test("one busy worker doesn't hold up the others for more than 2048 entries a commit", () => {
  const clients = [newRing(8192), newRing(8)].map((ring) => ({ ring, waker: new Waker() }));
  const loop = new LedgerLoop(new MemoryLedger(), clients);
  for (let i = 0; i < 5000; i++) propose(clients[0].ring, EntryKind.mint, 1 + i, 1, 0);
  clients[0].ring.publish();
  propose(clients[1].ring, EntryKind.mint, 9_000, 1, 0);
  clients[1].ring.publish();
  loop.step();
  assert.equal(loop.judged, 2049);
  assert.equal(clients[1].ring.drain(() => {}), 1);
  loop.step();
  loop.step();
  assert.equal(loop.judged, 5000 - 2 * 2048);
  assert.equal(clients[0].ring.drain(() => {}), 5000);
});

/** What the ledger's thread is given: for each ring its memory and its producer's waker, and its own waker. */
interface Shared {
  rings: SharedArrayBuffer[];
  wakers: SharedArrayBuffer[];
  ledgerWaker: SharedArrayBuffer;
}

const AWARDS = 20_000;
/** Only a lost ring would wait that long. */
const LOST_MS = 120_000;
/** The id of the mint that tells the ledger's thread to end. */
const LAST_MINT_ID = 1_000_000;

Deno.test("across threads every proposal of either ring is answered once, in order, and no packet goes twice", async () => {
  const memories = [0, 1].map(() => new SharedArrayBuffer(ledgerRingBytes(64)));
  const waker = new Waker();
  const ledgerWaker = new Waker();
  const shared: Shared = {
    rings: memories,
    wakers: [waker.words.buffer, waker.words.buffer],
    ledgerWaker: ledgerWaker.words.buffer,
  };
  const producers = memories.map((memory) => ({
    ring: new LedgerRing(memory),
    proposed: [] as number[],
    read: 0,
  }));
  // This file is its own worker, as the program is.
  const worker = new Worker(import.meta.url, { type: "module", name: "ledger" });
  worker.postMessage(shared);

  const random = new Random(1);
  propose(producers[0].ring, EntryKind.mint, 1, AWARDS, 0);
  producers[0].proposed.push(1);
  const verdicts = new Map<number, number>();
  let done = 0;
  let next = 1;
  let isEnding = false;
  while (producers.some(({ proposed, read }) => read < proposed.length) || !isEnding) {
    waker.awake();
    let isBusy = false;
    for (const producer of producers) {
      const { ring, proposed } = producer;
      isBusy = ring.drain((words, at) => {
            const packetId = words[at + EntryWord.packetId];
            assert.equal(packetId, proposed[producer.read++]);
            const verdict = words[at + EntryWord.verdict];
            assert.notEqual(verdict, Verdict.pending);
            if (words[at + EntryWord.kind] !== EntryKind.award) return;
            if (verdict === Verdict.done) done++;
            verdicts.set(packetId, (verdicts.get(packetId) ?? 0) + (verdict === Verdict.done ? 1 : 0));
          }) > 0 || isBusy;
      // Now and then both rings propose the same packet, for different users.
      while (ring.hasRoom && next <= AWARDS && producers[0].read > 0) {
        const packetId = random.below(4) === 0 ? Math.max(1, next - 1) : next++;
        propose(ring, EntryKind.award, packetId, 0, 1 + random.below(1000));
        proposed.push(packetId);
      }
      isBusy = ring.publish() || isBusy;
    }
    if (next > AWARDS && !isEnding && producers[0].ring.hasRoom) {
      propose(producers[0].ring, EntryKind.mint, LAST_MINT_ID, 1, 0);
      producers[0].proposed.push(LAST_MINT_ID);
      isBusy = isEnding = producers[0].ring.publish();
    }
    if (isBusy) ledgerWaker.wake();
    else await waker.sleep(LOST_MS);
  }
  assert.equal(verdicts.size, AWARDS);
  assert.equal(done, AWARDS);
  for (const [packetId, times] of verdicts) assert.equal(times, 1, `packet ${packetId}`);
});

/** The other thread: a ledger that runs until it has made the last mint. */
function runLedger(shared: Shared): void {
  const ledger = new MemoryLedger();
  const waker = new Waker(shared.ledgerWaker);
  const clients = shared.rings.map((memory, i) => ({
    ring: new LedgerRing(memory),
    waker: new Waker(shared.wakers[i]),
  }));
  const loop = new LedgerLoop(ledger, clients);
  while (ledger.nextPacketId <= LAST_MINT_ID) {
    waker.awake();
    if (loop.step() === Step.idle) waker.sleepBlocking(LOST_MS);
  }
  // The other ring may have been answered in the same step or not yet.
  while (loop.step() !== Step.idle);
  self.close();
}

if ("WorkerGlobalScope" in globalThis) {
  globalThis.addEventListener("message", (event) => runLedger((event as MessageEvent<Shared>).data));
}
