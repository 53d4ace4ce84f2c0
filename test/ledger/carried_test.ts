/** What users have won at other hosts: entered by their passes or heard of, it lowers what they may win here, and nothing else. */
import assert from "node:assert/strict";
import { checkLedger } from "../../core/audit/check/check.ts";
import { exportLedger } from "../../core/audit/export.ts";
import { ManualClock } from "../../core/base/clock.ts";
import { idSpaceOf } from "../../core/base/id_space.ts";
import { Random } from "../../core/base/random.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { Judge } from "../../core/ledger/judge/judge.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { projectedBalances } from "../../core/ledger/projection/projected_balances.ts";
import { catchUp } from "../../core/ledger/projection/projector.ts";
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
import type { LedgerLimits } from "../../core/ledger/record/ledger.ts";
import { ForeignAwards } from "../../core/ledger/registry/foreign_awards.ts";
import { SqliteStore } from "../../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { reconcile } from "../../core/reconcile/reconcile.ts";

const THREE_AND_ONE: LedgerLimits = { packetsPerUser: 3, packetsPerSponsor: 1 };
const DONE = [Verdict.done, Refusal.none];
const KNOWN = [Verdict.doneBefore, Refusal.none];
const refused = (detail: number) => [Verdict.refused, detail];

/** Packet, fen, sponsor and host of an award of another host. */
type Carried = readonly [packetId: number, amountFen: number, sponsor: number, host: number];

/** Whoever judges entries. */
interface Judging {
  judge(words: Int32Array, at: number, judgement: ReturnType<typeof emptyJudgement>): void;
}

const ring = new Int32Array(ENTRY_WORDS);
const judgement = emptyJudgement();

function enter(ledger: Judging, fields: Partial<Record<keyof typeof EntryWord, number>>, fen = 0): number[] {
  ring.fill(0);
  for (const [name, value] of Object.entries(fields)) ring[EntryWord[name as keyof typeof EntryWord]] = value;
  setEntryAmountFen(ring, 0, fen);
  ledger.judge(ring, 0, judgement);
  return [judgement.verdict, judgement.detail];
}

function carry(ledger: Judging, user: number, awards: readonly Carried[]): number[] {
  const words = awards.flat();
  for (let from = 0; from < words.length; from += PAYLOAD_WORDS) {
    ring.fill(0)[EntryWord.kind] = EntryKind.part;
    ring.set(words.slice(from, from + PAYLOAD_WORDS), PAYLOAD_AT);
    ledger.judge(ring, 0, judgement);
  }
  return enter(ledger, { kind: EntryKind.carried, user, count: awards.length });
}

function mint(ledger: Judging, firstId: number, count: number, sponsor: number): void {
  assert.deepEqual(
    enter(ledger, { kind: EntryKind.mint, packetId: firstId, count, sponsor }, count * 10),
    DONE,
  );
}

function award(ledger: Judging, packetId: number, user: number, sponsor: number): number[] {
  return enter(ledger, { kind: EntryKind.award, packetId, user, sponsor }, 10);
}

Deno.test("what a pass says lowers what its user may still win here, of all and of its sponsor", () => {
  const judge = new Judge(THREE_AND_ONE, undefined, idSpaceOf(0));
  for (let sponsor = 1; sponsor <= 4; sponsor++) mint(judge, sponsor * 100, 100, sponsor);
  assert.deepEqual(carry(judge, 7, [[0x8010_0000, 50, 2, 1], [0x8020_0000, 60, 3, 2]]), DONE);
  assert.deepEqual(award(judge, 200, 7, 2), refused(Refusal.sponsorLimit));
  assert.deepEqual(award(judge, 100, 7, 1), DONE);
  assert.deepEqual(award(judge, 400, 7, 4), refused(Refusal.userLimit));
  assert.deepEqual(award(judge, 400, 8, 4), DONE, "nobody else's");
  assert.deepEqual(judge.balances().userFen, 20, "no money comes of it");
  assert.deepEqual(judge.awardOf(0x8010_0000), undefined, "and no award");
});

Deno.test("the same pass again, an older one, or one of this host's own awards is no news", () => {
  const judge = new Judge(THREE_AND_ONE);
  mint(judge, 1, 10, 1);
  assert.deepEqual(award(judge, 1, 7, 1), DONE);
  const [a, b]: Carried[] = [[0x8010_0000, 50, 2, 1], [0x8010_0001, 60, 3, 1]];
  assert.deepEqual(carry(judge, 7, [a, b]), DONE);
  assert.deepEqual(carry(judge, 7, [a, b]), KNOWN);
  assert.deepEqual(carry(judge, 7, [a]), KNOWN);
  assert.deepEqual(carry(judge, 7, [[1, 10, 1, 0]]), KNOWN);
  assert.deepEqual(carry(judge, 7, [a, [0x8010_0002, 5, 9, 1], a]), DONE);
  assert.deepEqual([judge.carried.size, judgement.count], [3, 1], "only the news is entered");
  for (const wrong of [[], [[0, 1, 1, 1]], [[5, 0, 1, 1]], [[5, 1, 0x1_0000, 1]], [[5, 1, 1, 1_024]]]) {
    assert.deepEqual(carry(judge, 9, wrong as unknown as Carried[]), refused(Refusal.malformed));
  }
  assert.equal(judge.carried.size, 3);
});

Deno.test("whatever is known by award, by pass and by hearsay, each packet counts once", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const limits = { packetsPerUser: 1 + random.below(5), packetsPerSponsor: 1 + random.below(3) };
    const judge = new Judge(limits);
    judge.foreign = ForeignAwards.of(500);
    const known = [0, 1, 2].map(() => new Map<number, number>());
    const sponsors = 3;
    for (let sponsor = 0; sponsor < sponsors; sponsor++) mint(judge, 1 + sponsor * 100, 100, sponsor);
    for (let step = 0; step < 60; step++) {
      const user = random.below(3);
      const sponsor = random.below(sponsors);
      // A packet is one user's, wherever it is told of; some of this host's are heard of from elsewhere too.
      const foreignId = 0x8010_0000 + user * 1_000 + sponsor * 100 + random.below(4);
      const ownId = 1 + sponsor * 100 + user * 30 + random.below(4);
      const id = random.below(4) === 0 && judge.awardOf(ownId)?.user === user ? ownId : foreignId;
      const what = random.below(3);
      if (what === 0) {
        carry(judge, user, [[id, 10, sponsor, 1]]);
        known[user].set(id, sponsor);
      } else if (what === 1) {
        judge.foreign.add(user, id, sponsor);
        known[user].set(id, sponsor);
      } else if (judge.awardOf(ownId) === undefined) {
        const mine = [...known[user].values()];
        const isOver = mine.length >= limits.packetsPerUser;
        const isOverSponsor = mine.filter((one) => one === sponsor).length >= limits.packetsPerSponsor;
        const expected = isOver
          ? refused(Refusal.userLimit)
          : isOverSponsor
          ? refused(Refusal.sponsorLimit)
          : DONE;
        const where = `seed ${seed}, step ${step}`;
        assert.deepEqual(award(judge, ownId, user, sponsor), expected, where);
        if (expected === DONE) known[user].set(ownId, sponsor);
      }
    }
  }
});

const clock = new ManualClock();

function open(directory: string) {
  const store = new SqliteStore(directory, "off");
  const opened = openJudge(store, directory, THREE_AND_ONE);
  return { ...opened, ledger: new StoredLedger(opened.judge, store, clock) };
}

Deno.test("what a pass says lasts with its ledger, is checked and exported, and is nobody's money there", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const first = open(directory);
    mint(first.ledger, 1, 3, 1);
    assert.deepEqual(award(first.ledger, 1, 7, 1), DONE);
    assert.deepEqual(carry(first.ledger, 7, [[0x8010_0000, 50, 2, 1], [0x8020_0000, 60, 3, 2]]), DONE);
    assert.deepEqual(carry(first.ledger, 7, [[0x8010_0000, 50, 2, 1]]), KNOWN);
    assert.ok(first.ledger.commit());
    const { lastSeq } = first.ledger;
    first.ledger.close();

    for (const way of ["out of its rows", "out of the checkpoint", "out of both"]) {
      const next = open(directory);
      assert.deepEqual(
        next.judge.carried.of(7).map(({ packetId }) => packetId),
        [0x8020_0000, 0x8010_0000],
        way,
      );
      assert.equal(next.judge.limitReached(7, 9), Refusal.userLimit, way);
      assert.equal(next.judge.carried.of(8).length, way === "out of both" ? 1 : 0, way);
      if (way === "out of the checkpoint") {
        assert.equal(next.rowsRead, 0);
        assert.deepEqual(carry(next.ledger, 8, [[0x8010_0005, 5, 1, 1]]), DONE);
        assert.ok(next.ledger.commit());
      }
      next.ledger.close();
      if (way === "out of its rows") catchUp(directory, clock);
    }
    catchUp(directory, clock);
    const { balances } = projectedBalances(directory)!;
    assert.deepEqual([balances.sourceFen, balances.poolFen, balances.userFen], [-30, 20, 10]);
    const report = checkLedger(directory);
    assert.deepEqual(report.problems, []);
    const reconciled = reconcile({ ledgers: [directory], fleetFiles: [], allowsUncovered: true });
    assert.deepEqual(reconciled.differences, []);
    await exportLedger(directory, "csv", `${directory}/rows.csv`);
    const rows = Deno.readTextFileSync(`${directory}/rows.csv`).split("\n");
    assert.match(rows[lastSeq], new RegExp(`^${lastSeq},carried,0,7,0,0,2,\\d+$`));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("a stored row that carries what was known before contradicts the ledger", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const { ledger } = open(directory);
    assert.deepEqual(carry(ledger, 7, [[0x8010_0000, 50, 2, 1]]), DONE);
    assert.deepEqual(carry(ledger, 7, [[0x8010_0001, 50, 3, 1]]), DONE);
    assert.ok(ledger.commit());
    const { lastSeq } = ledger;
    ledger.close();
    const store = new SqliteStore(directory, "off");
    const forged = {
      hostNumber: 0,
      headAt: () => undefined,
      readDelivered: () => 0,
      ended: () => undefined,
      read: (after: number, take: Parameters<SqliteStore["read"]>[1]) =>
        store.read(after, (rows) => {
          rows.bodies.set(lastSeq, rows.bodies.get(lastSeq - 1)!);
          take(rows);
        }),
    };
    assert.throws(
      () => openJudge(forged, undefined, THREE_AND_ONE),
      new RegExp(`row ${lastSeq} of the ledger`),
    );
    store.close();
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
