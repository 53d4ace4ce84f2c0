/** Which shake an answer is booked to, in both versions, whatever a server drops, delays or makes up. */
import assert from "node:assert/strict";
import { award, type ShakeReply } from "../../../test/sim/fake_server.ts";
import { assertSums, World, type WorldOptions } from "../../../test/sim/fleet_world.ts";
import { Histogram } from "../../counters/histogram.ts";
import { Random } from "../../base/random.ts";
import { ShakeResult } from "../../wire/codes.ts";

const VERSIONS = [0, 1] as const;
const PROMPT_US = 5_000;

/** How many latencies are at most so long. */
function countUpTo(latency: Histogram, us: number): number {
  let count = 0;
  for (let percent = 0.01; percent <= 100; percent += 0.01) {
    if (latency.percentile(percent) > us) break;
    count = percent;
  }
  return Math.round(latency.count * count / 100);
}

function since(world: World, before: Histogram): Histogram {
  const grown = new Histogram();
  const { buckets } = world.latency();
  return grown.add(Array.from(buckets, (count, i): [number, number] => [i, count - before.buckets[i]]));
}

for (const protocol of VERSIONS) {
  Deno.test(`a server that answers nobody for a second is fine again 9 s later, as version ${protocol} sees it`, () => {
    let isSilent = false;
    const world = new World({
      users: 2_000,
      qps: 1_000,
      behaviour: { shake: () => isSilent ? undefined : ShakeResult.nothing },
      fleet: { protocol },
    });
    world.pass(5_000);
    isSilent = true;
    world.pass(1_000);
    isSilent = false;
    world.pass(9_000);
    const [before, latencyBefore] = [world.all, world.latency()];
    world.pass(20_000);
    const inTime = world.total("shakesInTime") - before.shakesInTime;
    assert.ok(inTime >= 0.99 * (world.total("shakesDue") - before.shakesDue), `${inTime} in time`);
    const latency = since(world, latencyBefore);
    assert.ok(latency.max < 10_000, `${latency.max} us`);
    assert.equal(world.total("shakesGivenUp"), 1_000);
    assert.equal(world.total("latenciesUnknown"), protocol === 0 ? 1_000 : 0);
    assertSums(world);
  });

  Deno.test(`version ${protocol}: drops at any of eight positions spoil no other shake's latency`, () => {
    for (let mask = 1; mask < 256; mask++) {
      let [shakes, drops] = [0, 0];
      const world = new World({
        users: 1,
        qps: 2,
        behaviour: {
          shake: () => (mask / 2 ** shakes++ & 1) === 1 ? void drops++ : ShakeResult.nothing,
        },
        fleet: { protocol, patienceMs: 1_000 },
      });
      world.pass(14_000);
      world.fleet.obey({ order: "rate", qps: 0 });
      world.pass(4_000);
      const { shakesSent, shakesAnswered, shakesGivenUp, latenciesUnknown } = world.all;
      const name = `mask ${mask.toString(2)}`;
      assert.deepEqual([shakesGivenUp, shakesAnswered], [drops, shakesSent - drops], name);
      assert.ok(world.latency().max < PROMPT_US, `${name}: ${world.latency().max} us`);
      assert.ok(latenciesUnknown <= (protocol === 0 ? drops : 0), name);
      assertSums(world);
    }
  });

  for (const afterMs of [1_200, 1_700, 3_100, 7_000]) {
    Deno.test(`version ${protocol}: answers that take ${afterMs} ms with a patience of a second are late, all of them`, () => {
      const world = new World({
        users: 40,
        qps: 50,
        behaviour: { shake: () => ({ afterMs }) },
        fleet: { protocol, patienceMs: 1_000 },
      });
      world.pass(40_000);
      world.fleet.obey({ order: "rate", qps: 0 });
      world.pass(15_000);
      const { shakesSent, shakesInTime, shakesAnswered, answersLate, answersUnasked } = world.all;
      assert.equal(shakesInTime, 0, "what took longer than a second wasn't in time");
      assert.equal(answersLate + shakesAnswered + answersUnasked, shakesSent);
      if (protocol === 1) assert.deepEqual([answersLate, shakesAnswered], [shakesSent, 0]);
      assertSums(world);
    });
  }
}

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`version 1: any mixture of drops and delays gives each shake its own latency (seed ${seed})`, () => {
    const random = new Random(seed);
    const sent = { prompt: 0, slow: 0, late: 0, dropped: 0 };
    const behaviour: WorldOptions["behaviour"] = {
      shake(): ShakeReply | undefined {
        const kind = random.below(10);
        if (kind === 0) return void sent.dropped++;
        if (kind === 1) sent.late++;
        else if (kind < 5) sent.slow++;
        else sent.prompt++;
        return { afterMs: kind === 1 ? 3_000 : kind < 5 ? 400 : 0 };
      },
    };
    const world = new World({
      seed,
      users: 30,
      qps: 150,
      behaviour,
      fleet: { protocol: 1, patienceMs: 1_500 },
    });
    world.pass(20_000);
    world.fleet.obey({ order: "rate", qps: 0 });
    world.pass(10_000);
    const latency = world.latency();
    assert.equal(countUpTo(latency, PROMPT_US), sent.prompt);
    assert.equal(latency.count, sent.prompt + sent.slow);
    assert.ok(latency.max < 420_000);
    assert.equal(world.total("shakesGivenUp"), sent.dropped + sent.late);
    assert.equal(world.total("answersLate"), sent.late);
    assert.equal(world.total("answersUnasked"), 0);
    assertSums(world);
  });

  Deno.test(`version 0: drops and delays at random leave latencies out and never make one up (seed ${seed})`, () => {
    const random = new Random(seed);
    const behaviour: WorldOptions["behaviour"] = {
      shake: () => random.below(10) === 0 ? undefined : { afterMs: random.below(10) < 3 ? 400 : 0 },
    };
    const world = new World({
      seed,
      users: 30,
      qps: 60,
      behaviour,
      fleet: { protocol: 0, patienceMs: 1_500 },
    });
    world.pass(60_000);
    const latency = world.latency();
    const prompt = countUpTo(latency, PROMPT_US);
    assert.ok(latency.max < 420_000 && prompt > 0.5 * latency.count && prompt < 0.9 * latency.count);
    const { shakesSent, shakesAnswered, latenciesUnknown, answersUnasked } = world.all;
    assert.ok(shakesAnswered > 0.85 * shakesSent && shakesAnswered < 0.95 * shakesSent);
    assert.ok(latenciesUnknown > 0 && latenciesUnknown <= world.total("shakesGivenUp"));
    assert.equal(answersUnasked, 0);
    assertSums(world);
  });
}

Deno.test("version 1: answers with a request id that nobody sent, and second answers, answer nothing", () => {
  const made: ShakeReply[] = [{ requestId: 0xdead_beef }, {}, {}];
  const world = new World({ users: 5, qps: 10, behaviour: { shake: () => made }, fleet: { protocol: 1 } });
  world.pass(5_000);
  world.fleet.obey({ order: "rate", qps: 0 });
  world.pass(100);
  const { shakesSent, shakesAnswered, answersUnasked, answersLate } = world.all;
  assert.equal(shakesAnswered, shakesSent);
  assert.equal(answersUnasked + answersLate, 2 * shakesSent);
  assert.ok(world.latency().max < PROMPT_US);
  assertSums(world);
});

Deno.test("version 1: a winner's answer that comes after a later shake's is the winner's own", () => {
  let shakes = 0;
  const world = new World({
    users: 1,
    qps: 10,
    behaviour: { shake: () => shakes++ === 0 ? { packetId: 9, amountFen: 5, afterMs: 350 } : {} },
    fleet: { protocol: 1 },
  });
  world.runUntil(() => world.total("shakesWon") === 1);
  const latency = world.latency();
  assert.equal(countUpTo(latency, PROMPT_US), latency.count - 1);
  assert.ok(latency.max >= 350_000 && latency.max < 375_000);
});

for (const protocol of VERSIONS) {
  Deno.test(`version ${protocol}: an award that comes after its shake was given up is late, and its money counts`, () => {
    let shakes = 0;
    const world = new World({
      users: 1,
      qps: 1,
      behaviour: { shake: () => shakes++ === 0 ? { packetId: 9, amountFen: 5, afterMs: 1_300 } : undefined },
      fleet: { protocol, patienceMs: 1_000 },
    });
    world.runUntil(() => world.total("shakesSent") === 1);
    world.fleet.obey({ order: "rate", qps: 0 });
    world.pass(8_000);
    const { shakesWon, awardsLate, answersLate, amountWonFen } = world.all;
    assert.deepEqual([shakesWon, awardsLate, answersLate, amountWonFen], [0, 1, 1, 5]);
    assert.equal(world.latency().count, 0);
    assertSums(world);
  });
}

Deno.test("version 0: what a server tells of after another login gives no shake a latency", () => {
  let isSilent = true;
  const world = new World({
    users: 1,
    qps: 4,
    behaviour: {
      shake: () => isSilent ? undefined : { afterMs: 200 },
      afterLogin: () => isSilent ? undefined : award(0, 7, 100),
    },
    fleet: { backoff: { baseMs: 1, capMs: 1 } },
  });
  world.runUntil(() => world.total("shakesOutstanding") === 1);
  world.stopServer();
  isSilent = false;
  world.startServer();
  world.runUntil(() => world.total("shakesAnswered") >= 4);
  assert.equal(world.total("amountWonFen"), 100);
  assert.ok(countUpTo(world.latency(), 150_000) === 0, "every answer took 200 ms");
  assertSums(world);
});
