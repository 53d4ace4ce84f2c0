import assert from "node:assert/strict";
import fc from "fast-check";
import { AwardState } from "../../books/account/award_state.ts";
import type { Opening } from "../../books/contract/openings.ts";
import { judgeOpenings, type SettlementLimits, type Standing } from "./judge_openings.ts";
import { compareOpenings } from "./opening_order.ts";

const THREE_AND_ONE: SettlementLimits = { packetsPerUser: 3, packetsPerSponsor: 1 };

function opening(packetId: number, user: number, sponsor: number, more: Partial<Opening> = {}): Opening {
  return { part: 0, host: 1, seq: packetId, packetId, user, sponsor, fen: 10, openedS: 5, ...more };
}

function standing(more: Partial<Standing> = {}): Standing {
  return {
    limits: THREE_AND_ONE,
    holders: new Map(),
    settled: new Set(),
    isRevoked: () => false,
    isHeld: () => false,
    ...more,
  };
}

Deno.test("three packets a user and one of a sponsor are paid, the first in the order of openings", () => {
  const { states, holders } = judgeOpenings(
    [
      opening(1, 7, 1),
      opening(2, 7, 1),
      opening(3, 7, 2),
      opening(4, 7, 3),
      opening(5, 7, 4),
      opening(6, 8, 4),
    ],
    standing(),
  );
  const { queued, overSponsor, overUser } = AwardState;
  assert.deepEqual(states, [queued, overSponsor, queued, queued, overUser, queued]);
  assert.deepEqual([...holders], [[7, [1, 2, 3]], [8, [4]]]);
});

Deno.test("what a user was given before counts, and what they weren't given doesn't", () => {
  const { states, holders } = judgeOpenings(
    [opening(1, 7, 5), opening(2, 7, 6), opening(3, 9, 5)],
    standing({ holders: new Map([[7, [5, 8]], [9, [1, 2, 3]]]) }),
  );
  assert.deepEqual(states, [AwardState.overSponsor, AwardState.queued, AwardState.overUser]);
  assert.deepEqual([...holders], [[7, [5, 8, 6]]]);
});

Deno.test("a revoked packet takes no place, a held one does, and both only once they are within the limits", () => {
  const { states } = judgeOpenings(
    [1, 2, 3, 4, 5, 6].map((id) => opening(id, 7, id)),
    standing({
      isRevoked: (packetId) => packetId === 2,
      isHeld: (user, id) => user === 7 && id !== 3 && id !== 1,
    }),
  );
  const { queued, revoked, held, overUser } = AwardState;
  assert.deepEqual(states, [queued, revoked, queued, held, overUser, overUser]);
});

Deno.test("a packet that was judged before, or twice in a batch, changes nothing", () => {
  const { states, holders } = judgeOpenings(
    [opening(1, 7, 1), opening(2, 7, 2), opening(2, 8, 2, { host: 2 })],
    standing({ settled: new Set([1]) }),
  );
  assert.deepEqual(states, [0, AwardState.queued, 0]);
  assert.deepEqual([...holders], [[7, [2]]]);
});

Deno.test("no limit is no limit, and two of a sponsor are two", () => {
  const four = [1, 2, 3, 4].map((id) => opening(id, 7, 1));
  const free = { packetsPerUser: Infinity, packetsPerSponsor: Infinity };
  assert.deepEqual(judgeOpenings(four, standing({ limits: free })).states, [1, 1, 1, 1]);
  const two = { packetsPerUser: Infinity, packetsPerSponsor: 2 };
  assert.deepEqual(judgeOpenings(four, standing({ limits: two })).states, [1, 1, 8, 8]);
});

Deno.test("openings out of order are a mistake of ours", () => {
  assert.throws(() => judgeOpenings([opening(2, 7, 1), opening(1, 7, 1)], standing()), /in their order/);
  const later = opening(1, 7, 1, { openedS: 6 });
  assert.throws(() => judgeOpenings([later, opening(2, 7, 1)], standing()), /in their order/);
  judgeOpenings([opening(2, 7, 1), later], standing());
});

/** Says the same in the plainest way: looks through all that was given so far. */
function oracle(
  openings: readonly Opening[],
  { packetsPerUser, packetsPerSponsor }: SettlementLimits,
): string[] {
  const given: Opening[] = [];
  return [...openings].sort(compareOpenings).map((each) => {
    const mine = given.filter(({ user }) => user === each.user);
    const isOver = mine.length >= packetsPerUser ||
      mine.filter(({ sponsor }) => sponsor === each.sponsor).length >= packetsPerSponsor;
    if (!isOver) given.push(each);
    return `${each.packetId} ${isOver ? "over" : "payable"}`;
  });
}

const openingsOfFew = fc.array(
  fc.record({ user: fc.nat(4), sponsor: fc.nat(3), host: fc.nat(3), openedS: fc.nat(4) }),
  { maxLength: 60 },
).map((drawn) => drawn.map((each, i) => ({ ...each, part: 0, packetId: 100 + i, seq: i, fen: 1 + i })));

Deno.test("any split into batches says what the oracle says, and nobody is over a limit", () => {
  fc.assert(
    fc.property(
      openingsOfFew,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (drawn, packetsPerUser, packetsPerSponsor, sizes) => {
        const limits = { packetsPerUser, packetsPerSponsor };
        const holders = new Map<number, readonly number[]>();
        const said: string[] = [];
        const left = [...drawn].sort(compareOpenings);
        for (let i = 0; left.length > 0; i++) {
          const batch = left.splice(0, sizes[i % sizes.length]);
          const judged = judgeOpenings(batch, standing({ limits, holders }));
          for (const [user, sponsors] of judged.holders) holders.set(user, sponsors);
          for (const [at, state] of judged.states.entries()) {
            said.push(`${batch[at].packetId} ${state === AwardState.queued ? "payable" : "over"}`);
          }
        }
        assert.deepEqual(said, oracle(drawn, limits));
        for (const sponsors of holders.values()) {
          assert.ok(sponsors.length <= packetsPerUser);
          for (const one of sponsors) {
            assert.ok(sponsors.filter((sponsor) => sponsor === one).length <= packetsPerSponsor);
          }
        }
      },
    ),
    { seed: 17, numRuns: 300 },
  );
});
