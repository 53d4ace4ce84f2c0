/** Conformance cases: how connections end. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { LINGER_MS } from "../../core/engine/common/engine.ts";
import { nextTurn } from "../../core/base/event_loop.ts";
import type { Case } from "./engine_cases.ts";
import { checkPattern, fill, isPattern, received } from "./engine_cases_bytes.ts";
import { ascii, type Harness, pattern, text } from "./engine_harness.ts";

export const closeCases: readonly Case[] = [
  { name: "closes in good order on both sides", run: closes },
  { name: "closes in good order when both sides do at once", run: closesBoth },
  { name: "still sends to a peer that has ended", run: halfCloses },
  { name: "delivers on close everything committed before", run: deliversOnClose },
  { name: "delivers on close everything that a slow reader left waiting", run: deliversQueueOnClose },
  { name: "tells no bytes that come after close", run: dropsLateBytes },
  { name: "takes calls on a closing connection without harm", run: toleratesLateCalls },
  {
    name: "waits no longer than the linger time for a peer that never ends",
    run: stopsLingering,
    pair: { serverCapacity: 1 },
  },
  { name: "waits no longer than the linger time for a peer that never reads", run: givesUpOnDeafPeer },
  { name: "ends at once on abort, once", run: aborts },
  { name: "tells the peer of an abort as a reset", run: resets, needs: "reset" },
  {
    name: "gives a number on at once after a reset, and no bytes with it",
    run: reusesNumber,
    needs: "reset",
    pair: { serverCapacity: 1 },
  },
  { name: "closes a dial under way, once", run: closesDial },
  { name: "tells that nobody listens, and redials in a later pass", run: isRefused },
  { name: "frees the port when it is shut down with everyone connected", run: shutsDown },
];

async function closes(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  h.client.close(up.client);
  await h.until(() => h.server.recorder.count("end") === 1, "the server sees the end");
  equal(h.server.recorder.count("close"), 0);
  h.server.close(up.server);
  await bothClosed(h);
  deepEqual(h.server.recorder.causes, ["closed"]);
  deepEqual(h.client.recorder.causes, ["closed"]);
  equal(h.server.engine.used + h.client.engine.used, 0);
}

async function closesBoth(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  h.client.close(up.client);
  h.server.close(up.server);
  await bothClosed(h);
  await h.turns(3);
  deepEqual(h.server.recorder.causes, ["closed"]);
  deepEqual(h.client.recorder.causes, ["closed"]);
}

async function halfCloses(h: Harness): Promise<void> {
  h.listen();
  const { server } = h;
  const peer = await h.pair.dialRaw(h.port);
  peer.startReading();
  peer.send(ascii("request"));
  peer.end();
  await h.until(() => server.recorder.count("end") === 1, "the server sees the end");
  const { connection } = server.recorder.seen[0];
  equal(text(received(server, connection)), "request");
  await h.turns(3);
  equal(server.recorder.count("end"), 1, "the end comes once");
  ok(server.send(connection, ascii("late ")));
  await h.turns(3);
  ok(server.send(connection, ascii("reply")));
  server.close(connection);
  const turn = async () => {
    await h.turn();
    await nextTurn(); // the plain peer reads through the runtime
  };
  await h.until(() => peer.hasEnded && server.recorder.count("close") === 1, "both are done", turn);
  equal(text(peer.received), "late reply");
  deepEqual(server.recorder.causes, ["closed"]);
  peer.close();
}

async function deliversOnClose(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  for (let i = 0; i < 10; i++) ok(h.server.send(up.server, pattern(2_000, i * 2_000)));
  h.server.close(up.server);
  h.client.recorder.then.onEnd = (connection) => h.client.close(connection);
  const generation = h.client.engine.generation[up.client];
  await bothClosed(h);
  const bytes = h.client.recorder.received(up.client, generation);
  equal(bytes.length, 20_000);
  ok(isPattern(bytes));
  deepEqual(h.server.recorder.causes, ["closed"]);
}

async function deliversQueueOnClose(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  const checked = checkPattern(h.client);
  const sent = await fill(h, up.server);
  h.server.close(up.server);
  h.client.recorder.then.onEnd = (connection) => h.client.close(connection);
  await bothClosed(h);
  equal(checked.size, sent);
  ok(checked.isRight(), "every byte is in its place");
  deepEqual(h.server.recorder.causes, ["closed"]);
}

async function dropsLateBytes(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  // Some are there already when the server closes, others come while it waits for the client's end.
  h.client.send(up.client, ascii("in time?"));
  await h.turnAlone(h.client);
  h.server.close(up.server);
  await h.until(() => h.client.recorder.count("end") === 1, "the client sees the end");
  h.client.send(up.client, ascii("too late"));
  await h.turns(5);
  h.client.close(up.client);
  await bothClosed(h);
  equal(h.server.recorder.count("bytes"), 0);
  deepEqual(h.server.recorder.causes, ["closed"]);
  deepEqual(h.client.recorder.causes, ["closed"]);
}

async function toleratesLateCalls(h: Harness): Promise<void> {
  h.listen();
  const { server } = h;
  const ups = [await h.connect(), await h.connect()];
  h.client.recorder.then.onEnd = (connection) => h.client.close(connection);
  server.send(ups[0].server, ascii("kept"));
  const generations = ups.map((up) => h.client.engine.generation[up.client]);
  for (const up of ups) {
    server.close(up.server);
    server.send(up.server, ascii("too late"));
    server.close(up.server);
    server.engine.queuedBytes(up.server);
  }
  server.abort(ups[1].server);
  server.abort(ups[1].server);
  server.close(ups[1].server);
  server.send(ups[1].server, ascii("too late"));
  await h.until(() => server.recorder.count("close") === 2, "both are gone");
  await h.until(() => h.client.recorder.count("close") === 2, "the client knows");
  await h.turns(3);
  equal(server.recorder.count("close"), 2);
  equal(text(h.client.recorder.received(ups[0].client, generations[0])), "kept");
  equal(text(h.client.recorder.received(ups[1].client, generations[1])), "");
}

async function stopsLingering(h: Harness): Promise<void> {
  h.listen();
  // The number's first user ended by itself, which must not be taken for the second one's end.
  h.client.close((await h.connect()).client);
  await bothClosed(h);
  delete h.server.recorder.then.onEnd;
  const up = await h.connect();
  h.server.close(up.server);
  await h.until(() => h.client.recorder.count("end") === 1, "the client sees the end");
  await h.turns(3);
  equal(h.server.recorder.count("close"), 1, "it waits for the client's end");
  h.pair.passTime(LINGER_MS + 1);
  await h.until(() => h.server.recorder.count("close") === 2, "the time is over");
  deepEqual(h.server.recorder.causes, ["closed", "closed"]);
}

async function givesUpOnDeafPeer(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  await fill(h, up.server);
  h.server.close(up.server);
  for (let i = 0; i < 3; i++) await h.turnAlone(h.server);
  equal(h.server.recorder.count("close"), 0, "it waits for the client to read");
  h.pair.passTime(LINGER_MS + 1);
  const isOver = () => h.server.recorder.count("close") === 1;
  await h.until(isOver, "the time is over", () => h.turnAlone(h.server));
  deepEqual(h.server.recorder.causes, ["timeout"]);
}

async function aborts(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  h.client.recorder.then.onEnd = (connection) => h.client.close(connection);
  h.server.send(up.server, ascii("lost or not"));
  h.server.abort(up.server);
  h.server.abort(up.server);
  equal(h.server.recorder.count("close"), 0, "it is told in poll");
  await bothClosed(h);
  deepEqual(h.server.recorder.causes, ["aborted"]);
  equal(h.server.engine.used, 0);
}

async function resets(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  h.client.abort(up.client);
  await bothClosed(h);
  deepEqual(h.server.recorder.causes, ["reset"]);
  equal(h.server.recorder.count("end"), 0, "a reset is no end");
}

/** One number at the server: what the first user left behind in either direction must not reach the second. */
async function reusesNumber(h: Harness): Promise<void> {
  h.listen();
  const { server, client } = h;
  const old = await h.connect();
  const generation = server.engine.generation[old.server];
  await fill(h, old.server);
  client.send(old.client, ascii("old"));
  await h.turnAlone(client);
  client.recorder.then.onConnect = (connection) => void client.send(connection, ascii("new"));
  server.recorder.then.onAccept = (connection) => void server.send(connection, ascii("welcome"));
  client.abort(old.client);
  const next = h.dial();
  await h.turnAlone(client);
  const isWelcome = () => received(client, next).length >= 7 && received(server, old.server).length >= 3;
  await h.until(isWelcome, "the next user is served");
  equal(server.engine.generation[old.server], generation + 1);
  deepEqual(server.recorder.causes, ["reset"]);
  equal(text(server.recorder.received(old.server, generation + 1)), "new");
  await h.turns(3);
  equal(text(received(client, next)), "welcome");
}

async function closesDial(h: Harness): Promise<void> {
  h.listen();
  h.client.close(h.dial());
  h.client.abort(h.dial());
  await h.until(() => h.client.recorder.count("close") === 2, "both dials are over");
  await h.turns(5);
  equal(h.client.recorder.count("connect"), 0);
  deepEqual(h.client.recorder.causes.toSorted(), ["aborted", "closed"]);
  equal(h.client.engine.used, 0);
}

async function isRefused(h: Harness): Promise<void> {
  h.listen();
  h.pair.stopServer();
  h.dial();
  await redials(h, 1);
  ok(h.client.recorder.causes.every((cause) => cause === "refused"), h.client.recorder.causes.join());
}

/** Dials again whenever a dial fails, which must not hold up the pass in which it is told. */
export async function redials(h: Harness, dials: number): Promise<void> {
  const { recorder } = h.client;
  let left = 20;
  recorder.then.onClose = (connection) => {
    if (left-- > 0) ok(h.dial() !== connection, "a number is free only after onClose");
  };
  const all = recorder.count("close") + dials + left;
  let most = 0;
  const turn = async () => {
    const before = recorder.count("close");
    await h.turnAlone(h.client);
    most = Math.max(most, recorder.count("close") - before);
  };
  await h.until(() => recorder.count("close") === all, "all dials have failed", turn);
  ok(most <= 4, `a pass doesn't go round on redials, ${most} in one`);
  delete recorder.then.onClose;
}

async function shutsDown(h: Harness): Promise<void> {
  h.listen();
  for (let i = 0; i < 20; i++) await h.connect();
  ok(!h.pair.canBind(h.port), "the port is taken");
  const seen = h.server.recorder.seen.length;
  h.pair.stopServer();
  // A runtime that does it for us takes back its accept first.
  for (let i = 0; i < 5; i++) await nextTurn();
  ok(h.pair.canBind(h.port), "the port is free at once");
  h.client.recorder.then.onEnd = (connection) => h.client.close(connection);
  const turn = () => h.turnAlone(h.client);
  await h.until(() => h.client.recorder.count("close") === 20, "all clients know", turn);
  equal(h.server.recorder.seen.length, seen, "nothing is told after shutdown");
}

async function bothClosed(h: Harness): Promise<void> {
  const isOver = () => h.server.recorder.count("close") === 1 && h.client.recorder.count("close") === 1;
  if (h.server.recorder.then.onEnd === undefined) {
    h.server.recorder.then.onEnd = (connection) => h.server.close(connection);
  }
  await h.until(isOver, "both sides are told of the end");
}
