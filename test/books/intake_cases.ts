/** What every intake must do. */
import assert from "node:assert/strict";
import type { BooksCase } from "./books_conformance.ts";
import { ledgerOf, rowsOf } from "./some_ledger.ts";

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
  ["rows come with the cursor, as they are", async ({ books: { intake } }) => {
    const ledger = ledgerOf(1);
    await intake.enrol(ledger.enrolment);
    const [one, two] = [ledger.commit(3), ledger.commit(2)];
    assert.equal(await intake.append(one), true);
    assert.equal(await intake.append(two), true);
    const { seq, headHex } = (await intake.cursor(1))!;
    assert.deepEqual({ seq, headHex }, two.to);
    assert.deepEqual(await rowsOf(intake, 1), [...one.rows, ...two.rows]);
  }],
];
