/** Random packets, awards and what becomes of them, near the edges of what exists: a ledger judges each as the model does. */
import assert from "node:assert/strict";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { Random } from "../../core/base/random.ts";
import type { Bench } from "./ledger_conformance.ts";
import { type Entry, isUnopened, type LedgerModel } from "./ledger_model.ts";

const STEPS = 500;
/** Numbers of 32 bits: a sign that is lost somewhere makes another user of one. */
const USERS = [0, 1, 2, 0x8000_0001, 0xffff_ffff];
const SPONSORS = [0, 7, 0xffff];

/** Compares a ledger with the model, judgement by judgement, and all that can be asked now and then. */
export function compareWithModel(bench: Bench, model: LedgerModel, seed: number): void {
  const random = new Random(seed);
  for (let step = 0; step < STEPS; step++) {
    const entry = someEntry(random, model);
    const where = `seed ${seed}, step ${step}: ${JSON.stringify(entry)}`;
    const [judged, expected] = [bench.stage(entry), model.judge(entry)];
    const limits: number[] = model.limitsReached(entry.user, entry.sponsor ?? 0);
    if (limits.includes(expected[1])) assert.ok(limits.includes(judged[1]), where);
    else assert.deepEqual(judged, expected, where);
    if (random.below(8) > 0) continue;
    bench.ledger.commit();
    if (bench.canReopen && random.below(10) === 0) bench.reopen();
    compareAll(bench, model, where);
  }
  bench.ledger.commit();
  assert.ok(model.awards.length > 10, `seed ${seed}: enough was awarded to mean anything`);
}

function compareAll(bench: Bench, model: LedgerModel, where: string): void {
  const { mintedFen, poolFen, heldFen, userFen, returnedFen } = model.balances();
  assert.deepEqual(bench.balances(), [0 - mintedFen, poolFen, userFen], where);
  assert.equal(bench.held(), heldFen, where);
  assert.equal(bench.ledger.balances().returnedFen, returnedFen, where);
  assert.equal(bench.ledger.unopened, model.awards.filter(isUnopened).length, where);
  assert.equal(bench.ledger.nextPacketId, model.nextPacketId, where);
  for (const user of USERS) {
    const pending = bench.pending(user);
    const expected = model.pending(user).map(({ packetId }) => packetId);
    // After a start from a checkpoint they come in another order.
    assert.deepEqual(pending.toSorted(), expected.toSorted(), `${where}: of ${user}`);
    const last = model.awardOf(pending.at(-1) ?? 0);
    if (last !== undefined) assert.equal(bench.pendingCount, isUnopened(last) ? HELD : 0, where);
  }
  for (const { packetId, count } of model.mints) {
    for (const id of [packetId - 1, packetId, packetId + count - 1, packetId + count]) {
      const award = model.awardOf(id);
      const expected = award && { user: award.user, amountFen: award.amountFen };
      assert.deepEqual(bench.ledger.awardOf(id), expected, `${where}: packet ${id}`);
    }
  }
}

/** Mostly good entries, near the edges of what exists, and often said before. */
function someEntry(random: Random, model: LedgerModel): Entry {
  const one = <T>(list: readonly T[]): T => list[random.below(list.length)];
  const rarely = () => random.below(8) === 0;
  const sponsor = rarely() ? one([-1, 0x1_0000]) : one(SPONSORS);
  if (model.done.length > 0 && random.below(6) === 0) return one(model.done);
  if (model.mints.length === 0 || random.below(8) === 0) {
    // Far apart now and then: packets are kept in chunks of 2^16.
    const packetId = Math.max(0, model.nextPacketId + random.between(-4, 3) + (rarely() ? 40_000 : 0));
    const amountFen = rarely() ? 2 ** 33 + random.below(9) : random.between(-10, 400);
    return { kind: EntryKind.mint, packetId, count: random.between(-1, 20), amountFen, user: 0, sponsor };
  }
  if (random.below(20) === 0) {
    const kind = rarely() ? one([0, 99]) : EntryKind.giveBack;
    const amountFen = model.poolFenOf(sponsor) + (rarely() ? one([-1, 1]) : 0);
    const packetId = model.nextPacketId + (rarely() ? one([-1, 1]) : 0);
    return { kind, packetId, user: 0, amountFen, count: 0, sponsor };
  }
  const award = model.awards.length === 0 ? undefined : one(model.awards);
  const kind = one([EntryKind.award, EntryKind.award, EntryKind.open, EntryKind.delivered, EntryKind.lapse]);
  if (kind !== EntryKind.award && award !== undefined) {
    const { packetId, user, amountFen, sponsor: own } = award;
    const entry = { kind, packetId, user, amountFen, count: 0, sponsor: own };
    return rarely() ? { ...entry, ...one([{ user: 1 }, { amountFen: amountFen + 1 }, { sponsor }]) } : entry;
  }
  const mint = one(model.mints.slice(-4));
  const amountFen = rarely() ? one([2 ** 32 + 1, 2 ** 33]) : random.between(-1, 30);
  return {
    ...{ kind: EntryKind.award, packetId: mint.packetId + random.between(-1, mint.count), amountFen },
    ...{
      user: one(USERS),
      count: random.below(2) === 0 ? HELD : 0,
      sponsor: rarely() ? sponsor : mint.sponsor!,
    },
  };
}
