import assert from "node:assert/strict";
import fc from "fast-check";
import { shareOut } from "./worker_share.ts";

Deno.test("every connection has a worker and a seat, and SETs are numbered without a gap", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1 }),
      (
        capacity,
        workers,
        seats,
      ) => {
        const shares = shareOut(capacity, workers, seats);
        assert.equal(shares.reduce((sum, share) => sum + share.capacity, 0), capacity);
        let nextSet = 0;
        for (const share of shares) {
          assert.equal(share.firstSet, nextSet);
          assert.ok(share.sets * seats >= share.capacity && (share.sets - 1) * seats < share.capacity);
          nextSet += share.sets;
        }
      },
    ),
    { seed: 1 },
  );
});
