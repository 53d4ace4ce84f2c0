/** Conformance cases: who is taken, who waits and who is turned away. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { AcceptMode } from "../../core/engine/common/engine.ts";
import type { Case } from "./engine_cases.ts";
import { received } from "./engine_cases_bytes.ts";
import { redials } from "./engine_cases_close.ts";
import { ascii, type Harness, text } from "./engine_harness.ts";

/** The name is how a child process is told which case to run. */
export const OUT_OF_DESCRIPTORS = "goes on by itself after it was out of descriptors";

export const acceptCases: readonly Case[] = [
  { name: "dials no more than it has numbers", run: dialsWithoutNumbers, pair: { clientCapacity: 2 } },
  {
    name: "loses none of exactly as many peers as it has numbers",
    run: takesExactly,
    pair: { serverCapacity: 64, clientCapacity: 64 },
  },
  { name: "leaves peers waiting while no number is free", run: leavesWaiting, pair: { serverCapacity: 2 } },
  { name: "leaves peers waiting while it is paused", run: pauses },
  { name: "turns peers away in good order while it refuses", run: refuses },
  { name: OUT_OF_DESCRIPTORS, run: survivesLimit, isAlone: true, needs: "descriptors" },
];

async function dialsWithoutNumbers(h: Harness): Promise<void> {
  h.listen();
  const first = h.dial();
  const second = h.dial();
  deepEqual([first, second].toSorted(), [0, 1]);
  equal(h.dial(), -1);
  await h.until(() => h.client.recorder.count("connect") === 2, "both are up");
  equal(h.dial(), -1);
  h.client.abort(first);
  await h.until(() => h.client.recorder.count("close") === 1, "one number is free");
  equal(h.dial(), first);
}

async function takesExactly(h: Harness): Promise<void> {
  h.listen();
  for (let i = 0; i < 64; i++) ok(h.dial() >= 0);
  await h.until(() => h.server.recorder.count("accept") === 64, "all are taken");
  await h.until(() => h.client.recorder.count("connect") === 64, "all are up");
  for (let i = 0; i < 64; i++) h.client.send(i, ascii("here"));
  const hasAll = () => {
    for (let i = 0; i < 64; i++) if (received(h.server, i).length !== 4) return false;
    return true;
  };
  await h.until(hasAll, "all are heard");
  equal(h.client.recorder.count("close") + h.server.recorder.count("close"), 0);
}

async function leavesWaiting(h: Harness): Promise<void> {
  h.listen();
  for (let i = 0; i < 3; i++) h.dial();
  await h.until(() => h.client.recorder.count("connect") === 3, "the kernel has connected all");
  await h.until(() => h.server.recorder.count("accept") === 2, "two are taken");
  await h.turns(5);
  equal(h.server.recorder.count("accept"), 2);
  h.server.abort(0);
  await h.until(() => h.server.recorder.count("accept") === 3, "the third is taken when a number is free");
  equal(h.server.recorder.seen.at(-1)!.connection, 0);
}

async function pauses(h: Harness): Promise<void> {
  h.listen();
  await h.connect();
  h.server.engine.setAccepting(AcceptMode.paused);
  await h.turns(2);
  const late = h.dial();
  await h.until(() => h.client.recorder.count("connect") === 2, "the kernel has connected it");
  h.client.send(late, ascii("patient"));
  await h.turns(5);
  equal(h.server.recorder.count("accept"), 1);
  h.server.engine.setAccepting(AcceptMode.open);
  await h.until(() => h.server.recorder.count("accept") === 2, "it is taken");
  const { connection } = h.server.recorder.seen.at(-1)!;
  await h.until(() => received(h.server, connection).length === 7, "what it sent meanwhile came");
  equal(text(received(h.server, connection)), "patient");
}

async function refuses(h: Harness): Promise<void> {
  h.listen();
  await h.connect();
  h.server.engine.setAccepting(AcceptMode.refuse);
  h.client.recorder.then.onConnect = (connection) => void h.client.send(connection, ascii("let me in"));
  h.client.recorder.then.onEnd = (connection) => h.client.close(connection);
  for (let i = 0; i < 3; i++) h.dial();
  // All knock and speak before the server looks: unread bytes at a close would be a reset.
  const isUp = () => h.client.recorder.count("connect") === 4;
  await h.until(isUp, "the kernel has connected all", () => h.turnAlone(h.client));
  for (let i = 0; i < 20; i++) await h.turnAlone(h.client);
  await h.until(() => h.client.recorder.count("close") === 3, "three are turned away");
  deepEqual(h.client.recorder.causes, ["closed", "closed", "closed"]);
  equal(h.client.recorder.count("end"), 3);
  equal(h.server.engine.stats.refusedPeers, 3);
  equal(h.server.recorder.count("accept"), 1);
  equal(h.server.engine.used, 1);

  h.server.engine.setAccepting(AcceptMode.open);
  await h.connect();
}

async function survivesLimit(h: Harness): Promise<void> {
  h.listen();
  const before = await h.connect();
  h.pair.limitDescriptors!(0);
  h.dial();
  await redials(h, 1);
  ok(h.client.recorder.causes.every((cause) => cause === "noDescriptor"), h.client.recorder.causes.join());

  h.pair.limitDescriptors!(1);
  const waiting = h.dial();
  await h.until(() => h.client.recorder.count("connect") === 2, "the dialing side has the last descriptor");
  await h.until(() => h.server.engine.stats.failedAccepts > 0, "the failed accept is counted");
  await h.turns(20);
  equal(h.server.engine.stats.failedAccepts, 1, "it isn't tried again at once");
  h.client.send(before.client, ascii("still here"));
  await h.until(() => received(h.server, before.server).length === 10, "the others are served meanwhile");

  h.pair.liftLimit!();
  h.pair.passTime(1_000);
  await h.until(() => h.server.recorder.count("accept") === 2, "accepting goes on by itself");
  h.client.send(waiting, ascii("at last"));
  const { connection } = h.server.recorder.seen.findLast(({ kind }) => kind === "accept")!;
  await h.until(() => received(h.server, connection).length === 7, "the late peer is served");
}
