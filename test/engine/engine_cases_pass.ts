/** Conformance cases: what a call of `poll` does, when it returns and what wakes it. */
import { equal, ok } from "node:assert/strict";
import { PASS_BUDGET_MS } from "../../core/engine/common/engine.ts";
import { nextTurn } from "../../core/base/event_loop.ts";
import type { Case } from "./engine_cases.ts";
import { checkPattern, received } from "./engine_cases_bytes.ts";
import { startWakerThread } from "./engine_waker_thread.ts";
import { ascii, type Harness, pattern } from "./engine_harness.ts";

const FLOOD = 150;
/** Most events after which an engine must have looked at the clock. */
const MOST_EVENTS = 64;

export const passCases: readonly Case[] = [
  { name: "calls its handler only from inside poll", run: tellsOnlyInPoll },
  {
    name: "ends a pass when its budget is used up, and goes on in the next",
    run: endsFloodedPass,
    pair: { serverCapacity: FLOOD, clientCapacity: FLOOD },
  },
  { name: "gives a quiet connection its turn beside a talkative one", run: servesQuietPeer },
  { name: "ends a long poll when another thread wakes it", run: endsPollOnWake, needs: "wait" },
  { name: "doesn't sleep when it was woken since it was last awake", run: keepsEarlyWake, needs: "wait" },
  { name: "ends a long poll when bytes come", run: wakesOnBytes, needs: "wait" },
];

async function tellsOnlyInPoll(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  const seen = () => h.server.recorder.seen.length + h.client.recorder.seen.length;
  const before = seen();
  // Everything that could call back, and then time in which nobody polls. The recorder checks each call as well.
  h.dial();
  h.client.abort(h.dial());
  h.client.send(up.client, ascii("x"));
  h.client.close(up.client);
  h.server.abort(up.server);
  for (let i = 0; i < 20; i++) await nextTurn();
  equal(seen(), before);
  await h.until(() => h.client.recorder.count("close") === 2, "it is all told in poll");
}

async function endsFloodedPass(h: Harness): Promise<void> {
  h.listen();
  const { server, client } = h;
  for (let i = 0; i < FLOOD; i++) h.dial();
  await h.until(() => server.recorder.count("accept") === FLOOD, "all are taken");
  await h.until(() => client.recorder.count("connect") === FLOOD, "all are up");
  for (let i = 0; i < FLOOD; i++) client.send(i, ascii("!"));
  for (let i = 0; i < 5; i++) await h.turnAlone(client);

  server.recorder.then.onBytes = () => h.pair.clock.advance(PASS_BUDGET_MS);
  let most = 0;
  const turn = async () => {
    const before = server.recorder.count("bytes");
    await server.poll(0);
    most = Math.max(most, server.recorder.count("bytes") - before);
    h.pair.goOn?.();
  };
  await h.until(() => server.recorder.count("bytes") === FLOOD, "all are heard", turn);
  ok(most <= MOST_EVENTS, `a pass of ${most} events has looked at the clock`);
}

async function servesQuietPeer(h: Harness): Promise<void> {
  h.listen();
  const loud = await h.connect();
  const quiet = await h.connect();
  let isQuietHeard = false;
  h.server.recorder.isKeepingBytes = false;
  h.server.recorder.then.onBytes = (connection) => isQuietHeard ||= connection === quiet.server;
  const turn = async () => {
    while (h.client.send(loud.client, pattern(8_000)));
    await h.turn();
  };
  await h.until(() => h.server.recorder.count("bytes") > 50, "one peer talks on and on", turn);
  h.client.send(quiet.client, ascii("me too"));
  const before = h.server.recorder.count("bytes");
  await h.until(() => isQuietHeard, "the quiet one is heard", turn);
  const first = h.server.recorder.count("bytes") - before;
  ok(first <= MOST_EVENTS, `${first} events of the loud one came first`);
}

async function endsPollOnWake(h: Harness): Promise<void> {
  h.listen();
  const wakerThread = await startWakerThread(h.server.waker, "wake");
  for (let i = 0; i < 3; i++) {
    wakerThread.expectWake();
    await h.server.poll(10_000);
    ok(!wakerThread.hadToRescue(), "the wake ended the poll");
  }
  await wakerThread.stop();
}

async function keepsEarlyWake(h: Harness): Promise<void> {
  h.listen();
  const wakerThread = await startWakerThread(h.server.waker, "rescue");
  await h.turns(2);
  for (let i = 0; i < 3; i++) {
    wakerThread.expectWake();
    h.server.waker.wake();
    await h.server.poll(10_000);
    ok(!wakerThread.hadToRescue(), "an early wake keeps it awake");
  }
  await wakerThread.stop();
}

async function wakesOnBytes(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  const checked = checkPattern(h.server);
  const wakerThread = await startWakerThread(h.server.waker, "rescue");
  wakerThread.expectWake();
  h.client.send(up.client, pattern(3));
  await h.turnAlone(h.client);
  for (let i = 0; i < 10 && checked.size < 3; i++) await h.server.poll(10_000);
  ok(!wakerThread.hadToRescue(), "the bytes ended the poll");
  equal(received(h.server, up.server).length, 0);
  equal(checked.size, 3);
  await wakerThread.stop();
}
