import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { Waker } from "../../threads/waker.ts";
import { Agenda, type SimActor } from "./agenda.ts";
import { SimNetwork } from "./network.ts";
import { SimEngine } from "./sim.ts";

const PORT = 9_000;

class Actor implements SimActor {
  readonly turnsMs: number[] = [];
  dueMs = Infinity;
  onTurn = () => {};

  constructor(readonly now: () => number) {}

  turn(): void {
    this.turnsMs.push(this.now());
    this.dueMs = Infinity;
    this.onTurn();
  }

  nextDueMs(): number {
    return this.dueMs;
  }
}

function actors(count: number): { agenda: Agenda; all: Actor[]; go: (ms: number) => void } {
  let nowMs = 0;
  const agenda = new Agenda();
  const all = Array.from({ length: count }, () => new Actor(() => nowMs));
  const go = (ms: number) => agenda.turn(nowMs = ms);
  for (const actor of all) agenda.join(actor);
  return { agenda, all, go };
}

Deno.test("an agenda gives each a turn when it is due, as the simplest list would", () => {
  const random = new Random(5);
  const { agenda, all, go } = actors(60);
  const wanted: number[][] = all.map(() => [0]);
  const due = all.map(() => Infinity);
  for (const [i, actor] of all.entries()) {
    actor.onTurn = () => actor.dueMs = due[i] = actor.now() + 1 + random.below(50);
  }
  go(0);
  for (let nowMs = 1; nowMs < 2_000; nowMs++) {
    for (let i = 0; i < 3; i++) {
      const one = random.below(all.length);
      agenda.wake(all[one]);
      due[one] = nowMs;
    }
    due.forEach((ms, i) => ms <= nowMs && wanted[i].push(nowMs));
    go(nowMs);
    equal(agenda.nextMs, Math.min(...due));
  }
  deepEqual(all.map(({ turnsMs }) => turnsMs), wanted);
});

Deno.test("those due at one time have their turns in the order in which they joined, whoever was woken first", () => {
  const { agenda, all, go } = actors(20);
  go(0);
  const order: number[] = [];
  for (const [i, actor] of all.entries()) actor.onTurn = () => order.push(i);
  for (const i of [7, 3, 19, 0, 12]) agenda.wake(all[i]);
  go(1);
  deepEqual(order, [0, 3, 7, 12, 19]);
});

Deno.test("whoever is woken in a step is due in the next one, and one that has left has no turn", () => {
  const { agenda, all: [first, second, third], go } = actors(3);
  go(0);
  first.onTurn = () => {
    agenda.wake(first); // in its own turn it sees for itself
    agenda.wake(second);
    agenda.leave(third);
  };
  agenda.wake(first);
  agenda.wake(third);
  go(1);
  deepEqual([first, second, third].map(({ turnsMs }) => turnsMs), [[0, 1], [0], [0]]);
  equal(agenda.nextMs, -Infinity);
  go(1);
  deepEqual(second.turnsMs, [0, 1]);
  equal(agenda.nextMs, Infinity);
});

Deno.test("whoever dies in a turn takes nobody's turn away", () => {
  const { agenda, all: [first, second, third], go } = actors(3);
  go(0);
  second.onTurn = () => {
    throw new Error("killed");
  };
  agenda.wakeAll();
  throws(() => go(1), /killed/);
  agenda.leave(second);
  go(2);
  deepEqual([first, third].map(({ turnsMs }) => turnsMs), [[0, 1, 2], [0, 2]]);
});

/** A pair that echoes, among others that wait; turns and steps that an exchange of `frames` frames took. */
function costOfEchoes(idle: number, frames: number): { turns: number; steps: number } {
  const network = new SimNetwork(3);
  const makeEngine = (address: number) =>
    new SimEngine({ network, address, capacity: 2, clock: network.clock, waker: new Waker() });
  const actorOf = (engine: SimEngine): SimActor => ({
    turn: () => engine.poll(0),
    nextDueMs: () => engine.nextDueMs(),
  });
  let heard = 0;
  const attach = (engine: SimEngine, isServer: boolean) =>
    engine.attach({
      onWake: () => {},
      onAccept: () => {},
      onConnect: (connection) => say(engine, connection),
      onBytes: (connection) => {
        if (!isServer) heard++;
        if (heard < frames) say(engine, connection);
      },
      onEnd: () => {},
      onDrain: () => {},
      onClose: () => {},
    });
  const say = (engine: SimEngine, connection: number) => {
    const at = engine.reserve(connection, 16);
    engine.commit(connection, 16);
    engine.output.bytes.fill(1, at, at + 16);
  };
  for (let i = 0; i < idle; i++) {
    const engine = makeEngine(100 + i);
    attach(engine, true);
    engine.listen({ kind: "address", hostname: "0.0.0.0", port: PORT + 1 + i });
    network.agenda.join(actorOf(engine));
  }
  const [server, client] = [makeEngine(1), makeEngine(2)];
  attach(server, true);
  attach(client, false);
  server.listen({ kind: "address", hostname: "0.0.0.0", port: PORT });
  network.agenda.join(actorOf(server));
  network.agenda.join(actorOf(client));
  network.step();
  const before = network.agenda.turns;
  client.dial({ address: 1, port: PORT, source: 0 });
  let steps = 0;
  for (; heard < frames; steps++) ok(network.step(), "something happens yet");
  return { turns: network.agenda.turns - before, steps };
}

Deno.test("a step costs what is due in it: 600 who wait cost no turn", () => {
  const alone = costOfEchoes(0, 1_000);
  deepEqual(costOfEchoes(600, 1_000), alone);
  ok(alone.turns < 2 * alone.steps, `${alone.turns} turns in ${alone.steps} steps`);
});
