import assert from "node:assert/strict";
import { STATEMENT_COLUMNS, type StatementLine } from "../books/account/statement.ts";
import { statementText } from "./statement_text.ts";

function line(sponsor: number, own: Partial<StatementLine>): StatementLine {
  const none = Object.fromEntries(STATEMENT_COLUMNS.map((name) => [name, 0])) as StatementLine;
  return { ...none, sponsor, ...own };
}

Deno.test("a sponsor reads where each fen of theirs is, and nothing of what is nothing", () => {
  const own = line(3, {
    putInPackets: 1_000,
    putInFen: 12_345,
    paidPackets: 2,
    paidFen: 12_305,
    notWonFen: 40,
  });
  assert.equal(
    statementText({ sponsors: [own], total: own }),
    "sponsor 3: every fen is somewhere\n" +
      "  put in   1,000 packets  123.45 yuan\n" +
      "  paid         2 packets  123.05 yuan\n" +
      "  not won                   0.40 yuan\n",
  );
});

Deno.test("every way that money can go has its line", () => {
  const fenColumns = STATEMENT_COLUMNS.filter((name) => name.endsWith("Fen") && name !== "differenceFen");
  const all = line(1, Object.fromEntries(fenColumns.map((name, i) => [name, 101 + i])));
  const text = statementText({ sponsors: [all], total: all });
  // What was won and opened is told by what became of it.
  for (const [i, name] of fenColumns.entries()) {
    const isTold = name !== "wonFen" && name !== "openedFen";
    assert.equal(text.includes(` ${((101 + i) / 100).toFixed(2)} yuan`), isTold, name);
  }
});

Deno.test("what is paid stands there even if it is nothing, and all sponsors together if there are several", () => {
  const one = line(1, { putInPackets: 1, putInFen: 5 });
  const two = line(2, { putInPackets: 2, putInFen: 7, differenceFen: 7 });
  const total = line(0, { putInPackets: 3, putInFen: 12, differenceFen: 5 });
  const text = statementText({ sponsors: [one, two], total });
  assert.deepEqual(text.match(/^\S.*$/gm), [
    "sponsor 1: every fen is somewhere",
    "sponsor 2: OFF BY 0.07 yuan, missing: see redpkt reconcile",
    "all 2 sponsors: OFF BY 0.05 yuan, missing: see redpkt reconcile",
  ]);
  assert.equal(text.match(/^ {2}paid +0 packets +0\.00 yuan$/gm)?.length, 3);
  assert.match(statementText({ sponsors: [line(2, { differenceFen: -8 })], total }), /0\.08 yuan, too much/);
  assert.equal(statementText({ sponsors: [], total }), "nothing was put in\n");
});
