/**
 * What every ledger must do, whatever it is made of. An implementation runs the kit with `describeLedger`; each test
 * opens a ledger of its own.
 */
import assert from "node:assert/strict";
import { HELD, Refusal, Verdict } from "../../core/ledger/record/entry.ts";
import { LAST_TICKET_ID } from "../../core/base/id_space.ts";
import { type LedgerLimits, NO_LIMITS } from "../../core/ledger/record/ledger.ts";
import { Random } from "../../core/base/random.ts";
import {
  award,
  Bench,
  delivered,
  DONE,
  DONE_BEFORE,
  giveBack,
  heldAward,
  lapse,
  MAX_ID,
  mint,
  type OpenedLedger,
  openOf,
  refused,
} from "./ledger_bench.ts";
import { compareWithModel } from "./ledger_random.ts";
import { LedgerModel } from "./ledger_model.ts";
import { REFUSALS, refuses } from "./ledger_refusal_cases.ts";

type Case = readonly [what: string, run: (bench: Bench) => void];

const CASES: readonly Case[] = [
  ["begins empty, with packet id 1", ({ ledger }) => {
    assert.equal(ledger.nextPacketId, 1);
    const nothing = { sourceFen: 0, poolFen: 0, heldFen: 0, userFen: 0, returnedFen: 0, packetFen: 0 };
    assert.deepEqual(ledger.balances(), nothing);
    assert.equal(ledger.awardOf(1), undefined);
  }],
  ["a mint moves money from source to pool, and its ids are used", (bench) => {
    assert.deepEqual(bench.judge(mint(1, 10, 500)), DONE);
    assert.deepEqual(bench.balances(), [-500, 500, 0]);
    assert.equal(bench.ledger.nextPacketId, 11);
    assert.equal(bench.ledger.awardOf(1), undefined);
  }],
  ["an award moves money from pool to user", (bench) => {
    bench.judge(mint(1, 10, 500));
    assert.deepEqual(bench.judge(award(3, 77, 60)), DONE);
    assert.deepEqual(bench.balances(), [-500, 440, 60]);
    assert.deepEqual(bench.ledger.awardOf(3), { user: 77, amountFen: 60 });
    assert.equal(bench.ledger.awardOf(4), undefined);
  }],
  ["the same entry again is done before and changes nothing, in the same batch and later", (bench) => {
    assert.deepEqual(bench.stage(mint(1, 10, 500)), DONE);
    assert.deepEqual(bench.stage(mint(1, 10, 500)), DONE_BEFORE);
    assert.deepEqual(bench.stage(award(3, 77, 60)), DONE);
    assert.deepEqual(bench.stage(award(3, 77, 60)), DONE_BEFORE);
    bench.ledger.commit();
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(bench.judge(mint(1, 10, 500)), DONE_BEFORE);
      assert.deepEqual(bench.judge(award(3, 77, 60)), DONE_BEFORE);
      assert.deepEqual(bench.balances(), [-500, 440, 60]);
      assert.equal(bench.ledger.nextPacketId, 11);
    }
  }],
  ["commits with nothing staged change nothing", (bench) => {
    bench.ledger.commit();
    bench.judge(mint(1, 1, 5));
    bench.ledger.commit();
    assert.deepEqual(bench.balances(), [-5, 5, 0]);
  }],
  ["a pool that two awards of one batch would overdraw pays the first only", (bench) => {
    bench.judge(mint(1, 2, 100));
    assert.deepEqual(bench.stage(award(1, 5, 70)), DONE);
    assert.deepEqual(bench.stage(award(2, 6, 70)), [Verdict.refused, Refusal.poolEmpty]);
    assert.deepEqual(bench.stage(award(2, 6, 30)), DONE);
    bench.ledger.commit();
    assert.deepEqual(bench.balances(), [-100, 0, 100]);
  }],
  ["the ends of the ranges: user 0, the highest user and packet id, amounts over 32 bits", (bench) => {
    const amountFen = 5 * 2 ** 40 + 3;
    assert.deepEqual(bench.judge(mint(LAST_TICKET_ID - 1, 2, amountFen)), DONE);
    assert.equal(bench.ledger.nextPacketId, 2 ** 31);
    assert.deepEqual(bench.judge(award(LAST_TICKET_ID, 0, amountFen - 2 ** 33)), DONE);
    assert.deepEqual(bench.judge(award(LAST_TICKET_ID - 1, MAX_ID, 2 ** 33)), DONE);
    assert.deepEqual(bench.ledger.awardOf(LAST_TICKET_ID), { user: 0, amountFen: amountFen - 2 ** 33 });
    assert.deepEqual(bench.ledger.awardOf(LAST_TICKET_ID - 1), { user: MAX_ID, amountFen: 2 ** 33 });
    assert.deepEqual(bench.balances(), [-amountFen, 0, amountFen]);
  }],
  ["money past 2^53 fen in all is refused, since it could not be counted exactly", (bench) => {
    assert.deepEqual(bench.judge(mint(1, 1, Number.MAX_SAFE_INTEGER)), DONE);
    assert.deepEqual(bench.judge(mint(2, 1, 1)), [Verdict.refused, Refusal.malformed]);
    assert.deepEqual(bench.judge(award(1, 5, Number.MAX_SAFE_INTEGER)), DONE);
    assert.deepEqual(bench.balances(), [-Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER]);
  }],
  ["what nobody won goes back to its sponsor once, and can't be won afterwards", (bench) => {
    bench.judge(mint(1, 10, 500, 7));
    bench.judge(mint(11, 10, 300, 8));
    bench.judge(award(1, 5, 60, 7));
    assert.deepEqual(bench.judge(giveBack(21, 439, 7)), refused(Refusal.malformed));
    assert.deepEqual(bench.judge(giveBack(20, 440, 7)), refused(Refusal.malformed));
    assert.deepEqual(bench.judge(giveBack(21, 440, 7)), DONE);
    assert.deepEqual(bench.judge(giveBack(21, 440, 7)), DONE_BEFORE);
    assert.equal(bench.ledger.balances().returnedFen, 440);
    assert.deepEqual(bench.judge(award(2, 5, 60, 7)), refused(Refusal.givenBack));
    assert.deepEqual(bench.judge(award(1, 5, 60, 7)), DONE_BEFORE);
    assert.deepEqual(bench.judge(award(12, 5, 60, 8)), DONE);
    assert.deepEqual(bench.judge(mint(21, 1, 5, 7)), DONE);
    assert.deepEqual(bench.judge(award(21, 5, 5, 7)), DONE);
    assert.deepEqual(bench.balances(), [-805, 240, 125]);
  }],
  ["a packet is its sponsor's alone, and one sponsor's pool doesn't pay another's", (bench) => {
    bench.judge(mint(1, 10, 100, 7));
    bench.judge(mint(11, 10, 100, 65_535));
    assert.deepEqual(bench.judge(award(1, 5, 10, 65_535)), refused(Refusal.wrongSponsor));
    assert.deepEqual(bench.judge(award(1, 5, 101, 7)), refused(Refusal.poolEmpty));
    assert.deepEqual(bench.judge(mint(21, 1, 1, 65_536)), refused(Refusal.malformed));
    assert.deepEqual(bench.judge(mint(21, 1, 1, -1)), refused(Refusal.malformed));
    assert.deepEqual(bench.judge(award(11, 5, 100, 65_535)), DONE);
  }],
  ["an award is pending until it is delivered, and an answer about one user names no other's", (bench) => {
    bench.judge(mint(1, 10, 100));
    for (const id of [1, 2, 3]) bench.judge(award(id, 5, 10));
    bench.judge(award(4, 6, 10));
    assert.deepEqual(bench.pending(5), [3, 2, 1]);
    assert.deepEqual(bench.judge(delivered(2, 6)), refused(Refusal.unknownPacket));
    assert.deepEqual(bench.judge(delivered(9, 5)), refused(Refusal.unknownPacket));
    assert.deepEqual(bench.judge(delivered(2, 5)), DONE);
    assert.deepEqual(bench.judge(delivered(2, 5)), DONE_BEFORE);
    assert.deepEqual(bench.pending(5), [3, 1]);
    assert.deepEqual(bench.pending(6), [4]);
    assert.deepEqual(bench.pending(7), []);
    assert.deepEqual(bench.balances(), [-100, 60, 40]);
  }],
  ["a held award is its user's once they open it, and it takes no other's word for that", (bench) => {
    bench.judge(mint(1, 10, 100, 7));
    assert.deepEqual(bench.judge(heldAward(1, 5, 10, 7)), DONE);
    assert.deepEqual([...bench.balances(), bench.held()], [-100, 90, 0, 10]);
    assert.equal(bench.ledger.unopened, 1);
    assert.deepEqual(bench.judge(heldAward(1, 5, 10, 7)), DONE_BEFORE);
    for (const [packetId, user] of [[1, 6], [2, 5], [11, 5], [0, 5]]) {
      assert.deepEqual(bench.judge(openOf(packetId, user)), refused(Refusal.unknownPacket));
    }
    if (bench.canReopen) bench.reopen();
    assert.deepEqual(bench.judge(openOf(1, 5)), DONE);
    assert.equal(bench.amountFen, 10);
    if (bench.canReopen) bench.reopen();
    assert.deepEqual(bench.judge(openOf(1, 5)), DONE_BEFORE);
    assert.equal(bench.amountFen, 10);
    assert.deepEqual(bench.judge(award(2, 6, 20, 7)), DONE);
    assert.deepEqual(bench.judge(openOf(2, 6)), DONE_BEFORE, "an award that isn't held is open already");
    assert.deepEqual([...bench.balances(), bench.held()], [-100, 70, 30, 0]);
    assert.equal(bench.ledger.unopened, 0);
  }],
  [
    "an award is pending until it is delivered and open, and the answer says which of the two it lacks",
    (bench) => {
      bench.judge(mint(1, 10, 100));
      bench.judge(heldAward(1, 5, 10));
      bench.judge(heldAward(2, 5, 10));
      assert.deepEqual(bench.pending(5), [2, 1]);
      assert.equal(bench.pendingCount, HELD);
      bench.judge(delivered(1, 5));
      assert.deepEqual(bench.pending(5), [2, 1]);
      bench.judge(openOf(2, 5));
      bench.judge(openOf(1, 5));
      if (bench.canReopen) bench.reopen();
      assert.deepEqual(bench.pending(5), [2]);
      assert.equal(bench.pendingCount, 0);
      bench.judge(delivered(2, 5));
      assert.deepEqual(bench.pending(5), []);
    },
  ],
  ["what is never opened goes back to its sponsor once, and can't be opened afterwards", (bench) => {
    bench.judge(mint(1, 10, 100, 7));
    for (const id of [1, 2]) bench.judge(heldAward(id, 5, 10, 7));
    bench.judge(award(3, 5, 10, 7));
    bench.judge(openOf(2, 5));
    const wrong = [lapse(1, 6, 10, 7), lapse(1, 5, 11, 7), lapse(1, 5, 10, 8), lapse(4, 5, 10, 7)];
    for (const entry of wrong) assert.deepEqual(bench.judge(entry), refused(Refusal.malformed));
    for (const id of [2, 3]) {
      assert.deepEqual(bench.judge(lapse(id, 5, 10, 7)), refused(Refusal.packetTaken), "it is theirs by now");
    }
    assert.deepEqual(bench.judge(lapse(1, 5, 10, 7)), DONE);
    if (bench.canReopen) bench.reopen();
    assert.deepEqual(bench.judge(lapse(1, 5, 10, 7)), DONE_BEFORE);
    assert.deepEqual(bench.judge(openOf(1, 5)), refused(Refusal.givenBack));
    assert.deepEqual(bench.pending(5), [3, 2]);
    assert.deepEqual([...bench.balances(), bench.held()], [-100, 70, 20, 0]);
    assert.equal(bench.ledger.balances().returnedFen, 10);
  }],
];

const RANDOM_SEEDS = Number(Deno.env.get("REDPKT_SIM_SEEDS") ?? 8);
const RANDOM_LIMITS: Readonly<Record<string, LedgerLimits>> = {
  "without limits": NO_LIMITS,
  "with both limits": { packetsPerUser: 5, packetsPerSponsor: 2 },
  "with a limit on users": { packetsPerUser: 6, packetsPerSponsor: Infinity },
  "with a limit on sponsors": { packetsPerUser: Infinity, packetsPerSponsor: 3 },
};

/** Cases with at most 3 packets a user, and 1 of each sponsor. */
const LIMITED: LedgerLimits = { packetsPerUser: 3, packetsPerSponsor: 1 };
const LIMITED_CASES: readonly Case[] = [
  ["a user gets one packet of a sponsor and three in all, and a refusal changes nothing", (bench) => {
    for (let sponsor = 0; sponsor < 5; sponsor++) bench.judge(mint(1 + sponsor * 10, 10, 100, sponsor));
    assert.deepEqual(bench.judge(award(1, 5, 10, 0)), DONE);
    assert.deepEqual(bench.judge(award(2, 5, 10, 0)), refused(Refusal.sponsorLimit));
    assert.deepEqual(bench.stage(award(11, 5, 10, 1)), DONE);
    assert.deepEqual(bench.stage(award(12, 5, 10, 1)), refused(Refusal.sponsorLimit));
    assert.deepEqual(bench.stage(award(21, 5, 10, 2)), DONE);
    assert.deepEqual(bench.stage(award(31, 5, 10, 3)), refused(Refusal.userLimit));
    bench.ledger.commit();
    assert.deepEqual(bench.judge(award(31, 6, 10, 3)), DONE);
    assert.deepEqual(bench.judge(award(1, 5, 10, 0)), DONE_BEFORE);
    assert.deepEqual(bench.balances(), [-500, 460, 40]);
    if (!bench.canReopen) return;
    bench.reopen();
    assert.deepEqual(bench.judge(award(41, 5, 10, 4)), refused(Refusal.userLimit));
    assert.deepEqual(bench.judge(award(32, 6, 10, 3)), refused(Refusal.sponsorLimit));
    assert.deepEqual(bench.judge(award(41, 6, 10, 4)), DONE);
  }],
  ["many users at their limits at once, each exactly", (bench) => {
    bench.judge(mint(1, 30_000, 30_000, 0));
    bench.judge(mint(30_001, 30_000, 30_000, 1));
    const done = new Map<number, number>();
    const random = new Random(7);
    for (let i = 0; i < 30_000; i++) {
      const sponsor = random.below(2);
      const user = random.below(5_000) * 859_433; // spread over all 32 bits
      const [verdict] = bench.stage(award(1 + sponsor * 30_000 + i, user, 1, sponsor));
      const key = user * 2 + sponsor;
      assert.equal(verdict, done.has(key) ? Verdict.refused : Verdict.done);
      done.set(key, i);
    }
    bench.ledger.commit();
  }],
];

function remembers(bench: Bench): void {
  bench.stage(mint(1, 10, 500));
  bench.stage(award(3, 77, 60));
  bench.ledger.commit();
  bench.reopen();
  assert.equal(bench.ledger.nextPacketId, 11);
  assert.deepEqual(bench.balances(), [-500, 440, 60]);
  assert.deepEqual(bench.ledger.awardOf(3), { user: 77, amountFen: 60 });
  assert.deepEqual(bench.judge(mint(1, 10, 500)), DONE_BEFORE);
  assert.deepEqual(bench.judge(award(3, 77, 60)), DONE_BEFORE);
  assert.deepEqual(bench.judge(award(3, 78, 60)), [Verdict.refused, Refusal.packetTaken]);
  assert.deepEqual(bench.judge(mint(5, 1, 5)), [Verdict.refused, Refusal.idsTaken]);
  assert.deepEqual(bench.judge(mint(11, 1, 5)), DONE);
  assert.deepEqual(bench.pending(77), [3]);
  bench.judge(delivered(3, 77));
  bench.reopen();
  assert.deepEqual(bench.pending(77), []);
}

/**
 * Registers the tests of a ledger.
 *
 * @param name in front of every test's name
 * @param open makes an empty ledger with these limits, once a test
 */
export function describeLedger(name: string, open: (limits: LedgerLimits) => OpenedLedger): void {
  function withBench(run: (bench: Bench) => void, limits = NO_LIMITS): void {
    const opened = open(limits);
    try {
      run(new Bench(opened));
    } finally {
      opened.dispose();
    }
  }
  function test(what: string, run: (bench: Bench) => void): void {
    Deno.test(`${name}: ${what}`, () => withBench(run));
  }

  for (const [what, run] of CASES) test(what, run);
  for (const [what, run] of LIMITED_CASES) {
    Deno.test(`${name}: ${what}`, () => withBench(run, LIMITED));
  }
  for (const [reason, entry, detail] of REFUSALS) {
    test(`refuses ${reason}, and nothing changes`, (bench) => refuses(bench, entry, detail));
  }
  for (const [what, limits] of Object.entries(RANDOM_LIMITS)) {
    Deno.test(`${name}: random entries ${what} are judged as the model judges them`, () => {
      for (let seed = 1; seed <= RANDOM_SEEDS; seed++) {
        withBench((bench) => compareWithModel(bench, new LedgerModel(limits), seed), limits);
      }
    });
  }
  const reopening = "what was committed is there when it is opened again";
  let lasts = false;
  withBench((bench) => lasts = bench.canReopen);
  if (lasts) test(reopening, remembers);
  // Named, so that nobody takes the ledger for one that lasts.
  else Deno.test.ignore(`${name}: ${reopening} (this one forgets)`, () => {});
}
