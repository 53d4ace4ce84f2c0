/** What every ledger refuses; run with `describeLedger`. */
import assert from "node:assert/strict";
import { Refusal, Verdict } from "../../core/ledger/record/entry.ts";
import { award, type Bench, DONE, MAX_ID, mint } from "./ledger_bench.ts";
import type { Entry } from "./ledger_model.ts";

const { malformed, packetTaken, unknownPacket, poolEmpty, idsTaken } = Refusal;
/** Refused after ids 1 to 10 and 21 to 30 were minted and 3 went to user 77 with 60 fen. */
export const REFUSALS: readonly (readonly [reason: string, entry: Entry, detail: number])[] = [
  ["a packet that another user has", award(3, 78, 60), packetTaken],
  ["a packet that the user has with another amount", award(3, 77, 61), packetTaken],
  ["a packet that has no id yet", award(31, 77, 1), unknownPacket],
  ["a packet between two mints", award(15, 77, 1), unknownPacket],
  ["more than the pool holds", award(4, 77, 541), poolEmpty],
  ["a mint of the same ids with another sum", mint(1, 10, 501), idsTaken],
  ["a mint of the same first id with another count", mint(1, 9, 500), idsTaken],
  ["a mint that begins inside another", mint(30, 5, 50), idsTaken],
  ["a mint that ends inside another", mint(15, 7, 50), idsTaken],
  ["a mint of ids that were skipped", mint(11, 3, 50), idsTaken],
  ["packet id 0", award(0, 77, 1), malformed],
  ["a mint from packet id 0", mint(0, 5, 50), malformed],
  ["an amount of 0", award(4, 77, 0), malformed],
  ["an amount below 0", award(4, 77, -5), malformed],
  ["an amount that is no exact number", award(4, 77, 2 ** 53), malformed],
  ["a mint of no packets", mint(31, 0, 50), malformed],
  ["a mint of less than no packets", mint(31, -1, 50), malformed],
  ["a mint with less than 1 fen a packet", mint(31, 51, 50), malformed],
  ["a mint of ids past 32 bits", mint(MAX_ID, 2, 50), malformed],
  ["a mint of ids that are another host's", mint(0x8010_0000, 2, 50), idsTaken],
  ["kind 0", { ...award(4, 77, 1), kind: 0 }, malformed],
  ["a kind that doesn't exist", { ...award(4, 77, 1), kind: 99 }, malformed],
];

/** Enters what is refused, and looks that nothing has changed. */
export function refuses(bench: Bench, entry: Entry, detail: number): void {
  bench.judge(mint(1, 10, 500));
  bench.judge(mint(21, 10, 100));
  bench.judge(award(3, 77, 60));
  assert.deepEqual(bench.judge(entry), [Verdict.refused, detail]);
  assert.deepEqual(bench.balances(), [-600, 540, 60]);
  assert.equal(bench.ledger.nextPacketId, 31);
  assert.deepEqual(bench.ledger.awardOf(3), { user: 77, amountFen: 60 });
  assert.equal(bench.ledger.awardOf(4), undefined);
  // And it isn't remembered against a good entry.
  assert.deepEqual(bench.judge(award(4, 78, 40)), DONE);
}
