/** What every ledger must do with what users send each other; run with `describeSends`. */
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
import { sendBodyWords } from "../../core/ledger/record/send_body.ts";
import { HeadBit, HeadWord } from "../../core/ledger/record/sent_packet.ts";
import { ownerSet } from "../../core/base/owner_set.ts";
import type { OpenedLedger } from "./ledger_bench.ts";
import { compareWithSendModel } from "./send_random.ts";

const DEADLINE_MS = 1_800_000_000_000;
const DONE = [Verdict.done, Refusal.none];
const DONE_BEFORE = [Verdict.doneBefore, Refusal.none];
const refused = (detail: number) => [Verdict.refused, detail];
const requestTaken = () => refused(Refusal.requestTaken);

interface Fields {
  readonly packetId?: number;
  readonly user?: number;
  readonly amountFen?: number;
  readonly sponsor?: number;
  readonly count?: number;
  readonly tag?: number;
  readonly asked?: number;
  readonly askedFrom?: number;
}

interface SendOptions {
  readonly requestId?: number;
  readonly group?: number;
  readonly to?: readonly number[];
  readonly isFromHost?: boolean;
  readonly deadlineMs?: number;
}

/** Drives a ledger by sends, claims and the like, one commit each. */
export class SendBench {
  ledger: Ledger;
  /** Of the last send. */
  packetId = 0;
  deadlineMs = 0;
  readonly #opened: OpenedLedger;
  readonly #words = new Int32Array(ENTRY_WORDS * 2);
  readonly #judgement = emptyJudgement();

  constructor(opened: OpenedLedger) {
    this.#opened = opened;
    this.ledger = opened.ledger;
  }

  fund(order: number, user: number, amountFen: number): number[] {
    return this.#judge(EntryKind.fund, { tag: order, user, amountFen });
  }

  send(user: number, shares: readonly number[], options: SendOptions = {}): number[] {
    const { requestId = 1, group = 0, to = group === 0 ? [11, 12, 13] : [], isFromHost = false } = options;
    const { deadlineMs = DEADLINE_MS } = options;
    this.parts(sendBodyWords({
      mode: 1,
      group,
      deadlineMs,
      requestId,
      recipients: Uint32Array.from(to),
      shares: Uint32Array.from(shares),
    }));
    const amountFen = shares.reduce((sum, fen) => sum + fen, 0);
    return this.#judge(EntryKind.send, {
      user,
      amountFen,
      count: shares.length,
      sponsor: isFromHost ? 1 : 0,
    });
  }

  claim(user: number, share: number, amountFen: number, packetId = this.packetId): number[] {
    return this.#judge(EntryKind.claim, { packetId, user, amountFen, count: share });
  }

  takeBack(sender: number, amountFen: number, packetId = this.packetId, isFromHost = false): number[] {
    return this.#judge(EntryKind.takeBack, {
      packetId,
      user: sender,
      amountFen,
      sponsor: isFromHost ? 1 : 0,
    });
  }

  group(id: number, members: readonly number[]): number[] {
    this.parts(Uint32Array.from(members));
    return this.#judge(EntryKind.group, { packetId: id, count: members.length });
  }

  parts(words: Uint32Array): void {
    for (let at = 0; at < words.length; at += PAYLOAD_WORDS) {
      this.#words.fill(0);
      this.#words[EntryWord.kind] = EntryKind.part;
      this.#words.set(words.subarray(at, at + PAYLOAD_WORDS), PAYLOAD_AT);
      this.ledger.judge(this.#words, 0, this.#judgement);
    }
  }

  ask(kind: number, fields: Fields): Uint32Array {
    this.#judge(kind, fields);
    return Uint32Array.from(this.#judgement.reply);
  }

  balance(user: number): number {
    const [low, high] = this.ask(EntryKind.balanceOf, { user });
    return low + high * 2 ** 32;
  }

  /** Ids of the packets that a user may claim, as logins ask for them. */
  openFor(user: number): number[] {
    const found: number[] = [];
    for (let after = 0;;) {
      after = this.ask(EntryKind.openFor, { user, packetId: after })[HeadWord.packetId];
      if (after === 0) return found;
      found.push(after);
    }
  }

  /** Ids of the open packets that belong to a SET, as it asks for them at a start. */
  openOf(set: number, setCount: number): number[] {
    const found: number[] = [];
    for (let after = 0;;) {
      const fields = { user: set, count: setCount, packetId: after };
      after = this.ask(EntryKind.nextOpen, fields)[HeadWord.packetId];
      if (after === 0) return found;
      found.push(after);
    }
  }

  /** Every group with how many members it has, as the host asks for them at a start. */
  groups(): number[][] {
    const found: number[][] = [];
    for (let after = 0;;) {
      const [id, members] = this.ask(EntryKind.nextGroup, { packetId: after });
      if (id === 0) return found;
      found.push([after = id, members]);
    }
  }

  /** Packets and amounts that are told again, as a login asks for them. */
  pendingShares(user: number): number[][] {
    const found: number[][] = [];
    for (let after = 0;;) {
      const [packetId, amountFen] = this.ask(EntryKind.pendingShare, { user, packetId: after });
      if (packetId === 0) return found;
      found.push([after = packetId, amountFen]);
    }
  }

  delivered(user: number, packetId: number): number[] {
    return this.#judge(EntryKind.delivered, { user, packetId });
  }

  /** All words of a packet or group. */
  body(kind: number, asked: number, count: number): number[] {
    const words: number[] = [];
    for (let from = 0; from < count; from += PAYLOAD_WORDS) {
      words.push(...this.ask(kind, { asked, askedFrom: from }));
    }
    return words.slice(0, count);
  }

  /** Balances of source, users and packets, after a check that all sum to 0. */
  balances(): number[] {
    const { sourceFen, poolFen, heldFen, userFen, returnedFen, packetFen } = this.ledger.balances();
    assert.equal(sourceFen + poolFen + heldFen + userFen + returnedFen + packetFen, 0);
    return [sourceFen, userFen, packetFen];
  }

  /** Opens the ledger again, if it lasts; nothing may differ afterwards. */
  reopen(): void {
    const before = this.balances();
    if (this.#opened.reopen !== undefined) this.ledger = this.#opened.reopen();
    assert.deepEqual(this.balances(), before);
  }

  #judge(kind: number, fields: Fields): number[] {
    const words = this.#words.fill(0);
    const at = ENTRY_WORDS;
    words[at + EntryWord.kind] = kind;
    words[at + EntryWord.packetId] = fields.packetId ?? 0;
    words[at + EntryWord.user] = fields.user ?? 0;
    words[at + EntryWord.sponsor] = fields.sponsor ?? 0;
    words[at + EntryWord.count] = fields.count ?? 0;
    words[at + EntryWord.tag] = fields.tag ?? 0;
    words[at + EntryWord.asked] = fields.asked ?? 0;
    words[at + EntryWord.askedFrom] = fields.askedFrom ?? 0;
    setEntryAmountFen(words, at, fields.amountFen ?? 0);
    this.ledger.judge(words, at, this.#judgement);
    const { verdict, detail, packetId } = this.#judgement;
    if (kind === EntryKind.send && verdict !== Verdict.refused) {
      const { asked, askedFrom } = this.#judgement;
      this.packetId = packetId;
      this.deadlineMs = (asked >>> 0) + askedFrom * 2 ** 32;
    }
    assert.ok(this.ledger.commit());
    return [verdict, detail];
  }
}

const CASES: readonly (readonly [what: string, run: (bench: SendBench) => void])[] = [
  ["money comes from source once an order and user", (bench) => {
    assert.deepEqual(bench.fund(5, 10, 500), DONE);
    assert.deepEqual(bench.fund(5, 11, 500), DONE);
    assert.deepEqual(bench.fund(5, 10, 500), DONE_BEFORE);
    assert.deepEqual(bench.fund(6, 10, 1), DONE);
    assert.deepEqual(bench.fund(6, 12, 0), refused(Refusal.malformed));
    bench.reopen();
    assert.deepEqual(bench.fund(5, 11, 500), DONE_BEFORE);
    assert.equal(bench.balance(10), 501);
    assert.equal(bench.balance(99), 0);
    assert.deepEqual(bench.balances(), [-1001, 1001, 0]);
  }],
  ["a send takes the money at once, claims bring it, the rest goes back once", (bench) => {
    bench.fund(1, 10, 1_000);
    assert.deepEqual(bench.send(10, [300, 100, 200]), DONE);
    assert.equal(bench.packetId, 0xffff_ffff);
    assert.equal(bench.balance(10), 400);
    assert.deepEqual(bench.claim(12, 0, 300), DONE);
    bench.reopen();
    assert.deepEqual(bench.claim(12, 0, 300), DONE_BEFORE);
    assert.deepEqual(bench.claim(11, 1, 100), DONE);
    assert.deepEqual(bench.takeBack(10, 199), refused(Refusal.malformed));
    assert.deepEqual(bench.takeBack(11, 200), refused(Refusal.malformed));
    assert.deepEqual(bench.takeBack(10, 200), DONE);
    assert.deepEqual(bench.takeBack(10, 200), DONE_BEFORE);
    assert.deepEqual(bench.claim(13, 2, 200), refused(Refusal.givenBack));
    bench.reopen();
    assert.deepEqual([10, 11, 12, 13].map((user) => bench.balance(user)), [600, 100, 300, 0]);
    assert.deepEqual(bench.balances(), [-1000, 1000, 0]);
  }],
  ["nobody spends what they haven't, and the same request is one send", (bench) => {
    bench.fund(1, 10, 100);
    assert.deepEqual(bench.send(10, [60, 41]), refused(Refusal.noMoney));
    assert.deepEqual(bench.send(10, [60, 10], { requestId: 7 }), DONE);
    const first = bench.packetId;
    assert.deepEqual(bench.send(10, [1, 69], { requestId: 7 }), DONE_BEFORE);
    assert.equal(bench.packetId, first);
    assert.deepEqual(bench.send(10, [60, 11], { requestId: 7 }), refused(Refusal.requestTaken));
    assert.deepEqual(bench.send(10, [70], { requestId: 8 }), refused(Refusal.noMoney));
    assert.deepEqual(bench.send(10, [30], { requestId: 8 }), DONE);
    assert.equal(bench.balance(10), 0);
    bench.reopen();
    assert.deepEqual(bench.send(10, [70, 0], { requestId: 7 }), refused(Refusal.malformed));
    assert.deepEqual(bench.send(10, [35, 35], { requestId: 7 }), DONE_BEFORE);
    assert.deepEqual(bench.send(11, [30], { requestId: 8 }), refused(Refusal.noMoney));
  }],
  ["what was won can be sent", (bench) => {
    bench.send(0, [500], { to: [10], isFromHost: true });
    bench.claim(10, 0, 500);
    assert.deepEqual(bench.send(10, [500]), DONE);
    assert.deepEqual(bench.balances(), [-500, 0, 500]);
  }],
  ["one share a user, one user a share, and only for recipients", (bench) => {
    bench.fund(1, 10, 1_000);
    bench.send(10, [5, 6, 7]);
    assert.deepEqual(bench.claim(14, 0, 5), refused(Refusal.notRecipient));
    assert.deepEqual(bench.claim(11, 0, 6), refused(Refusal.malformed));
    assert.deepEqual(bench.claim(11, 3, 1), refused(Refusal.malformed));
    assert.deepEqual(bench.claim(11, 0, 5, 77), refused(Refusal.unknownPacket));
    assert.deepEqual(bench.claim(11, 1, 6), DONE);
    assert.deepEqual(bench.claim(11, 0, 5), refused(Refusal.alreadyClaimed));
    assert.deepEqual(bench.claim(12, 1, 6), refused(Refusal.packetTaken));
    assert.deepEqual(bench.balances(), [-1000, 988, 12]);
  }],
  ["a group's packet is for those who were members when it was sent", (bench) => {
    bench.fund(1, 10, 1_000);
    assert.deepEqual(bench.send(10, [5, 5], { group: 3 }), refused(Refusal.unknownGroup));
    assert.deepEqual(bench.group(3, [12, 10, 11, 12]), DONE);
    assert.deepEqual(bench.group(3, [10, 11, 12]), DONE_BEFORE);
    assert.deepEqual(bench.send(10, [5, 5], { group: 3 }), DONE);
    assert.deepEqual(bench.send(13, [5], { group: 3 }), refused(Refusal.notMember));
    bench.group(3, [10, 13]);
    bench.reopen();
    assert.deepEqual(bench.body(EntryKind.groupBody, 3, 3), [2, 10, 13]);
    assert.deepEqual(bench.claim(13, 0, 5), refused(Refusal.notRecipient));
    assert.deepEqual(bench.openFor(12), [bench.packetId]);
    assert.deepEqual(bench.openFor(13), []);
    assert.deepEqual(bench.claim(12, 0, 5), DONE);
    assert.deepEqual(bench.openFor(12), []);
    bench.group(3, []);
    assert.deepEqual(bench.body(EntryKind.groupBody, 3, 1), [0]);
  }],
  ["questions: what is open for a user, newest first, and what a SET owns", (bench) => {
    bench.fund(1, 10, 1_000);
    const sent: number[] = [];
    for (let i = 0; i < 20; i++) {
      bench.send(10, [1, 2], { requestId: i, to: i % 2 === 0 ? [11, 12] : [12, 13] });
      sent.push(bench.packetId);
    }
    assert.deepEqual(bench.openFor(11), sent.filter((_, i) => i % 2 === 0).reverse());
    bench.claim(11, 0, 1, sent[0]);
    bench.reopen();
    assert.deepEqual(bench.openFor(11), sent.filter((_, i) => i % 2 === 0 && i > 0).reverse());
    const found: number[] = [];
    for (let set = 0; set < 3; set++) {
      const own = bench.openOf(set, 3);
      for (const packetId of own) assert.equal(ownerSet(packetId, 3), set);
      found.push(...own);
    }
    assert.deepEqual(found.sort(), sent.toSorted());
    assert.deepEqual(bench.body(EntryKind.packetBody, sent[0], 8), [1, 2, 1, 2, 11, 0, 11, 12]);
    const head = bench.ask(EntryKind.head, { asked: sent[0] });
    assert.deepEqual([head[HeadWord.sender], head[HeadWord.amount], head[HeadWord.shares]], [10, 3, 2]);
    assert.equal(head[HeadWord.deadlineLow] + head[HeadWord.deadlineHigh] * 2 ** 32, DEADLINE_MS);
  }],
  [
    "a packet that has ended is known to the last word, and everything about it is refused or was done",
    (bench) => {
      bench.fund(1, 10, 1_000);
      bench.group(3, [10, 11, 12]);
      bench.send(10, [300, 100], { requestId: 1, to: [13, 12, 11] });
      const all = bench.packetId;
      bench.claim(12, 0, 300);
      bench.claim(11, 1, 100);
      bench.send(10, [7, 8], { requestId: 2, group: 3 });
      const over = bench.packetId;
      bench.claim(11, 0, 7, over);
      bench.takeBack(10, 8, over);
      for (let times = 0; times < 2; times++) {
        assert.deepEqual(bench.claim(12, 0, 300, all), DONE_BEFORE);
        assert.deepEqual(bench.claim(12, 1, 100, all), refused(Refusal.alreadyClaimed));
        assert.deepEqual(bench.claim(13, 1, 100, all), refused(Refusal.packetTaken));
        assert.deepEqual(bench.claim(12, 1, 8, over), refused(Refusal.givenBack));
        assert.deepEqual(bench.takeBack(10, 8, over), DONE_BEFORE);
        assert.deepEqual(bench.takeBack(10, 100, all), refused(Refusal.malformed));
        assert.deepEqual(bench.send(10, [399, 1], { requestId: 1, to: [11, 12, 13] }), DONE_BEFORE);
        assert.equal(bench.packetId, all);
        assert.deepEqual(bench.send(10, [399, 1], { requestId: 1, to: [11, 12, 14] }), requestTaken());
        assert.deepEqual(bench.send(10, [14, 1], { requestId: 2, group: 3 }), DONE_BEFORE);
        assert.deepEqual(bench.send(10, [15], { requestId: 2, group: 3 }), requestTaken());
        assert.deepEqual(bench.openFor(11), []);
        const claims = [12, 0, 11, 1];
        assert.deepEqual(bench.body(EntryKind.packetBody, all, 11), [2, 3, 300, 100, ...claims, 11, 12, 13]);
        assert.deepEqual(bench.body(EntryKind.packetBody, over, 9), [1, 3, 7, 8, 11, 0, 10, 11, 12]);
        const head = bench.ask(EntryKind.head, { asked: over });
        assert.deepEqual(head.subarray(0, 4), Uint32Array.of(over, 10, 15, 2));
        assert.equal(head[HeadWord.mode], 1 | HeadBit.over);
        assert.equal(head[HeadWord.group], 3);
        assert.equal(bench.ask(EntryKind.head, { asked: over - 1 })[HeadWord.packetId], 0);
        bench.reopen();
      }
      assert.deepEqual([10, 11, 12].map((user) => bench.balance(user)), [593, 107, 300]);
    },
  ],
  ["thousands of sends: each request is known for ever, and only what is open is asked for", (bench) => {
    bench.fund(1, 10, 10_000);
    const ids: number[] = [];
    for (let i = 0; i < 3_000; i++) {
      assert.deepEqual(bench.send(10, [1], { requestId: i * 7, to: [11] }), DONE);
      ids.push(bench.packetId);
      if (i % 500 !== 0) bench.claim(11, 0, 1);
    }
    const stillOpen = ids.filter((_, i) => i % 500 === 0);
    for (let times = 0; times < 2; times++) {
      assert.deepEqual(bench.openFor(11), stillOpen.toReversed());
      assert.deepEqual(bench.openOf(0, 1), stillOpen);
      for (const i of [0, 1, 1_234, 2_999]) {
        assert.deepEqual(bench.send(10, [1], { requestId: i * 7, to: [11] }), DONE_BEFORE);
        assert.equal(bench.packetId, ids[i]);
      }
      bench.reopen();
    }
    assert.deepEqual(bench.send(10, [1], { requestId: 3_000 * 7, to: [11] }), DONE);
    assert.equal(bench.packetId, ids[2_999] - 1);
    assert.deepEqual(bench.send(10, [1], { requestId: 7, to: [11], isFromHost: true }), DONE);
  }],
  ["a share is told again until its user has heard of it, the oldest first, and nobody else is", (bench) => {
    bench.fund(1, 10, 1_000);
    const ids = [1, 2, 3].map((requestId) => {
      bench.send(10, [10 * requestId, 1], { requestId, to: [11, 12] });
      bench.claim(11, 0, 10 * requestId);
      return bench.packetId;
    });
    bench.claim(12, 1, 1); // ends the last one
    const all = ids.map((packetId, i) => [packetId, 10 * (i + 1)]);
    assert.deepEqual(bench.pendingShares(11), all);
    assert.deepEqual(bench.pendingShares(12), [[ids[2], 1]]);
    assert.deepEqual(bench.pendingShares(10), []);
    bench.reopen();
    assert.deepEqual(bench.pendingShares(11), all);
    assert.deepEqual(bench.delivered(10, ids[1]), DONE_BEFORE, "not theirs");
    assert.deepEqual(bench.delivered(11, ids[1]), DONE);
    assert.deepEqual(bench.delivered(11, ids[1]), DONE_BEFORE);
    assert.deepEqual(bench.delivered(12, ids[2]), DONE);
    bench.reopen();
    assert.deepEqual(bench.pendingShares(11), [all[0], all[2]]);
    assert.deepEqual(bench.pendingShares(12), []);
    assert.deepEqual(bench.claim(11, 0, 10, ids[0]), DONE_BEFORE);
    assert.deepEqual(bench.pendingShares(11), [all[0], all[2]]);
  }],
  ["of very many shares of one user the newest are told again", (bench) => {
    bench.fund(1, 10, 1_000);
    const ids: number[] = [];
    for (let i = 0; i < 70; i++) {
      bench.send(10, [1], { requestId: i, to: [11] });
      bench.claim(11, 0, 1);
      ids.push(bench.packetId);
    }
    const newest = ids.slice(-64).map((packetId) => [packetId, 1]);
    assert.deepEqual(bench.pendingShares(11), newest);
    bench.reopen();
    assert.deepEqual(bench.pendingShares(11), newest);
  }],
  ["a send that is no split is malformed, and its parts are nobody else's", (bench) => {
    bench.fund(1, 10, 1_000);
    assert.deepEqual(bench.send(10, [5, 0]), refused(Refusal.malformed));
    assert.deepEqual(bench.send(10, []), refused(Refusal.malformed));
    assert.deepEqual(bench.send(10, [5], { to: [] }), refused(Refusal.malformed));
    bench.parts(new Uint32Array(100).fill(9));
    assert.deepEqual(bench.fund(2, 10, 1), DONE);
    assert.deepEqual(bench.send(10, [5]), DONE);
    assert.deepEqual(bench.balances(), [-1001, 996, 5]);
  }],
];

const RANDOM_SEEDS = Number(Deno.env.get("REDPKT_SIM_SEEDS") ?? 5);

/** Runs the kit on a ledger. */
export function describeSends(name: string, open: () => OpenedLedger): void {
  function test(what: string, run: (bench: SendBench) => void): void {
    Deno.test(`${name}: ${what}`, () => {
      const opened = open();
      try {
        run(new SendBench(opened));
      } finally {
        opened.dispose();
      }
    });
  }
  for (const [what, run] of CASES) test(what, run);
  for (let seed = 1; seed <= RANDOM_SEEDS; seed++) {
    test(`random sends and claims, seed ${seed}`, (bench) => compareWithSendModel(bench, seed));
  }
}
