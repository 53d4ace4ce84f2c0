import { deepEqual, equal, notDeepEqual, ok } from "node:assert/strict";
import { Waker } from "../../threads/waker.ts";
import { type CloseCause, closeCauseName, type EngineHandler } from "../common/engine.ts";
import { SimEngine } from "./sim.ts";
import type { SimActor } from "./agenda.ts";
import { SimNetwork, type SimNetworkOptions } from "./network.ts";

const SERVER = 0x0a00_0001;
const FLEET = 0x0a00_0002;
const PORT = 9_000;
const HOLDER = { knocked: () => {} };

/** An engine that does only what its test says, and writes down what it is told. */
class Host implements EngineHandler, SimActor {
  readonly engine: SimEngine;
  readonly log: string[] = [];
  answer: (connection: number, size: number) => void = () => {};
  ended: (connection: number) => void = (connection) => this.engine.close(connection);
  readonly #network: SimNetwork;

  constructor(network: SimNetwork, address: number, capacity = 16) {
    this.#network = network;
    this.engine = new SimEngine({ network, address, capacity, clock: network.clock, waker: new Waker() });
    this.engine.attach(this);
  }

  turn(): void {
    this.engine.poll(0);
  }

  nextDueMs(): number {
    return this.engine.nextDueMs();
  }

  send(connection: number, size: number): void {
    const at = this.engine.reserve(connection, size);
    if (at < 0) return;
    this.engine.output.bytes.fill(size, at, at + size);
    this.engine.commit(connection, size);
  }

  onWake(): void {}
  onAccept = (connection: number) => this.#note("accept", connection);
  onConnect = (connection: number) => {
    this.#note("connect", connection);
    this.send(connection, 100);
  };
  onBytes = (connection: number, start: number, end: number) => {
    this.#note(`bytes ${end - start}`, connection);
    this.answer(connection, end - start);
  };
  onEnd = (connection: number) => {
    this.#note("end", connection);
    this.ended(connection);
  };
  onDrain = (connection: number) => this.#note("drain", connection);
  onClose = (connection: number, cause: CloseCause) => this.#note(closeCauseName(cause), connection);

  #note(what: string, connection: number): void {
    const { generation } = this.engine;
    this.log.push(`${this.#network.clock.monotonicMs()} ${what} ${connection}.${generation[connection]}`);
  }
}

interface World {
  readonly network: SimNetwork;
  readonly server: Host;
  readonly fleet: Host;
  readonly actors: readonly Host[];
  readonly trace: string[];
}

function makeWorld(seed: number, options: SimNetworkOptions = {}): World {
  const trace: string[] = [];
  const network = new SimNetwork(seed, { trace: (line) => trace.push(line), ...options });
  const server = new Host(network, SERVER);
  const fleet = new Host(network, FLEET);
  server.engine.listen({ kind: "address", hostname: "0.0.0.0", port: PORT });
  return { network, server, fleet, actors: [server, fleet], trace };
}

function dial({ fleet }: World): number {
  return fleet.engine.dial({ address: SERVER, port: PORT, source: 0 });
}

/** Echoes to and fro over a bad network for a virtual second, and tells all that happened. */
function playBadSecond(
  seed: number,
): { trace: string[]; hash: string; told: string[]; endedMs: number } {
  const world = makeWorld(seed, {
    delayMs: [0.1, 20],
    splitProbability: 0.3,
    stallProbability: 0.05,
    resetProbability: 0.02,
  });
  const { network, server, fleet } = world;
  server.answer = (connection, size) => server.send(connection, size);
  fleet.answer = (connection, size) => fleet.send(connection, size);
  for (let i = 0; i < 8; i++) dial(world);
  network.at(500, () => network.clock.stepWall(-3_000));
  network.run(world.actors, () => network.clock.monotonicMs() >= 1_000);
  const told = [...server.log, ...fleet.log];
  return { trace: world.trace, hash: `${network.traceHash}`, told, endedMs: network.clock.monotonicMs() };
}

Deno.test("a run with the same seed is the same in everything, and one with another seed is not", () => {
  const first = playBadSecond(42);
  ok(first.trace.length > 200, `${first.trace.length} things happened`);
  ok(first.told.some((line) => line.includes(" reset ")), "the network has reset somebody");
  deepEqual(playBadSecond(42), first);
  notDeepEqual(playBadSecond(43).trace, first.trace);
});

Deno.test("virtual time goes on only when the driver says so, from event to event", () => {
  const world = makeWorld(1, { delayMs: [8, 8] });
  dial(world);
  for (let i = 0; i < 5; i++) for (const actor of world.actors) actor.engine.poll(10_000);
  equal(world.network.clock.monotonicMs(), 0);
  deepEqual(world.fleet.log, []);
  ok(world.network.run(world.actors, () => world.server.log.length === 2));
  deepEqual(world.fleet.log, ["16 connect 0.0"]);
  deepEqual(world.server.log, ["8 accept 0.0", "24 bytes 100 0.0"]);
});

Deno.test("a run ends when nothing will ever happen again, or beyond its limit", () => {
  const world = makeWorld(1);
  equal(world.network.run(world.actors, () => false), false);
  dial(world);
  equal(world.network.run(world.actors, () => world.server.log.length === 99), false);
  deepEqual(world.fleet.log.map(words), ["connect"]);
  world.server.answer = (connection, size) => world.server.send(connection, size);
  world.fleet.answer = (connection, size) => world.fleet.send(connection, size);
  world.fleet.send(0, 10);
  equal(world.network.run(world.actors, () => false, 50), false);
  ok(world.network.clock.monotonicMs() < 52);
});

Deno.test("a socket takes no more than its bytes, until the other side reads", () => {
  const network = new SimNetwork(3, { socketBytes: 1_000 });
  const listener = network.listen(HOLDER, SERVER, PORT);
  let news = 0;
  const dialer = network.dial({ wake: () => news++ }, FLEET, SERVER, PORT);
  network.advanceTo(100);
  const [acceptor] = listener.backlog;
  equal(dialer.write(new Uint8Array(700)), 700);
  equal(dialer.write(new Uint8Array(700)), 300);
  equal(dialer.write(new Uint8Array(1)), 0);
  network.advanceTo(200);
  const before = news;
  equal(acceptor.read(new Uint8Array(600)), 600);
  equal(acceptor.read(new Uint8Array(600)), 400);
  equal(acceptor.read(new Uint8Array(600)), 0);
  network.advanceTo(300);
  equal(news, before + 1, "the writer is told once that there is room");
  equal(dialer.write(new Uint8Array(2_000)), 1_000);
});

Deno.test("the end comes after the bytes, and bytes for one who left are answered with a reset", () => {
  const network = new SimNetwork(4, { splitProbability: 0.5 });
  const listener = network.listen(HOLDER, 0, PORT);
  const dialer = network.dial({ wake: () => {} }, FLEET, SERVER, PORT);
  network.advanceTo(100);
  const [acceptor] = listener.backlog;
  dialer.write(new Uint8Array(500));
  dialer.end();
  network.advanceTo(200);
  equal(acceptor.isAtEnd, false);
  equal(acceptor.read(new Uint8Array(1_000)), 500);
  equal(acceptor.isAtEnd, true);
  equal(acceptor.write(new Uint8Array(10)), 10);
  network.advanceTo(300);
  equal(dialer.isReset, false);
  dialer.close(); // with 10 bytes unread
  network.advanceTo(400);
  equal(acceptor.isReset, true);
  equal(acceptor.write(new Uint8Array(1)), -1);
});

Deno.test("an end that was left in good order answers later bytes with a reset", () => {
  const network = new SimNetwork(8);
  const listener = network.listen(HOLDER, 0, PORT);
  const dialer = network.dial({ wake: () => {} }, FLEET, SERVER, PORT);
  network.advanceTo(100);
  const [acceptor] = listener.backlog;
  acceptor.close();
  network.advanceTo(200);
  equal(dialer.isAtEnd, true);
  equal(dialer.isReset, false);
  dialer.write(new Uint8Array(10));
  network.advanceTo(300);
  equal(dialer.isReset, true);
});

Deno.test("a full backlog is tried again as a kernel does, and then given up", () => {
  const world = makeWorld(5, { backlog: 1 });
  dial(world);
  dial(world);
  // The server never takes anybody.
  const { network, fleet } = world;
  ok(network.run([fleet], () => fleet.log.length === 2));
  deepEqual(fleet.log.map(words), ["connect", "timeout"]);
  const waitedMs = network.clock.monotonicMs();
  ok(waitedMs > 63_000 && waitedMs < 64_000, `given up after ${waitedMs} ms`);
});

Deno.test("ports between two addresses run out, and come back", () => {
  const world = makeWorld(6, { portsPerPair: 2 });
  const { network, fleet } = world;
  for (let i = 0; i < 3; i++) dial(world);
  ok(network.run(world.actors, () => fleet.log.length === 3));
  deepEqual(fleet.log.map(words).toSorted(), ["connect", "connect", "noPort"]);
  fleet.engine.abort(0);
  ok(network.run(world.actors, () => fleet.log.length === 4));
  dial(world);
  ok(network.run(world.actors, () => fleet.log.length === 5));
  equal(words(fleet.log[4]), "connect");
});

Deno.test("a listening socket is shared by those who open it again, and closed by the last of them", () => {
  const network = new SimNetwork(7);
  const listener = network.listen(HOLDER, SERVER, PORT);
  const other = { knocked: () => {} };
  equal(network.listen(other, SERVER, PORT), listener);
  ok(network.listen(HOLDER, FLEET, PORT) !== listener);
  network.unlisten(other, listener);
  equal(network.listen(HOLDER, SERVER, PORT), listener);
  network.unlisten(HOLDER, listener);
  ok(network.listen(HOLDER, SERVER, PORT) !== listener);
  ok(network.listen(HOLDER, 0, 0).port !== network.listen(HOLDER, 0, 0).port);
});

/** What a line of a host's log tells, without time and connection. */
function words(line: string): string {
  return line.split(" ").slice(1, -1).join(" ");
}
