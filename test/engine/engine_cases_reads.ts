/** Conformance cases: reading less than comes, as `core/engine/common/read_control.ts` says it. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { LEAVE_MS, type ReadControl, REST_MS, SWEEP_SHARE } from "../../core/engine/common/read_control.ts";
import type { Case } from "./engine_cases.ts";
import { checkPattern, isPattern, received } from "./engine_cases_bytes.ts";
import { ascii, type Harness, pattern } from "./engine_harness.ts";

const PEERS = 12;
const BUDGET = 2;
/** Longer than a simulated network holds anything up. */
const DELIVERY_MS = 40;
/** More passes than an engine needs to get to know that its budget is lifted, and fewer than the budget would take. */
const FEW_PASSES = 3;

const needs = "readLess";
const manyPeers = { serverCapacity: PEERS, clientCapacity: PEERS };

export const readCases: readonly Case[] = [
  {
    name: "reads at most its budget in a pass, and from everybody in the end",
    run: holdsBudget,
    needs,
    pair: manyPeers,
  },
  { name: "goes on at once when its budget is lifted", run: resumesAtOnce, needs, pair: manyPeers },
  { name: "keeps every byte in order while budgets come and go", run: keepsOrder, needs },
  { name: "says when what it reads was left, and what is new", run: tellsAges, needs, pair: manyPeers },
  {
    name: "reads what was left too long beside what is new",
    run: sweepsOld,
    needs,
    pair: manyPeers,
  },
  { name: "takes peers and answers them within a budget", run: servesNewPeers, needs },
  { name: "tells the end of a connection that is left unread", run: tellsEndOfLeft, needs },
  { name: "leaves a connection in peace that is to rest, and then reads on", run: restsForAWhile, needs },
  { name: "leaves in the kernel what a resting connection sends, within bounds", run: restsForGood, needs },
  { name: "tells the reset of a connection that rests", run: tellsResetOfResting, needs: [needs, "reset"] },
  { name: "closes connections that rest", run: closesResting, needs },
];

function readsOf(h: Harness): ReadControl {
  const { reads } = h.server.engine;
  ok(reads !== undefined, "the engine can read less");
  return reads;
}

/** So many connections, by their numbers on both sides. */
async function connectAll(h: Harness, count: number): Promise<{ client: number; server: number }[]> {
  h.listen();
  const ups = [];
  for (let i = 0; i < count; i++) ups.push(await h.connect());
  return ups;
}

/** What the client has committed reaches the server's kernel. */
async function deliver(h: Harness): Promise<void> {
  for (let i = 0; i < 3; i++) await h.turnAlone(h.client);
  h.pair.passTime(DELIVERY_MS);
}

/** One pass of the server, which may wait if nothing is there. @returns how often it was told of bytes */
async function pass(h: Harness): Promise<number> {
  const before = h.server.recorder.count("bytes");
  await h.server.poll(1);
  h.pair.goOn?.();
  return h.server.recorder.count("bytes") - before;
}

/** Passes until everybody who sent something was heard, or is known to be left unread. @returns how many it took */
async function untilKnown(h: Harness, heard: () => number, all: number): Promise<number> {
  let passes = 0;
  await h.until(() => heard() + readsOf(h).unread >= all, "all are heard or left", async () => {
    await pass(h);
    passes++;
  });
  return passes;
}

async function holdsBudget(h: Harness): Promise<void> {
  const ups = await connectAll(h, PEERS);
  const reads = readsOf(h);
  reads.budget = BUDGET;
  let [most, mostUnread] = [0, 0];
  const turn = async () => {
    await h.turnAlone(h.client);
    most = Math.max(most, await pass(h));
    mostUnread = Math.max(mostUnread, reads.unread);
  };
  for (let round = 1; round <= 3; round++) {
    for (const { client } of ups) h.client.send(client, pattern(1, round - 1));
    await deliver(h);
    await h.until(() => h.server.recorder.count("bytes") === PEERS * round, "all are heard", turn);
  }
  ok(most <= BUDGET, `${most} are read in a pass`);
  ok(mostUnread > 0 && h.server.engine.stats.leftUnread > 0, "some were left unread meanwhile");
  equal(reads.unread, 0);
  for (const { server } of ups) {
    ok(isPattern(received(h.server, server)) && received(h.server, server).length === 3);
  }
}

async function resumesAtOnce(h: Harness): Promise<void> {
  const ups = await connectAll(h, PEERS);
  const reads = readsOf(h);
  reads.budget = 1;
  for (const { client } of ups) h.client.send(client, ascii("a"));
  await deliver(h);
  await untilKnown(h, () => h.server.recorder.count("bytes"), PEERS);
  ok(reads.unread > FEW_PASSES, `more are unread than the budget reads meanwhile, ${reads.unread}`);
  reads.budget = Infinity;
  for (let i = 0; i < FEW_PASSES; i++) await pass(h);
  equal(h.server.recorder.count("bytes"), PEERS, "all are heard");
  equal(reads.unread, 0);
  for (const letter of ["b", "c"]) {
    for (const { client } of ups) h.client.send(client, ascii(letter));
    await deliver(h);
    await h.until(
      () => ups.every(({ server }) => received(h.server, server).at(-1) === letter.charCodeAt(0)),
      letter,
    );
  }
  equal(h.server.recorder.count("bytes"), PEERS * 3, "each is told once");
}

async function keepsOrder(h: Harness): Promise<void> {
  const ups = await connectAll(h, 5);
  const reads = readsOf(h);
  const total = 60_000;
  const sent = ups.map(() => 0);
  let turns = 0;
  const turn = async () => {
    // Every few passes another budget, also while receives are being armed or ended for the one before.
    reads.budget = [Infinity, 1, 1, 3, Infinity, 2][turns++ % 6];
    for (const [i, { client }] of ups.entries()) {
      const size = Math.min([1, 16, 300, 5_000][(turns + i) % 4], total - sent[i]);
      if (size > 0 && h.client.send(client, pattern(size, sent[i]))) sent[i] += size;
    }
    await h.turnAlone(h.client);
    for (let i = 0; i <= turns % 3; i++) await pass(h);
    // Now and then long enough that an engine goes back to how it reads without a budget.
    if (turns % 5 === 0) h.pair.passTime(3 * LEAVE_MS);
  };
  const isComplete = () => ups.every(({ server }) => received(h.server, server).length === total);
  await h.until(isComplete, "all has come", turn);
  for (const { server } of ups) ok(isPattern(received(h.server, server)), "every byte is in its place");
}

/** What the server was told of one read. */
interface Read {
  readonly connection: number;
  readonly size: number;
  readonly sinceMs: number;
  readonly leftMs: number;
  readonly lastLeftMs: number;
}

function recordReads(h: Harness): Read[] {
  const seen: Read[] = [];
  const reads = readsOf(h);
  h.server.recorder.then.onBytes = (connection, start, end) => {
    const { sinceMs, leftMs, lastLeftMs } = reads;
    seen.push({ connection, size: end - start, sinceMs, leftMs, lastLeftMs });
  };
  return seen;
}

async function tellsAges(h: Harness): Promise<void> {
  const ups = await connectAll(h, PEERS);
  const { clock } = h.pair;
  const reads = readsOf(h);
  clock.advance(1_000);
  reads.budget = 1;
  // Once round, so that the engine knows its budget.
  for (const { client } of ups) h.client.send(client, ascii("-"));
  await h.until(() => h.server.recorder.count("bytes") === PEERS && reads.unread === 0, "all are heard once");
  await h.turns(2);
  const seen = recordReads(h);
  const quietMs = clock.monotonicMs();
  await pass(h); // which finds nothing

  h.pair.passTime(10);
  const sentMs = clock.monotonicMs();
  for (const { client } of ups) h.client.send(client, ascii("a"));
  await deliver(h);
  const passes = await untilKnown(h, () => seen.length, PEERS);
  const leftMs = clock.monotonicMs();
  const [first] = seen;
  ok(
    first.sinceMs >= quietMs && first.sinceMs <= leftMs,
    "it came after the pass before, which found no more",
  );
  if (passes === 1) {
    ok(first.sinceMs <= sentMs, "and what a first pass finds may be as old as what it was sent");
  }
  deepEqual([first.leftMs, first.lastLeftMs], [0, 0], "nothing of it was left");

  // The one that was left first sends again: what it has is old, but for the last.
  const isHeard = new Set(seen.map(({ connection }) => connection));
  const again = ups.find(({ server }) => !isHeard.has(server))!;
  h.pair.passTime(10);
  h.client.send(again.client, ascii("b"));
  await deliver(h);
  const readOfAgain = () => seen.find(({ connection }) => connection === again.server);
  await h.until(() => readOfAgain() !== undefined, "what is new is read", async () => void await pass(h));
  const mixed = readOfAgain()!;
  deepEqual([mixed.size, mixed.lastLeftMs], [2, 0]);
  ok(mixed.leftMs >= quietMs && mixed.leftMs <= leftMs, "it was left when the budget was used up");
  ok(mixed.sinceMs >= mixed.leftMs, "the last of it came later");

  // Nothing new: those who are left have the budget.
  const known = seen.length;
  await h.until(() => seen.length === PEERS, "all are heard", async () => void await pass(h));
  ok(known < PEERS, "some were left until then");
  for (const { leftMs: thenMs, lastLeftMs, size } of seen.slice(known)) {
    equal(size, 1);
    equal(thenMs, lastLeftMs, "nothing of it is new");
    ok(thenMs >= quietMs && thenMs <= leftMs);
  }
}

async function sweepsOld(h: Harness): Promise<void> {
  const ups = await connectAll(h, PEERS);
  const reads = readsOf(h);
  reads.budget = BUDGET;
  for (const { client } of ups) h.client.send(client, ascii("-"));
  await h.until(() => h.server.recorder.count("bytes") === PEERS && reads.unread === 0, "all are heard once");
  const loud = ups.slice(0, 2 * BUDGET);
  const quiet = ups.slice(2 * BUDGET);
  for (const { client } of quiet) h.client.send(client, ascii("q"));
  await deliver(h);
  await untilKnown(h, () => h.server.recorder.count("bytes") - PEERS, quiet.length);
  ok(reads.unread > 0, "some are left");
  const seen = recordReads(h);
  h.pair.passTime(LEAVE_MS);
  const nowMs = h.pair.clock.monotonicMs();
  let most = 0;
  const isLoud = new Set(loud.map(({ server }) => server));
  const heard = () => seen.filter(({ connection }) => !isLoud.has(connection)).length;
  const wanted = reads.unread;
  const turn = async () => {
    // More than the budget is new in every pass.
    for (const { client } of loud) h.client.send(client, ascii("l"));
    await h.turnAlone(h.client);
    most = Math.max(most, await pass(h));
  };
  await h.until(() => heard() === wanted, "everybody who was left", turn);
  const bound = BUDGET + Math.ceil(BUDGET * SWEEP_SHARE);
  ok(most <= bound, `${most} are read in a pass, with those over their time`);
  for (const { connection, leftMs, lastLeftMs } of seen) {
    if (isLoud.has(connection)) continue;
    ok(leftMs > 0 && leftMs === lastLeftMs && leftMs + LEAVE_MS <= nowMs, "it was left for its time");
  }
}

async function servesNewPeers(h: Harness): Promise<void> {
  const reads = readsOf(h);
  reads.budget = 1;
  const { server } = h;
  server.recorder.then.onBytes = (connection, start, end) => {
    ok(server.send(connection, server.engine.input.bytes.slice(start, end)));
  };
  const ups = await connectAll(h, 6);
  for (const { client } of ups) h.client.send(client, ascii("hello"));
  const isAnswered = () => ups.every(({ client }) => received(h.client, client).length === 5);
  await h.until(isAnswered, "all are answered");
}

async function tellsEndOfLeft(h: Harness): Promise<void> {
  const ups = await connectAll(h, 6);
  const reads = readsOf(h);
  const { server, client } = h;
  server.recorder.then.onEnd = (connection) => server.close(connection);
  reads.budget = 1;
  for (const up of ups) client.send(up.client, ascii("-"));
  await h.until(() => server.recorder.count("bytes") === 6 && reads.unread === 0, "all are heard once");
  for (const up of ups) client.send(up.client, ascii("last words"));
  await deliver(h);
  await untilKnown(h, () => server.recorder.count("bytes") - 6, 6);
  ok(reads.unread > 0, "some are left");
  for (const up of ups) client.close(up.client);
  await h.until(() => server.recorder.count("close") === 6, "all ends are told");
  equal(reads.unread, 0);
  // Nobody's last words are lost for that.
  const heard = server.recorder.seen.filter(({ kind }) => kind === "bytes");
  for (const up of ups) ok(heard.filter(({ connection }) => connection === up.server).length >= 2);
}

async function restsForAWhile(h: Harness): Promise<void> {
  const [up, other] = await connectAll(h, 2);
  const reads = readsOf(h);
  const { server } = h;
  let rests = 1;
  server.recorder.then.onBytes = (connection) => {
    if (connection === up.server && rests-- > 0) reads.rest(connection);
  };
  h.client.send(up.client, pattern(1));
  await h.until(() => received(server, up.server).length === 1, "it is heard and told to rest");
  equal(reads.unread, 1);
  let sent = 1;
  for (; sent < 4; sent++) {
    h.client.send(up.client, pattern(1, sent));
    await h.turn();
  }
  h.client.send(other.client, ascii("and me?"));
  await h.until(() => received(server, other.server).length === 7, "another one is heard meanwhile");
  equal(received(server, up.server).length, 1, "it is left in peace");
  h.pair.passTime(REST_MS);
  await h.until(() => received(server, up.server).length === sent, "then all of it is read");
  equal(reads.unread, 0);
  for (; sent < 110; sent++) {
    h.client.send(up.client, pattern(1, sent));
    await h.until(() => received(server, up.server).length === sent + 1, "and what follows");
  }
  ok(isPattern(received(server, up.server)), "every byte is in its place");
}

async function restsForGood(h: Harness): Promise<void> {
  const [up] = await connectAll(h, 1);
  const reads = readsOf(h);
  const checked = checkPattern(h.server);
  reads.rest(up.server, true);
  await h.turns(2);
  let sent = 0;
  for (let stuck = 0; stuck < 8; stuck++) {
    while (h.client.send(up.client, pattern(8_000, sent))) {
      sent += 8_000;
      stuck = 0;
    }
    await h.turn();
    h.pair.passTime(REST_MS);
  }
  equal(checked.size, 0, "nothing is read, however long it rests");
  equal(reads.unread, 1);
  ok(h.client.engine.queuedBytes(up.client) > 0, "its sender notices");
}

async function tellsResetOfResting(h: Harness): Promise<void> {
  const [up] = await connectAll(h, 1);
  const reads = readsOf(h);
  reads.rest(up.server, true);
  await h.turns(2);
  h.client.send(up.client, pattern(20_000));
  await deliver(h);
  await h.turns(2);
  h.client.abort(up.client);
  await h.until(() => h.server.recorder.count("close") === 1, "its end is told");
  equal(reads.unread, 0);
}

async function closesResting(h: Harness): Promise<void> {
  const ups = await connectAll(h, 4);
  const reads = readsOf(h);
  const { server, client } = h;
  client.recorder.then.onEnd = (connection) => client.close(connection);
  for (const up of ups) client.send(up.client, ascii("x"));
  server.recorder.then.onBytes = (connection) => reads.rest(connection);
  await h.until(() => server.recorder.count("bytes") === 4, "all rest");
  server.close(ups[0].server);
  server.abort(ups[1].server);
  await h.turns(2);
  server.close(ups[2].server);
  server.abort(ups[3].server);
  h.pair.passTime(REST_MS);
  await h.until(() => server.recorder.count("close") === 4, "all are closed");
  await h.until(() => client.recorder.count("close") === 4, "and their peers know");
  equal(reads.unread, 0);
  equal(server.engine.used, 0);
}
