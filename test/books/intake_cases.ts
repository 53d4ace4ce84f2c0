/** What every intake must do. */
import assert from "node:assert/strict";
import { UserError } from "../../core/base/user_error.ts";
import type { Intake } from "../../core/books/contract/intake.ts";
import { type Opening, partOf } from "../../core/books/contract/openings.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { ROW_FIELDS } from "../../core/ledger/record/entry_rows.ts";
import type { BooksCase } from "./books_conformance.ts";
import { FIRST_MS, ledgerOf, rowsOf, SomeLedger } from "./some_ledger.ts";

/** The highest user, packet and amount that there can be. */
const MOST_ID = 0xffff_ffff;

/** A ledger whose host is known. */
async function enrolled(intake: Intake, host = 1): Promise<SomeLedger> {
  const ledger = ledgerOf(host);
  await intake.enrol(ledger.enrolment);
  return ledger;
}

/** All that waits to be settled, by host and row. */
async function queued(intake: Intake): Promise<Opening[]> {
  const openings: Opening[] = [];
  for await (const some of intake.openings()) openings.push(...some);
  return openings.sort((a, b) => a.host - b.host || a.seq - b.seq);
}

/** The books have exactly this, row by row and opening by opening. */
async function assertHas(intake: Intake, ledger: SomeLedger, numbers: readonly number[]): Promise<void> {
  const { host } = ledger.enrolment;
  assert.deepEqual(await rowsOf(intake, host), numbers);
  const { seq, headHex, epoch } = (await intake.cursor(host))!;
  assert.equal(seq, numbers.length / ROW_FIELDS);
  const opens = numbers.filter((kind, i) => i % ROW_FIELDS === 1 && kind === EntryKind.open).length;
  assert.equal((await queued(intake)).filter((opening) => opening.host === host).length, opens);
  const fence = { host, ledger: ledger.enrolment.ledger, epoch, seq, headHex };
  assert.equal(await intake.heartbeat(fence, 0), true, "the cursor is what it says it is");
}

export const INTAKE_CASES: readonly BooksCase[] = [
  ["a host is enrolled once, and stands before its first row", async ({ books: { intake } }) => {
    const ledger = ledgerOf(1);
    assert.equal(await intake.cursor(1), undefined);
    const cursor = await intake.enrol(ledger.enrolment);
    const { enrolment: { host, name, ledger: id, genesisHex } } = ledger;
    assert.deepEqual(cursor, {
      ...{ host, name, ledger: id, epoch: 1, seq: 0, headHex: genesisHex },
      ...{ caughtUpMs: 0, isRetired: false },
    });
    assert.deepEqual(await intake.enrol({ ...ledger.enrolment, name: "other" }), cursor);
    assert.deepEqual(await intake.cursor(1), cursor);
    assert.deepEqual(await intake.hosts(), [cursor]);
  }],
  [
    "rows come with the cursor, as they are, and several hosts in any order",
    async ({ books: { intake } }) => {
      const [one, two] = [await enrolled(intake, 1), await enrolled(intake, 1_023)];
      const [a, b, c] = [one.commit(3), two.commit(7), one.commit(2)];
      for (const block of [a, b, c]) assert.equal(await intake.append(block), true);
      await assertHas(intake, one, [...a.rows, ...c.rows]);
      await assertHas(intake, two, [...b.rows]);
      assert.deepEqual((await intake.hosts()).map(({ host, seq }) => [host, seq]), [[1, 5], [1_023, 7]]);
    },
  ],
  ["a repeat changes nothing: the reply to it may be lost", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake);
    const block = ledger.commit(6);
    assert.equal(await intake.append(block), true);
    assert.equal(await intake.append(block), false);
    await assertHas(intake, ledger, [...block.rows]);
  }],
  ["a gap is refused, and what was left out can still come", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake);
    const [one, two] = [ledger.commit(3), ledger.commit(3)];
    assert.equal(await intake.append(two), false);
    await assertHas(intake, ledger, []);
    assert.equal(await intake.append(one), true);
    assert.equal(await intake.append(two), true);
    await assertHas(intake, ledger, [...one.rows, ...two.rows]);
  }],
  ["a copy that has gone on by itself is refused by its head", async ({ books: { intake } }) => {
    const [ledger, copy] = [await enrolled(intake), ledgerOf(1)];
    const common = ledger.commit(3);
    copy.commit(3);
    copy.nowMs++;
    const [ours, others] = [ledger.commit(3), copy.commit(3)];
    assert.equal(await intake.append(common), true);
    assert.equal(await intake.append(ours), true);
    assert.equal(await intake.append(others), false);
    assert.equal(await intake.append(copy.commit(3)), false, "the same number of rows, and another head");
    assert.equal(await intake.heartbeat(copy.fence, FIRST_MS), false);
    await assertHas(intake, ledger, [...common.rows, ...ours.rows]);
  }],
  ["another ledger can't have a host's number, nor a ledger two numbers", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake);
    const foreign = new SomeLedger(1, "0123456789abcdef0123456789abcdef");
    assert.equal((await intake.enrol(foreign.enrolment)).ledger, ledger.enrolment.ledger);
    const alike = { ...foreign.commit(3), from: { seq: 0, headHex: ledger.enrolment.genesisHex } };
    assert.equal(await intake.append(alike), false, "not even with the right head");
    await assert.rejects(
      intake.enrol({ ...ledger.enrolment, host: 2 }),
      (error) => error instanceof UserError && /is host number 1 .*--host-number 1/.test(error.message),
    );
    assert.equal(await intake.cursor(2), undefined);
    await assertHas(intake, ledger, []);
  }],
  [
    "an epoch comes with the rows that say so, and one that is over is refused",
    async ({ books: { intake } }) => {
      const ledger = await enrolled(intake);
      const [one, two] = [ledger.commit(2), ledger.commit(1, { epochAfter: 2 })];
      const old = { ...ledger.commit(2), epochBefore: 1, epochAfter: 1 };
      const next = { ...old, epochBefore: 2, epochAfter: 2 };
      for (const block of [one, two]) assert.equal(await intake.append(block), true);
      assert.equal((await intake.cursor(1))!.epoch, 2);
      assert.equal(await intake.append(old), false);
      assert.equal(await intake.heartbeat({ ...ledger.fence, epoch: 1, ...two.to }, FIRST_MS), false);
      assert.equal(await intake.append(next), true);
      await assertHas(intake, ledger, [...one.rows, ...two.rows, ...old.rows]);
    },
  ],
  ["two uplinks of a host at once bring each row once", async ({ books, another }) => {
    const { intake } = books;
    const other = (await another()).intake;
    const ledger = await enrolled(intake);
    const numbers: number[] = [];
    for (let i = 0; i < 20; i++) {
      const block = ledger.commit(1 + i);
      numbers.push(...block.rows);
      const took = await Promise.all([intake.append(block), other.append(block)]);
      assert.deepEqual(took.sort(), [false, true], `block ${i}`);
    }
    await assertHas(other, ledger, numbers);
  }],
  ["books that fall back have the cursor of the rows they have, and all comes again", async (opened) => {
    const { intake } = opened.books;
    const [one, two] = [await enrolled(intake, 1), await enrolled(intake, 2)];
    const first = one.commit(4);
    await intake.append(first);
    const fallBack = await opened.remember();
    const later = [one.commit(5), two.commit(3), one.commit(2, { epochAfter: 2 })];
    for (const block of later) assert.equal(await intake.append(block), true);
    await intake.claimSeed({ hash: "aa", host: 2, ledger: two.enrolment.ledger }, FIRST_MS);
    await fallBack();
    assert.deepEqual(await rowsOf(intake, 1), [...first.rows]);
    const { seq, headHex, epoch } = (await intake.cursor(1))!;
    assert.deepEqual([{ seq, headHex }, epoch], [first.to, 1]);
    for (const block of later) assert.equal(await intake.append(block), true);
    await assertHas(intake, one, [...first.rows, ...later[0].rows, ...later[2].rows]);
    await assertHas(intake, two, [...later[1].rows]);
    const again = await intake.claimSeed({ hash: "aa", host: 1, ledger: one.enrolment.ledger }, FIRST_MS);
    assert.equal(again.host, 1, "the claim was gone with the rest");
  }],
  ["books that fall back to before a host was known take it again", async (opened) => {
    const { intake } = opened.books;
    const fallBack = await opened.remember();
    const ledger = await enrolled(intake);
    const block = ledger.commit(3);
    await intake.append(block);
    await fallBack();
    assert.equal(await intake.cursor(1), undefined);
    assert.equal(await intake.append(block), false);
    await intake.enrol(ledger.enrolment);
    assert.equal(await intake.append(block), true);
    await assertHas(intake, ledger, [...block.rows]);
  }],
  ["a commit of many rows comes whole", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake);
    const block = ledger.commit(60_000);
    assert.equal(await intake.append(block), true);
    await assertHas(intake, ledger, [...block.rows]);
  }],
  ["numbers at the ends of their ranges come as they are", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake);
    const most = Number.MAX_SAFE_INTEGER;
    const rows = Float64Array.of(
      ...[1, EntryKind.mint, MOST_ID - 9, 0, most, 65_535, 10, FIRST_MS],
      ...[2, EntryKind.award, MOST_ID, MOST_ID, most, 65_535, HELD, FIRST_MS],
      ...[3, EntryKind.open, MOST_ID, MOST_ID, most, 65_535, 0, FIRST_MS],
    );
    assert.equal(await intake.append(ledger.block(rows)), true);
    assert.deepEqual(await rowsOf(intake, 1), [...rows]);
    const [{ packetId, user, fen, sponsor, part }] = await queued(intake);
    assert.deepEqual([packetId, user, fen, sponsor, part], [MOST_ID, MOST_ID, most, 65_535, partOf(MOST_ID)]);
  }],
  ["what lies beside a row comes with it, word by word", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake);
    const words = [
      Uint32Array.of(),
      Uint32Array.of(0, 1, 0xffff_ffff),
      new Uint32Array(5_000).fill(0xdead_beef),
    ];
    const blocks = [
      ledger.commit(3, { bodies: [[1, words[0]], [3, words[1]]] }),
      ledger.commit(2, {
        bodies: [[5, words[2]]],
      }),
    ];
    for (const block of blocks) assert.equal(await intake.append(block), true);
    assert.equal(await intake.append(blocks[1]), false);
    assert.deepEqual(await intake.bodies(1), [[1, words[0]], [3, words[1]], [5, words[2]]]);
    assert.deepEqual(await intake.bodies(2), []);
  }],
  ["openings wait for settlement, and a win that needs no opening is one", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake, 7);
    const at = FIRST_MS + 999;
    const rows = Float64Array.of(
      ...[1, EntryKind.mint, 10, 0, 500, 3, 5, at],
      ...[2, EntryKind.award, 10, 41, 100, 3, HELD, at],
      ...[3, EntryKind.award, 11, 42, 60, 3, 0, at],
      ...[4, EntryKind.open, 10, 41, 100, 3, 0, at + 1],
      ...[5, EntryKind.lapse, 12, 41, 100, 3, 0, at + 1],
      ...[6, EntryKind.giveBack, 15, 0, 240, 3, 0, at + 1],
    );
    assert.equal(await intake.append(ledger.block(rows)), true);
    const second = Math.floor(at / 1000);
    assert.deepEqual(await queued(intake), [
      { part: partOf(42), openedS: second, host: 7, seq: 3, packetId: 11, user: 42, sponsor: 3, fen: 60 },
      {
        part: partOf(41),
        openedS: second + 1,
        host: 7,
        seq: 4,
        packetId: 10,
        user: 41,
        sponsor: 3,
        fen: 100,
      },
    ]);
    assert.deepEqual(await intake.queue(), { openings: 2, fen: 160, oldestS: second });
  }],
  ["nothing is opened before what was opened, or promised, before", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake);
    const seconds = async () => (await queued(intake)).map(({ openedS }) => openedS - FIRST_MS / 1000);
    await intake.append(ledger.commit(3));
    ledger.nowMs -= 5_000; // an operator sets the clock back
    await intake.append(ledger.commit(3));
    assert.deepEqual(await seconds(), [0, 0]);
    assert.equal((await intake.cursor(1))!.caughtUpMs, FIRST_MS);
    assert.equal(await intake.heartbeat(ledger.fence, FIRST_MS + 7_000), true);
    assert.equal(
      await intake.heartbeat(ledger.fence, FIRST_MS + 2_000),
      true,
      "an older promise takes nothing back",
    );
    assert.equal((await intake.cursor(1))!.caughtUpMs, FIRST_MS + 7_000);
    await intake.append(ledger.commit(3));
    assert.deepEqual(await seconds(), [0, 0, 7]);
    ledger.nowMs = FIRST_MS + 9_000;
    await intake.append(ledger.commit(3));
    assert.deepEqual(await seconds(), [0, 0, 7, 9]);
    assert.equal((await intake.cursor(1))!.caughtUpMs, FIRST_MS + 9_000);
  }],
  ["a heartbeat counts only from where the cursor is", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake);
    await intake.append(ledger.commit(3));
    const { fence } = ledger;
    const wrong = [
      { ...fence, host: 2 },
      { ...fence, ledger: "x" },
      { ...fence, epoch: 2 },
      { ...fence, seq: 2 },
      { ...fence, headHex: "00" },
    ];
    for (const one of wrong) {
      assert.equal(await intake.heartbeat(one, FIRST_MS * 2), false, JSON.stringify(one));
    }
    assert.equal((await intake.cursor(1))!.caughtUpMs, FIRST_MS);
  }],
  ["a seed file is claimed once and for ever", async ({ books: { intake }, another }) => {
    const [hash, other] = ["5eed", "0bad"];
    const first = await intake.claimSeed({ hash, host: 1, ledger: "aa" }, FIRST_MS);
    assert.deepEqual(first, { hash, host: 1, ledger: "aa", claimedMs: FIRST_MS });
    assert.deepEqual(await intake.claimSeed({ hash, host: 1, ledger: "aa" }, FIRST_MS + 1), first);
    const two = (await another()).intake;
    assert.deepEqual(await two.claimSeed({ hash, host: 2, ledger: "bb" }, FIRST_MS + 2), first);
    assert.equal((await two.claimSeed({ hash: other, host: 2, ledger: "bb" }, FIRST_MS)).ledger, "bb");
    const claims = ["cc", "dd"].map((ledger, i) =>
      [intake, two][i].claimSeed({ hash: "77", host: i, ledger }, 0)
    );
    const [a, b] = await Promise.all(claims);
    assert.deepEqual(a, b, "of two at once one has it, and both hear of it");
  }],
  ["a host is retired and comes back, and its rows count all the same", async ({ books: { intake } }) => {
    const ledger = await enrolled(intake);
    assert.equal(await intake.retire(1, true), true);
    assert.equal(await intake.retire(2, true), false);
    assert.equal((await intake.cursor(1))!.isRetired, true);
    const block = ledger.commit(3);
    assert.equal(await intake.append(block), true);
    assert.equal((await intake.cursor(1))!.isRetired, true);
    assert.equal(await intake.retire(1, false), true);
    assert.deepEqual((await intake.hosts()).map(({ isRetired }) => isRetired), [false]);
    await assertHas(intake, ledger, [...block.rows]);
  }],
];
