/** Whatever one connection sends, what it brings about is bounded. */
import assert from "node:assert/strict";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { EntryWord } from "../../core/ledger/record/entry.ts";
import type { Judgement } from "../../core/ledger/record/judgement.ts";
import { MemoryLedger } from "../../core/ledger/judge/memory_ledger.ts";
import { MOST_DEFERRED } from "../../core/set/user_frames.ts";
import { Result } from "../../core/wire/codes.ts";
import { writeFrame } from "../../core/wire/frame_codec.ts";
import { frames, Opcode1, TOKEN_BYTES } from "../../core/wire/v1/frames.ts";
import {
  writeClaim,
  writeDelivered,
  writeLogin,
  writeOpen,
  writePing,
  writeShake,
} from "../../core/wire/v1/writers.ts";
import send from "../../plugins/send/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { SendWorld } from "../send/send_world.ts";
import type { SimPeer } from "../sim/sim_client.ts";
import { World } from "../sim/sim_world.ts";

/** A ledger that counts what it judges, by kind. */
class CountingLedger extends MemoryLedger {
  readonly judged = new Map<number, number>();

  override judge(words: Int32Array, at: number, judgement: Judgement): void {
    const kind = words[at + EntryWord.kind];
    this.judged.set(kind, this.of(kind) + 1);
    super.judge(words, at, judgement);
  }

  of(kind: number): number {
    return this.judged.get(kind) ?? 0;
  }
}

function login1(world: World, user: number): SimPeer {
  const peer = world.connect().write((view, at) =>
    writeLogin(view, at, 0, user, new Uint8Array(TOKEN_BYTES))
  );
  world.until(() => peer.of(Opcode1.loginResult).length === 1);
  return peer;
}

async function winBy(world: World, peer: SimPeer): Promise<number> {
  await world.makePackets({ ratePerS: 1_000, total: 1, minFen: 5, maxFen: 5 });
  for (;;) {
    const heard = peer.of(Opcode1.shakeResult).length;
    peer.write((view, at) => writeShake(view, at, 0, 1));
    await world.settle(() => peer.of(Opcode1.shakeResult).length > heard, 100);
    const packetId = peer.of(Opcode1.shakeResult).at(-1)!.getUint32(frames.shakeResult.at.packetId);
    if (packetId !== 0) return packetId;
  }
}

const TIGHT = { connectionPerS: 10, connectionBurst: 5 };

Deno.test("a ping over its connection's rate gets no pong", () => {
  const world = new World({ plugins: [{ plugin: throttle, config: TIGHT }, { plugin: shake }] });
  const peer = login1(world, 1);
  for (let i = 0; i < 20; i++) peer.write((view, at) => writePing(view, at, 0));
  world.pass(50);
  assert.equal(peer.of(Opcode1.pong).length, 5);
  assert.equal(world.total("framesRefused"), 15);
});

Deno.test("the ledger never hears of a delivered packet that its user wasn't told of", async () => {
  const ledger = new CountingLedger();
  const world = new World({ ledger, plugins: [{ plugin: shake }] });
  const [winner, other] = [login1(world, 1), login1(world, 2)];
  const packetId = await winBy(world, winner);
  for (let i = 0; i < 1_000; i++) other.write((view, at) => writeDelivered(view, at, 0, i));
  world.until(() => world.total("deliveredUnknown") === 1_000);
  other.write((view, at) => writeDelivered(view, at, 0, packetId));
  world.until(() => world.total("deliveredUnknown") === 1_001);
  assert.equal(ledger.of(EntryKind.delivered), 0);
  for (let i = 0; i < 1_000; i++) winner.write((view, at) => writeDelivered(view, at, 0, packetId));
  world.until(() => world.total("deliveredUnknown") === 2_000);
  world.pass(50);
  assert.equal(ledger.of(EntryKind.delivered), 1, "again makes no other entry");
  assert.equal(world.total("awardsDelivered"), 1);
});

Deno.test("a delivered mark over its connection's rate isn't looked at", async () => {
  const world = new World({ plugins: [{ plugin: throttle, config: TIGHT }, { plugin: shake }] });
  const peer = login1(world, 1);
  const packetId = await winBy(world, peer);
  world.pass(2_000);
  for (let i = 0; i < 5; i++) peer.write((view, at) => writePing(view, at, 0));
  peer.write((view, at) => writeDelivered(view, at, 0, packetId));
  world.pass(50);
  assert.equal(world.total("awardsDelivered") + world.total("deliveredUnknown"), 0);
  world.pass(1_000);
  peer.write((view, at) => writeDelivered(view, at, 0, packetId));
  world.until(() => world.total("awardsDelivered") === 1);
});

Deno.test("one connection has so many requests under way to the ledger, and no more", () => {
  const ledger = new CountingLedger();
  const world = new World({ ledger, plugins: [{ plugin: shake }], ringEntries: 512 });
  const [greedy, calm] = [login1(world, 1), login1(world, 2)];
  world.host.isLedgerStuck = true;
  for (let i = 1; i <= 200; i++) greedy.write((view, at) => writeOpen(view, at, 0, i));
  world.until(() => greedy.of(Opcode1.openResult).length === 200 - MOST_DEFERRED);
  assert.ok(
    greedy.of(Opcode1.openResult).every((view) =>
      view.getUint32(frames.openResult.at.result) === Result.overloaded
    ),
  );
  calm.write((view, at) => writeOpen(view, at, 0, 1));
  world.pass(50);
  world.host.isLedgerStuck = false;
  world.until(() => greedy.of(Opcode1.openResult).length === 200 && calm.of(Opcode1.openResult).length === 1);
  assert.equal(ledger.of(EntryKind.open), MOST_DEFERRED + 1);
  greedy.write((view, at) => writeOpen(view, at, 0, 1));
  world.until(() => greedy.of(Opcode1.openResult).length === 201);
  assert.equal(ledger.of(EntryKind.open), MOST_DEFERRED + 2, "what was answered is no longer under way");
});

/** Results of everybody's answers of a kind. */
function results(peers: readonly SimPeer[], opcode: number, field: number): number[] {
  return peers.flatMap((peer) => peer.of(opcode).map((view) => view.getUint32(field)));
}

for (
  const [what, opcode, field, ask] of [
    [
      "claims",
      Opcode1.claimResult,
      frames.claimResult.at.result,
      (view: DataView, at: number, id: number) => writeClaim(view, at, 0, id),
    ],
    [
      "questions about details",
      Opcode1.detailResult,
      frames.detailResult.at.result,
      (view: DataView, at: number, id: number) =>
        writeFrame(frames.detail, view, at, 0, { packetId: id, from: 0 }),
    ],
  ] as const
) {
  Deno.test(`${what} of packets that nobody knows are looked up in bounded number`, () => {
    const ledger = new CountingLedger();
    const world = new SendWorld({ ledger, workers: 1, setsPerWorker: 1, ringEntries: 2_048 });
    const peers = Array.from({ length: 6 }, (_, i) => world.in(i + 1).peer);
    world.host.isLedgerStuck = true;
    peers.forEach((peer, i) => {
      for (let k = 0; k < 60; k++) peer.write((view, at) => ask(view, at, 1_000_000 + i * 100 + k));
    });
    world.until(() => results(peers, opcode, field).length === 360 - 256);
    assert.ok(results(peers, opcode, field).every((result) => result === Result.busy));
    world.host.isLedgerStuck = false;
    world.until(() => results(peers, opcode, field).length === 360);
    assert.equal(ledger.of(EntryKind.head), 256);
  });
}

Deno.test("chats to groups that nobody has made are looked up in bounded number, and not remembered", async () => {
  const ledger = new CountingLedger();
  const world = new SendWorld({ ledger, workers: 1, setsPerWorker: 1, ringEntries: 2_048 });
  const users = Array.from({ length: 4 }, (_, i) => world.in(i + 1));
  const peers = users.map(({ peer }) => peer);
  world.host.isLedgerStuck = true;
  const text = new TextEncoder().encode("hello");
  peers.forEach((peer, i) => {
    for (let k = 0; k < 30; k++) {
      peer.write((view, at) =>
        writeFrame(frames.chat, view, at, 0, { requestId: 1, group: 1 + i * 100 + k, text })
      );
    }
  });
  const seen = () => results(peers, Opcode1.chatResult, frames.chatResult.at.result);
  world.until(() => seen().length === 120 - 64);
  assert.ok(seen().every((result) => result === Result.busy));
  world.host.isLedgerStuck = false;
  world.until(() => seen().length === 120);
  const before = ledger.of(EntryKind.groupBody);
  users[0].chat(1, "again");
  world.until(() => seen().length === 121);
  assert.ok(ledger.of(EntryKind.groupBody) > before, "asked anew, since nothing of it was kept");
  await world.ask("post", "/groups", { groups: [{ group: 9, users: [1, 4] }] });
  users[0].chat(9, "hi");
  world.until(() => users[3].peer.of(Opcode1.chatMessage).length === 1);
});

Deno.test("a SET passes chats on at its rate, however large the groups", async () => {
  const world = new SendWorld({ workers: 1, setsPerWorker: 1, config: { chatTellsPerS: 3 } });
  const users = [1, 2, 3].map((id) => world.in(id));
  await world.ask("post", "/groups", { groups: [{ group: 9, users: [1, 3] }] });
  const [sender] = users;
  const seen = () => results([sender.peer], Opcode1.chatResult, frames.chatResult.at.result);
  for (let i = 0; i < 4; i++) {
    sender.chat(9, "hi", i);
    world.until(() => seen().length === i + 1);
  }
  assert.deepEqual(seen(), [Result.ok, Result.ok, Result.overloaded, Result.overloaded]);
  world.pass(1_500);
  sender.chat(9, "hi");
  world.until(() => seen().length === 5);
  assert.equal(seen()[4], Result.ok);
});

Deno.test("a frame that reaches many users counts for many in its user's rate", () => {
  const config = { connectionPerS: 10, connectionBurst: 50 };
  const world = new World({ plugins: [{ plugin: throttle, config }, { plugin: shake }, { plugin: send }] });
  const peer = login1(world, 1);
  for (let i = 0; i < 5; i++) {
    peer.write((view, at) =>
      writeFrame(frames.send, view, at, 0, {
        requestId: i,
        amountFen: 100,
        shares: 1,
        mode: 1,
        group: 0,
        users: [2],
      })
    );
  }
  const seen = () => results([peer], Opcode1.sendResult, frames.sendResult.at.result);
  world.until(() => seen().length === 5);
  assert.deepEqual(seen().filter((result) => result === Result.overloaded).length, 3);
});
