import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { LatestPackets } from "./latest_packets.ts";

/** Ways to give users numbers: in a row, in steps that a bad hash would pile up, and at random. */
const USERS: Readonly<Record<string, (i: number, random: Random) => number>> = {
  "in a row": (i) => i,
  "in a row from the top": (i) => 0xffff_ffff - i,
  "in steps of 2^16": (i) => (i * 0x1_0000 + (i >>> 16)) >>> 0,
  "at random": (_i, random) => random.uint32(),
};

Deno.test("each user's latest packet is known, however many users there are and whatever their numbers", () => {
  for (const [what, userOf] of Object.entries(USERS)) {
    const random = new Random(1);
    const latest = new LatestPackets();
    const known = new Map<number, number>();
    for (let packetId = 1; packetId <= 50_000; packetId++) {
      const user = userOf(random.below(40_000), random);
      const before = known.get(user) ?? 0;
      assert.equal(latest.get(user), before, `${what}: ${user}`);
      assert.equal(latest.replace(user, packetId), before, `${what}: ${user}`);
      known.set(user, packetId);
    }
    assert.equal(latest.size, known.size);
    const byUser = (a: readonly number[], b: readonly number[]) => a[0] - b[0];
    assert.deepEqual([...latest].sort(byUser), [...known].sort(byUser), what);
    for (const [user, packetId] of known) assert.equal(latest.get(user), packetId, `${what}: ${user}`);
  }
});
