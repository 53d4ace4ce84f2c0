import assert from "node:assert/strict";
import { fillLedger } from "../fill_ledger.ts";
import { checkLedgerWindow, checkTruth } from "./ledger_premises.ts";

const GOOD: Readonly<Record<string, number>> = {
  ...{ shakesSent: 22_000, shakesAnswered: 21_990, shakesOverloaded: 0, disconnects: 0 },
  ...{ shakeWon: 20_050, ledgerCommits: 300, shakeAwardsRefused: 12, shakeLedgerFull: 0, verdictsLate: 0 },
};
const OTHERS: readonly [change: Readonly<Record<string, number>>, says: RegExp][] = [
  [{ shakesSent: 15_000, shakesAnswered: 15_000 }, /the fleet sent/],
  [{ shakesAnswered: 2_000 }, /shakes were answered/],
  [{ shakeWon: 12_000 }, /12000\/s were durable/],
  [{ shakeWon: 24_000 }, /24000\/s were durable/],
  [{ shakeAwardsRefused: 400 }, /the ledger refused 400/],
  [{ shakeLedgerFull: 1 }, /shakeLedgerFull/],
  [{ verdictsLate: 1 }, /verdictsLate/],
  [{ ledgerCommits: 0 }, /committed nothing/],
];

function check(counters: Readonly<Record<string, number>>, ledgerPercent = 20): void {
  const window = { seconds: 1, ledgerPercent, grew: (name: string) => counters[name] ?? NaN };
  checkLedgerWindow(window, { awardsPerS: 20_000, shakesPerS: 22_000 });
}

for (const [change, says] of OTHERS) {
  Deno.test(`bench:ledger has no figure of a window with ${JSON.stringify(change)}`, () => {
    check(GOOD);
    assert.throws(() => check({ ...GOOD, ...change }), says);
  });
}

Deno.test("bench:ledger has no figure if it looked at another thread than the ledger's", () => {
  assert.throws(() => check(GOOD, 0), /another thread/);
  assert.throws(() => check(GOOD, NaN), /another thread/);
});

Deno.test("awards that were told to winners and aren't in the truth are noticed", async () => {
  const directory = await Deno.makeTempDir();
  try {
    fillLedger(directory, { awards: 50, users: 10, isCheckpointed: false });
    checkTruth(directory, 20, 30);
    assert.throws(() => checkTruth(directory, 21, 30), /has 50 awards, though 51/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
