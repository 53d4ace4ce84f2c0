import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { EntryKind } from "../kinds/entry_kinds.ts";
import { ENTRY_WORDS, EntryWord, HELD, Refusal, setEntryAmountFen, Verdict } from "../record/entry.ts";
import { Judge } from "../judge/judge.ts";
import { emptyJudgement } from "../record/judgement.ts";
import { MoneyBoard, type MoneyRow } from "../ring/money_board.ts";
import { type MoneyGroup, MoneyRows, MOST_GROUPS, NO_WAVE } from "../record/money_rows.ts";
import { MoneyTally } from "./money_tally.ts";

/** Two sponsors in two waves, 50 packets each, ids from 1 on. */
const GROUPS: readonly MoneyGroup[] = [0, 1].flatMap((wave) =>
  [7, 9].map((sponsor, i) => ({ wave, sponsor, firstId: 1 + 50 * (2 * wave + i), count: 50 }))
);

function judged(judge: Judge, entry: Partial<Record<keyof typeof EntryWord, number>>, amountFen = 0) {
  const words = new Int32Array(ENTRY_WORDS);
  for (const [name, value] of Object.entries(entry)) words[EntryWord[name as keyof typeof EntryWord]] = value;
  setEntryAmountFen(words, 0, amountFen);
  const judgement = emptyJudgement();
  judge.judge(words, 0, judgement);
  return judgement;
}

function shown(tally: MoneyTally, judge = new Judge()): MoneyRow[] {
  const board = MoneyBoard.for(GROUPS);
  assert.equal(board.read(), undefined, "nothing was shown yet");
  board.publish(tally, judge.balances());
  const { rows, balances } = new MoneyBoard(board.memory).read()!;
  assert.deepEqual(balances, judge.balances());
  return rows;
}

const sum = (rows: readonly MoneyRow[], column: Exclude<keyof MoneyRow, "sponsor" | "wave">) =>
  rows.reduce((total, row) => total + row[column], 0);

Deno.test("whatever a judge decides, its table adds up, and a restart finds the same", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = new Random(seed);
    const judge = new Judge({ packetsPerUser: 3, packetsPerSponsor: 1 });
    const tally = judge.money = new MoneyTally(GROUPS);
    for (const { firstId, count, sponsor } of GROUPS) {
      judged(judge, { kind: EntryKind.mint, packetId: firstId, count, sponsor }, count * 10);
    }
    // Packets of no wave: of a sponsor that has waves too, and of another.
    judged(judge, { kind: EntryKind.mint, packetId: 201, count: 50, sponsor: 7 }, 500);
    judged(judge, { kind: EntryKind.mint, packetId: 251, count: 50, sponsor: 8 }, 500);
    const refused = { [Refusal.userLimit]: 0, [Refusal.sponsorLimit]: 0 } as Record<number, number>;
    for (let i = 0; i < 400; i++) {
      const packetId = 1 + random.below(300);
      const user = 1 + random.below(40);
      const sponsor = judge.mints.sponsorOf(packetId);
      const count = random.below(2) === 0 ? HELD : 0;
      const { verdict, detail } = judged(
        judge,
        { kind: EntryKind.award, packetId, user, sponsor, count },
        10,
      );
      if (verdict === Verdict.refused && detail in refused) refused[detail]++;
      if (verdict === Verdict.done && random.below(2) === 0) {
        for (let twice = 0; twice < 2; twice++) judged(judge, { kind: EntryKind.delivered, packetId, user });
      }
    }
    const given = judge.poolFenOf(7);
    judged(judge, { kind: EntryKind.giveBack, packetId: judge.nextPacketId, sponsor: 7 }, given);
    // Of what is held a third is opened, a third lapses, and a third stays.
    let lapsed = 0;
    for (const [i, packetId] of [...judge.packets.unopened()].entries()) {
      const { user } = judge.awardOf(packetId)!;
      const sponsor = judge.packets.sponsor(packetId);
      if (i % 3 === 0) judged(judge, { kind: EntryKind.open, packetId, user });
      if (i % 3 === 1) lapsed++, judged(judge, { kind: EntryKind.lapse, packetId, user, sponsor }, 10);
    }
    const rows = shown(tally, judge);
    const { poolFen, heldFen, userFen, returnedFen, sourceFen } = judge.balances();
    assert.ok(lapsed > 0 && heldFen > 0);
    assert.equal(sum(rows, "openedFen"), userFen, `seed ${seed}: what is a user's is open`);
    assert.deepEqual(
      [
        sum(rows, "madeFen"),
        sum(rows, "poolFen"),
        sum(rows, "awardedFen"),
        sum(rows, "returnedFen"),
        sum(rows, "awards"),
      ],
      [-sourceFen, poolFen, userFen + heldFen, returnedFen, judge.awards - lapsed],
      `seed ${seed}`,
    );
    assert.equal(returnedFen, given + 10 * lapsed);
    for (const row of rows) {
      const inAll = row.poolFen + row.awardedFen + row.returnedFen;
      assert.equal(inAll, row.madeFen, `seed ${seed}: sponsor ${row.sponsor}, wave ${row.wave}`);
      assert.ok(row.deliveredFen <= row.awardedFen, `seed ${seed}: what lapsed is pending nowhere`);
      if (row.sponsor === 7) assert.equal(row.poolFen, 0, "all went back");
    }
    assert.deepEqual(
      rows.map(({ sponsor, wave }) => [sponsor, wave]),
      [[7, 0], [9, 0], [7, 1], [9, 1], [7, NO_WAVE], [8, NO_WAVE]],
    );
    assert.equal(sum(rows, "refusedByUserLimit"), refused[Refusal.userLimit]);
    assert.equal(sum(rows, "refusedBySponsorLimit"), refused[Refusal.sponsorLimit]);
    assert.ok(refused[Refusal.userLimit] > 0 && refused[Refusal.sponsorLimit] > 0);
    assert.ok(sum(rows, "delivered") > 0 && sum(rows, "delivered") < judge.awards);
    assert.equal(sum(rows, "deliveredFen"), 10 * sum(rows, "delivered"), "each packet is of 10 fen");

    const again = new MoneyTally(GROUPS);
    again.restore(judge, () => {});
    const expected = rows.map((row) => ({
      ...row,
      awardsBefore: row.awards,
      awardedFenBefore: row.awardedFen,
      // Refusals are in no ledger.
      refusedByUserLimit: 0,
      refusedBySponsorLimit: 0,
    }));
    assert.deepEqual(shown(again, judge), expected, `seed ${seed}`);
  }
});

Deno.test("a part of a sponsor's pool goes back out of their first rows, to the fen", () => {
  const tally = new MoneyTally(GROUPS);
  for (const { firstId, sponsor } of GROUPS) tally.made(firstId, 100, sponsor);
  const before = shown(tally).filter(({ sponsor }) => sponsor === 7);
  assert.ok(before.length === 2 && before.every(({ poolFen }) => poolFen === 100));
  tally.returned(7, 130);
  const of = (sponsor: number) =>
    shown(tally).filter((row) => row.sponsor === sponsor).map((row) => [row.poolFen, row.returnedFen]);
  assert.deepEqual(of(7), [[0, 100], [70, 30]]);
  assert.ok(of(9).every(([poolFen, returnedFen]) => poolFen === 100 && returnedFen === 0));
});

Deno.test("the table has room for as many sponsors as it tells apart, each with its own sums", () => {
  const tally = new MoneyTally(GROUPS);
  for (let sponsor = 1; sponsor <= 900; sponsor++) {
    tally.made(1_000 + sponsor, 10 * sponsor, sponsor);
    tally.awarded(1_000 + sponsor, sponsor, sponsor);
  }
  const others = shown(tally).filter(({ wave }) => wave === NO_WAVE);
  assert.equal(others.length, 900);
  for (const { sponsor, madeFen, poolFen, awardedFen } of others) {
    assert.deepEqual([madeFen, poolFen, awardedFen], [10 * sponsor, 9 * sponsor, sponsor]);
  }
});

Deno.test("with very many groups only sponsors are told apart, and sponsors past the bound share a row", () => {
  const groups = Array.from({ length: MOST_GROUPS + 1 }, (_, i) => ({
    wave: i >> 1,
    sponsor: 1 + (i & 1),
    firstId: 1 + i,
    count: 1,
  }));
  const rows = new MoneyRows(groups);
  assert.equal(rows.size, 2);
  assert.deepEqual([rows.of(1, 1), rows.of(2, 2), rows.of(MOST_GROUPS + 1, 1)], [0, 1, 0]);
  for (let sponsor = 3; sponsor < 60_000; sponsor++) rows.of(100_000, sponsor);
  assert.ok(rows.size <= MoneyRows.capacity(groups));
  assert.equal(rows.sponsor[rows.of(100_000, 59_999)], 0);
  assert.equal(rows.sponsor[rows.of(100_000, 2)], 2);
});
