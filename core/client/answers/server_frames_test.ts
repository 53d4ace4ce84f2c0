import assert from "node:assert/strict";
import {
  award,
  type Behaviour,
  inTurn,
  loginResponse,
  notice,
  shakeResponse,
} from "../../../test/sim/fake_server.ts";
import { assertSums, World } from "../../../test/sim/fleet_world.ts";
import { Mailbox, mailboxBytes } from "../../threads/mailbox.ts";
import { ShakeResult } from "../../wire/codes.ts";
import { DEFAULT_BEHAVIOUR } from "../population/behaviour.ts";
import { awardLines, AwardLog } from "../state/award_log.ts";

Deno.test("every kind of answer is counted, and a packet once", () => {
  const answers = [
    ShakeResult.nothing,
    ShakeResult.allGone,
    ShakeResult.overloaded,
    { packetId: 5, amountFen: 1234 },
    { packetId: 6, amountFen: 1 },
  ];
  let shakes = 0;
  const mailbox = new Mailbox(new SharedArrayBuffer(mailboxBytes(8192)));
  const world = new World({
    users: 1,
    qps: 5,
    behaviour: { shake: () => answers[shakes++] ?? ShakeResult.nothing },
    fleet: { awards: new AwardLog(mailbox) },
  });
  world.runUntil(() => world.total("shakesAnswered") === 10);
  const { shakesNothing, shakesAllGone, shakesOverloaded, shakesWon, amountWonFen } = world.all;
  assert.deepEqual(
    { shakesNothing, shakesAllGone, shakesOverloaded, shakesWon, amountWonFen },
    { shakesNothing: 6, shakesAllGone: 1, shakesOverloaded: 1, shakesWon: 2, amountWonFen: 1235 },
  );
  world.pass(10);
  let lines = "";
  mailbox.drain((_kind, _set, _plugin, words, at, count) => lines += awardLines(words, at, count));
  assert.match(lines, /^0,5,1234,shake,\d+\n0,6,1,shake,\d+\n$/);
});

Deno.test("what a server repeats after a login counts once; what it tells of late counts too", () => {
  const world = new World({
    users: 2,
    qps: 2,
    behaviour: {
      shake: (userId) => userId === 0 ? { packetId: 5, amountFen: 100 } : ShakeResult.nothing,
      afterLogin: (userId) => userId === 0 ? award(0, 5, 100) : award(1, 9, 50),
    },
  });
  world.runUntil(() => world.total("usersReady") === 2 && world.total("awardsLate") === 2);
  assert.equal(world.total("amountWonFen"), 150, "both were news to the fleet, beside any shake");
  world.stopServer();
  world.pass(500);
  world.startServer();
  world.runUntil(() => world.total("usersReady") === 2, 30_000);
  world.pass(100);
  assert.equal(world.total("amountWonFen"), 150);
  assert.ok(world.total("awardsRepeated") >= 2);
  assert.equal(world.total("awardsDouble"), 0);
});

Deno.test("a packet given to two users is found out", () => {
  const world = new World({ users: 2, qps: 2, behaviour: { shake: () => ({ packetId: 7, amountFen: 10 }) } });
  world.pass(1_500);
  assert.equal(world.total("awardsDouble"), 1);
});

Deno.test("notices are answered with claims, and each share counts once", () => {
  const behaviour: Behaviour = {
    afterLogin: (userId) => inTurn(notice(userId, 77, 900), notice(userId, 78, 900), notice(userId, 77, 900)),
    claim: (_userId, packetId) => packetId === 77 ? 300 : 0,
  };
  const world = new World({ users: 3, qps: 0, behaviour });
  world.pass(1_000);
  const { noticesReceived, claimsSent, claimsPaid, claimsEmpty, amountClaimedFen, awardsRepeated } =
    world.all;
  assert.deepEqual(
    { noticesReceived, claimsSent, claimsPaid, claimsEmpty, amountClaimedFen, awardsRepeated },
    {
      noticesReceived: 9,
      claimsSent: 9,
      claimsPaid: 3,
      claimsEmpty: 3,
      amountClaimedFen: 900,
      awardsRepeated: 3,
    },
  );
  const silent = new World({
    users: 3,
    qps: 0,
    behaviour,
    fleet: { behaviour: { ...DEFAULT_BEHAVIOUR, claimPercent: 0 } },
  });
  silent.pass(1_000);
  assert.deepEqual([silent.total("noticesReceived"), silent.server.claims.length], [9, 0]);
});

const header = (length: number, opcode: number) => (view: DataView, at: number) => {
  view.setUint32(at, (length << 16) | opcode);
  return 12;
};
const OFFENCES: readonly [metric: string, behaviour: Behaviour][] = [
  ["badFramesTooShort", { afterLogin: () => header(12, 3) }],
  ["badFramesTooLong", { afterLogin: () => header(60, 3) }],
  ["badFramesUnknown", { afterLogin: () => header(16, 999) }],
  ["badFramesUnknown", { afterLogin: (user) => shakeResponse(user, 3) }],
  ["badFramesUnknown", { afterLogin: (user) => award(user, 0, 100) }],
  ["badFramesUnexpected", { afterLogin: (user) => loginResponse(user) }],
  ["badFramesUnexpected", { instead: (user) => shakeResponse(user, ShakeResult.nothing) }],
  ["badFramesWrongUser", { instead: (user) => loginResponse(user + 1) }],
  ["badFramesWrongUser", { afterLogin: (user) => shakeResponse(user + 1, ShakeResult.nothing) }],
  ["loginsRefused", { instead: (user) => loginResponse(user, 3) }],
];

for (const [i, [metric, behaviour]] of OFFENCES.entries()) {
  Deno.test(`a server's offence ${i + 1}, ${metric}, closes that one connection and is counted`, () => {
    const offends = (user: number) => user === 0;
    const world = new World({
      users: 3,
      qps: 0,
      behaviour: {
        instead: (user) => offends(user) ? behaviour.instead?.(user) : undefined,
        afterLogin: (user, connection) =>
          offends(user) ? behaviour.afterLogin?.(user, connection) : undefined,
      },
    });
    world.runUntil(() => world.total(metric) === 1);
    world.runUntil(() => world.total("disconnects") === 1);
    world.runUntil(() => world.total(metric) === 3, 60_000); // they try again, and it happens again
    assert.equal(world.total("connects"), world.total("disconnects") + world.total("usersConnected"));
    assert.ok(world.server.logins.filter((user) => user !== 0).length === 2, "the others stay");
    assertSums(world);
  });
}
