/** Conformance cases: connecting, and bytes in order. */
import { equal, ok } from "node:assert/strict";
import type { Case } from "./engine_cases.ts";
import { ascii, type Harness, pattern, patternAt, type Side, text } from "./engine_harness.ts";

const LOOPBACK = 0x7f00_0001;
const BIG_QUEUE_BYTES = 256 * 1024;

export const byteCases: readonly Case[] = [
  { name: "connects both sides, who know each other's address", run: connects },
  { name: "dials from a source address", run: dialsFromSource, needs: "source" },
  { name: "echoes", run: echoes },
  { name: "brings one byte at a time", run: bringsSingleBytes },
  { name: "keeps several commits to one connection in order", run: keepsCommitsInOrder },
  { name: "keeps the commits to several connections apart", run: keepsConnectionsApart },
  {
    name: "moves every byte in order through a full buffer to a slow reader",
    run: fillsSlowReader,
    // Large, so that bytes still wait when the kernel has room again.
    pair: { queueBytes: BIG_QUEUE_BYTES },
  },
  { name: "moves bytes both ways at once", run: movesBothWays },
];

async function connects(h: Harness): Promise<void> {
  h.listen();
  equal(h.client.engine.used, 0);
  const up = await h.connect();
  equal(h.client.engine.used, 1);
  equal(h.server.engine.used, 1);
  equal(h.server.engine.peerAddress[up.server], LOOPBACK);
  equal(h.client.engine.peerAddress[up.client], LOOPBACK);
}

async function dialsFromSource(h: Harness): Promise<void> {
  h.listen();
  const source = LOOPBACK + 1;
  h.dial(source);
  await h.until(() => h.server.recorder.count("accept") === 1, "the dial from a source address is accepted");
  equal(h.server.engine.peerAddress[h.server.recorder.seen[0].connection], source);
}

async function echoes(h: Harness): Promise<void> {
  h.listen();
  const { server } = h;
  server.recorder.then.onBytes = (connection, start, end) => {
    ok(server.send(connection, server.engine.input.bytes.slice(start, end)));
  };
  const up = await h.connect();
  h.client.send(up.client, ascii("hello"));
  await h.until(() => received(h.client, up.client).length === 5, "the echo came");
  equal(text(received(h.client, up.client)), "hello");
}

async function bringsSingleBytes(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  for (let i = 0; i < 40; i++) {
    h.client.send(up.client, pattern(1, i));
    await h.until(() => received(h.server, up.server).length === i + 1, `byte ${i} came`);
  }
  equal(text(received(h.server, up.server)), text(pattern(40)));
}

async function keepsCommitsInOrder(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  let sent = 0;
  // Of many sizes and over several passes, among them an empty one.
  for (let i = 0; i < 60; i++) {
    ok(h.server.send(up.server, pattern(i, sent)));
    sent += i;
    if (i % 17 === 0) await h.turn();
  }
  await h.until(() => received(h.client, up.client).length === sent, "all commits came");
  ok(isPattern(received(h.client, up.client)));
}

async function keepsConnectionsApart(h: Harness): Promise<void> {
  h.listen();
  const ups = [await h.connect(), await h.connect(), await h.connect()];
  for (let round = 0; round < 20; round++) {
    for (const up of ups) h.server.send(up.server, ascii(`${up.server},`));
  }
  const isComplete = () => ups.every((up) => received(h.client, up.client).length === 40);
  await h.until(isComplete, "all connections have their bytes");
  for (const up of ups) equal(text(received(h.client, up.client)), `${up.server},`.repeat(20));
}

async function fillsSlowReader(h: Harness): Promise<void> {
  h.listen();
  const { server, client } = h;
  const up = await h.connect();
  const checked = checkPattern(client);
  let sent = await fill(h, up.server);
  ok(server.engine.stats.overfullQueues > 0, "a full queue is counted");
  ok(server.engine.stats.queuedSends > 0, "a send that had to wait is counted");
  const queued = server.engine.queuedBytes(up.server);
  ok(queued > 0 && queued <= BIG_QUEUE_BYTES + 64 * 1024, `the queue is bounded, not ${queued} bytes`);
  const drains = server.recorder.count("drain");

  // The reader makes room, and the server sends more before it knows of that: behind what waits, not before it.
  for (let i = 0; i < 20; i++) {
    for (let reads = 0; reads < 10; reads++) await h.turnAlone(client);
    if (server.send(up.server, pattern(100, sent))) sent += 100;
    await h.turnAlone(server);
  }
  await h.until(() => checked.size === sent, "the slow reader has everything");
  await h.until(() => server.recorder.count("drain") > drains, "the server knows that all is out");
  equal(server.engine.queuedBytes(up.server), 0);
  ok(server.send(up.server, pattern(1000, sent)), "the queue has room again");
  await h.until(() => checked.size === sent + 1000, "what was sent afterwards comes too");
  ok(checked.isRight(), "every byte is in its place");
}

async function movesBothWays(h: Harness): Promise<void> {
  h.listen();
  const up = await h.connect();
  const total = 200_000;
  const atServer = checkPattern(h.server);
  const atClient = checkPattern(h.client);
  const sent = [0, 0];
  const turn = async () => {
    for (
      const [i, [side, connection]] of ([[h.server, up.server], [h.client, up.client]] as const).entries()
    ) {
      const size = Math.min(3_000, total - sent[i]);
      if (size > 0 && side.send(connection, pattern(size, sent[i]))) sent[i] += size;
    }
    await h.turn();
  };
  await h.until(() => atServer.size === total && atClient.size === total, "both have all", turn);
  ok(atServer.isRight() && atClient.isRight(), "every byte is in its place");
}

/** Sends until nothing more is taken, though the sender had many turns. @returns how many bytes it was */
export async function fill(h: Harness, connection: number): Promise<number> {
  let sent = 0;
  for (let stuck = 0; stuck < 8; stuck++) {
    while (h.server.send(connection, pattern(8_000, sent))) {
      sent += 8_000;
      stuck = 0;
    }
    await h.turnAlone(h.server);
  }
  return sent;
}

/** Checks the bytes that a side receives on its one connection, without keeping them. */
export function checkPattern(side: Side): { readonly size: number; isRight(): boolean } {
  let size = 0;
  let wrong = 0;
  side.recorder.isKeepingBytes = false;
  side.recorder.then.onBytes = (_connection, start, end) => {
    for (let at = start; at < end; at++) if (side.engine.input.bytes[at] !== patternAt(size++)) wrong++;
  };
  return {
    get size() {
      return size;
    },
    isRight: () => wrong === 0,
  };
}

/** What the present user of a connection number received. */
export function received(side: Side, connection: number): Uint8Array {
  return side.recorder.received(connection, side.engine.generation[connection]);
}

export function isPattern(bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => byte === patternAt(i));
}
