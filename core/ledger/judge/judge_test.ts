import assert from "node:assert/strict";
import { idSpaceOf } from "../../base/id_space.ts";
import { EntryKind, kinds } from "../kinds/entry_kinds.ts";
import {
  ENTRY_WORDS,
  EntryWord,
  HELD,
  PAYLOAD_AT,
  PAYLOAD_WORDS,
  Refusal,
  setEntryAmountFen,
  Verdict,
} from "../record/entry.ts";
import { ROW_FIELDS } from "../record/entry_rows.ts";
import { emptyJudgement } from "../record/judgement.ts";
import { NO_LIMITS } from "../record/ledger.ts";
import { sendBodyWords } from "../record/send_body.ts";
import { MONEY_COLUMNS } from "../record/money_columns.ts";
import { MoneyTally } from "../registry/money_tally.ts";
import { Judge } from "./judge.ts";
import { MemoryLedger } from "./memory_ledger.ts";

const DONE = [Verdict.done, Refusal.none];
const refused = (detail: number) => [Verdict.refused, detail];

/** Parts belong to the entry that follows in the same ring. */
const words = new Int32Array(ENTRY_WORDS);

type Fields = Partial<Record<keyof typeof EntryWord, number>>;

function judged(judge: Judge, kind: number, fields: Fields, amountFen = 0): number[] {
  words.fill(0)[EntryWord.kind] = kind;
  for (const [name, value] of Object.entries(fields)) {
    words[EntryWord[name as keyof typeof EntryWord]] = value;
  }
  setEntryAmountFen(words, 0, amountFen);
  const judgement = emptyJudgement();
  judge.judge(words, 0, judgement);
  return [judgement.verdict, judgement.detail];
}

function bodyOf(amountFen: number, requestId = 1): Uint32Array {
  const [recipients, shares] = [Uint32Array.of(99), Uint32Array.of(amountFen)];
  return sendBodyWords({ mode: 1, group: 0, deadlineMs: 1, requestId, recipients, shares });
}

/** Sends one share of an amount from one user to another. */
function sent(judge: Judge, user: number, amountFen: number, requestId = 1): number[] {
  const body = bodyOf(amountFen, requestId);
  const judgement = emptyJudgement();
  for (let at = 0; at < body.length; at += PAYLOAD_WORDS) {
    words.fill(0)[EntryWord.kind] = EntryKind.part;
    words.set(body.subarray(at, at + PAYLOAD_WORDS), PAYLOAD_AT);
    judge.judge(words, 0, judgement);
  }
  return judged(judge, EntryKind.send, { user, count: 1 }, amountFen);
}

const made = () => {
  const judge = new Judge();
  assert.deepEqual(judged(judge, EntryKind.mint, { packetId: 1, count: 10, sponsor: 1 }, 1_000), DONE);
  return judge;
};

Deno.test("a ledger in memory adds up what it decides, for whoever wants to know", () => {
  const money = new MoneyTally([{ sponsor: 1, wave: 0, firstId: 1, count: 2 }]);
  const ledger = new MemoryLedger(NO_LIMITS, money, 3);
  const enter = (kind: number, fields: Fields, amountFen: number) => {
    words.fill(0)[EntryWord.kind] = kind;
    for (const [name, value] of Object.entries(fields)) {
      words[EntryWord[name as keyof typeof EntryWord]] = value;
    }
    setEntryAmountFen(words, 0, amountFen);
    ledger.judge(words, 0, emptyJudgement());
  };
  const firstId = idSpaceOf(3).firstGenerated;
  enter(EntryKind.mint, { packetId: firstId, count: 2, sponsor: 1 }, 20);
  enter(EntryKind.award, { packetId: firstId, user: 5, sponsor: 1 }, 10);
  assert.ok(ledger.commit());
  const sum = (name: typeof MONEY_COLUMNS[number]) =>
    money.values.reduce(
      (sum, value, at) => at % MONEY_COLUMNS.length === MONEY_COLUMNS.indexOf(name) ? sum + value : sum,
      0,
    );
  assert.deepEqual([sum("awards"), sum("awardedFen")], [1, 10]);
});

Deno.test("an entry of any kind that says nothing, or comes without its words, is answered and does no harm", () => {
  for (const [name, { number }] of Object.entries(kinds)) {
    for (const fields of [{}, { packetId: 1, user: 1, count: 1, sponsor: 1 }]) {
      const judge = new Judge();
      const [verdict] = judged(judge, number, fields);
      assert.ok(verdict === Verdict.done || verdict === Verdict.refused, name);
      judge.check();
    }
  }
  for (const kind of [EntryKind.order, EntryKind.send]) {
    assert.deepEqual(judged(new Judge(), kind, { count: 1 }, 5), refused(Refusal.malformed));
  }
  assert.deepEqual(judged(new Judge(), 0, {}), refused(Refusal.malformed), "there is no such kind");
});

Deno.test("what holds after every batch is looked at: the sum, and that no account is overdrawn", () => {
  made().check();
  const unequal = made();
  unequal.sends.totals.userFen++;
  assert.throws(() => unequal.check(), /the sum of all accounts is 0/);
  const overdrawn = made();
  overdrawn.wentBack({ sponsor: 1, belowId: 11, amountFen: 1_001 });
  assert.throws(() => overdrawn.check(), /neither is ever overdrawn/);
  const sentTwice = made();
  sentTwice.sends.totals.packetFen--;
  sentTwice.sends.totals.userFen++;
  assert.throws(() => sentTwice.check(), /neither is ever overdrawn/);
});

Deno.test("packets that were made before are the same only with their sponsor, and never take a sent packet's id", () => {
  const judge = made();
  const again = (sponsor: number) =>
    judged(judge, EntryKind.mint, { packetId: 1, count: 10, sponsor }, 1_000);
  assert.deepEqual(again(1), [Verdict.doneBefore, Refusal.none]);
  assert.deepEqual(again(2), refused(Refusal.idsTaken));
  assert.deepEqual(judged(judge, EntryKind.fund, { tag: 1, user: 5 }, 50), DONE);
  assert.deepEqual(sent(judge, 5, 50), DONE);
  const top = { packetId: 0xffff_ffff, count: 1, sponsor: 1 };
  assert.deepEqual(judged(judge, EntryKind.mint, top, 1), refused(Refusal.idsTaken));
});

Deno.test("a packet is money to send once it is open, and not after it has lapsed", () => {
  const judge = made();
  assert.deepEqual(
    judged(judge, EntryKind.award, { packetId: 1, user: 5, sponsor: 1, count: HELD }, 60),
    DONE,
  );
  assert.deepEqual(sent(judge, 5, 1), refused(Refusal.noMoney), "it waits to be opened");
  assert.deepEqual(judged(judge, EntryKind.open, { packetId: 1, user: 5 }), DONE);
  assert.deepEqual(sent(judge, 5, 61), refused(Refusal.noMoney));
  assert.deepEqual(sent(judge, 5, 60), DONE);
  assert.deepEqual(
    judged(judge, EntryKind.award, { packetId: 2, user: 6, sponsor: 1, count: HELD }, 60),
    DONE,
  );
  assert.deepEqual(judged(judge, EntryKind.lapse, { packetId: 2, user: 6, sponsor: 1 }, 60), DONE);
  assert.deepEqual(sent(judge, 6, 1), refused(Refusal.noMoney), "it went back to its sponsor");
  judge.check();
});

Deno.test("a stored opening says what the award says, or it contradicts it", () => {
  for (const [amountFen, sponsor] of [[61, 1], [59, 1], [60, 2], [60, 1]]) {
    const judge = made();
    judged(judge, EntryKind.award, { packetId: 1, user: 5, sponsor: 1, count: HELD }, 60);
    const row = new Float64Array(ROW_FIELDS);
    row.set([3, EntryKind.open, 1, 5, amountFen, sponsor, 0, 0]);
    const judgement = emptyJudgement();
    judge.replay(row, 0, judgement);
    const isRight = amountFen === 60 && sponsor === 1;
    assert.equal(judgement.verdict, isRight ? Verdict.done : Verdict.refused, `${amountFen} of ${sponsor}`);
    assert.equal(judge.balances().userFen, isRight ? 60 : 0);
  }
});

Deno.test("a sent packet goes back to whoever sent it", () => {
  const judge = made();
  judged(judge, EntryKind.fund, { tag: 1, user: 5 }, 50);
  assert.deepEqual(sent(judge, 5, 20), DONE);
  const back = { packetId: 0xffff_ffff, user: 5 };
  assert.deepEqual(
    judged(judge, EntryKind.takeBack, { ...back, sponsor: 1 }, 20),
    refused(Refusal.malformed),
  );
  assert.deepEqual(judged(judge, EntryKind.takeBack, back, 20), DONE);
  assert.equal(judge.balanceOf(5), 50);
});

Deno.test("a packet that stored rows end must lie where ended ones do, as the rows have it", () => {
  const [fund, send, claim] = [
    [1, EntryKind.fund, 1, 5, 20, 0, 0, 0],
    [2, EntryKind.send, 0xffff_ffff, 5, 20, 0, 1, 0],
    [3, EntryKind.claim, 0xffff_ffff, 99, 20, 0, 0, 0],
  ].map((row) => Float64Array.from(row));
  const replayed = (ended: Uint32Array | undefined) => {
    const judge = new Judge(NO_LIMITS, { ended: () => ended });
    const judgement = emptyJudgement();
    judge.replay(fund, 0, judgement);
    judge.replay(send, 0, judgement, bodyOf(20));
    judge.replay(claim, 0, judgement);
    return { verdict: judgement.verdict, sends: judge.sends };
  };
  // An older program has left it out: it stays in memory.
  const { verdict, sends } = replayed(undefined);
  assert.deepEqual([verdict, sends.keptCount], [Verdict.done, 1]);
  const right = sends.packet(0xffff_ffff)!.words();
  const same = replayed(right);
  assert.deepEqual([same.verdict, same.sends.keptCount], [Verdict.done, 0]);
  for (let at = 0; at < right.length; at++) {
    const wrong = right.slice();
    wrong[at] ^= 1;
    assert.equal(replayed(wrong).verdict, Verdict.refused, `word ${at}`);
  }
  assert.equal(replayed(right.slice(1)).verdict, Verdict.refused);
});

Deno.test("what is made and what is sent meet in a host's ids, and neither takes the other's", () => {
  const ids = { ...idSpaceOf(1), firstSent: 0x8010_0004, lastSent: 0x8010_0001 };
  const judge = new Judge(NO_LIMITS, undefined, ids);
  const mint = (packetId: number, count: number) =>
    judged(judge, EntryKind.mint, { packetId, count, sponsor: 1 }, count);
  judged(judge, EntryKind.fund, { tag: 1, user: 5 }, 50);
  assert.deepEqual(sent(judge, 5, 1, 1), DONE);
  assert.deepEqual(mint(0x8010_0000, 5), refused(Refusal.idsTaken), "0x80100004 is sent");
  assert.deepEqual(mint(0x8010_0000, 3), DONE);
  assert.deepEqual(sent(judge, 5, 1, 2), DONE);
  assert.deepEqual(sent(judge, 5, 1, 3), refused(Refusal.idsTaken), "0x80100002 is made");
  assert.deepEqual(mint(0x8010_0003, 1), refused(Refusal.idsTaken));
  assert.deepEqual(mint(0x8020_0000, 1), refused(Refusal.idsTaken), "another host's");
  assert.equal(judge.balanceOf(5), 48, "what is refused costs nothing");
  const alone = new Judge(NO_LIMITS, undefined, ids);
  judged(alone, EntryKind.fund, { tag: 1, user: 5 }, 50);
  const outcomes = [1, 2, 3, 4, 5].map((requestId) => sent(alone, 5, 1, requestId)[1]);
  assert.deepEqual(outcomes, [0, 0, 0, 0, Refusal.idsTaken], "the range ends with its last id");
});

Deno.test("no more money comes out of source than can be counted exactly, to the fen", () => {
  const most = Number.MAX_SAFE_INTEGER;
  for (const isMintFirst of [true, false]) {
    const judge = new Judge();
    let next = 1;
    const mint = (fen: number) =>
      judged(judge, EntryKind.mint, { packetId: next, count: 1, sponsor: 1 }, fen);
    const fund = (fen: number) => judged(judge, EntryKind.fund, { tag: next, user: 5 }, fen);
    const [first, second] = isMintFirst ? [mint, fund] : [fund, mint];
    assert.deepEqual(first(most - 10), DONE);
    next = 2;
    for (const act of [mint, fund]) assert.deepEqual(act(11), refused(Refusal.malformed));
    assert.deepEqual(second(10), DONE);
    next = 3;
    for (const act of [mint, fund]) assert.deepEqual(act(1), refused(Refusal.malformed));
    judge.check();
    assert.equal(judge.balances().sourceFen, -most);
  }
});

Deno.test("one question looks at 4,096 packets of a user, and what lies further back is told once they have heard of newer ones", () => {
  const judge = new Judge();
  assert.deepEqual(judged(judge, EntryKind.mint, { packetId: 1, count: 5_000, sponsor: 1 }, 5_000), DONE);
  const pending = () => {
    const judgement = emptyJudgement();
    words.fill(0)[EntryWord.kind] = EntryKind.pendingOf;
    words[EntryWord.user] = 5;
    judge.judge(words, 0, judgement);
    return judgement.packetId;
  };
  for (let packetId = 1; packetId <= 4_097; packetId++) {
    assert.deepEqual(judged(judge, EntryKind.award, { packetId, user: 5, sponsor: 1 }, 1), DONE);
    if (packetId > 1) assert.deepEqual(judged(judge, EntryKind.delivered, { packetId, user: 5 }), DONE);
    if (packetId >= 4_095) assert.equal(pending(), packetId < 4_097 ? 1 : 0, `${packetId} packets`);
  }
});

Deno.test("a stored row of no kind, or of one that is never stored, contradicts the ledger", () => {
  for (const kind of [0, 99, EntryKind.part, EntryKind.delivered, EntryKind.pendingOf]) {
    const row = new Float64Array(ROW_FIELDS);
    row.set([1, kind, 1, 1, 1, 1, 1, 1]);
    const judgement = emptyJudgement();
    new Judge().replay(row, 0, judgement);
    assert.deepEqual([judgement.verdict, judgement.detail], refused(Refusal.malformed), `kind ${kind}`);
  }
});

Deno.test("a stored row of a host's number is right once, before its first packet, and of this host", () => {
  const row = new Float64Array(ROW_FIELDS);
  row.set([1, EntryKind.host, 0, 0, 0, 0, 0, 0]);
  const replayed = (judge: Judge, hostNumber: number) => {
    const judgement = emptyJudgement();
    judge.replay(row, 0, judgement, Uint32Array.of(hostNumber));
    return judgement.verdict === Verdict.done;
  };
  const host = () => new Judge(NO_LIMITS, undefined, idSpaceOf(7));
  assert.equal(replayed(host(), 7), true);
  assert.equal(replayed(host(), 8), false);
  assert.equal(replayed(new Judge(), 0), false, "number 0 is never noted");
  const withPackets = host();
  judged(withPackets, EntryKind.mint, { packetId: 1, count: 1, sponsor: 1 }, 1);
  assert.equal(replayed(withPackets, 7), false);
  const withSends = host();
  judged(withSends, EntryKind.fund, { tag: 1, user: 5 }, 50);
  sent(withSends, 5, 1);
  assert.equal(replayed(withSends, 7), false);
});
