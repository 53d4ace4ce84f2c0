import assert from "node:assert/strict";
import { SortedBlocks } from "../ledger/record/sorted_blocks.ts";
import { Differences } from "./differences.ts";
import { checkLimits } from "./limits_check.ts";

/** Packets as user and sponsor. */
function differencesOf(packets: readonly (readonly [user: number, sponsor: number])[]): readonly string[] {
  const byUser = new SortedBlocks(2);
  for (const [user, sponsor] of packets) {
    const at = byUser.next();
    byUser.words[at] = user;
    byUser.words[at + 1] = sponsor;
  }
  const differences = new Differences();
  checkLimits(byUser, { packetsPerUser: 3, packetsPerSponsor: 2 }, differences);
  byUser.close();
  return differences.first;
}

Deno.test("as many as are allowed are no difference, one more is, whoever comes last", () => {
  assert.deepEqual(differencesOf([[1, 1], [1, 1], [1, 2], [2, 1], [2, 1], [2, 2]]), []);
  assert.deepEqual(differencesOf([[1, 5], [7, 1], [7, 1], [7, 1]]), [
    "user 7: has 3 packets of sponsor 1, and 2 are allowed",
  ]);
  assert.deepEqual(differencesOf([[1, 1], [1, 2], [1, 3], [1, 4], [2, 1]]), [
    "user 1: has 4 packets, and 3 are allowed",
  ]);
  assert.deepEqual(differencesOf([]), []);
});
