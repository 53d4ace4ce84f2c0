import assert from "node:assert/strict";
import { readSentWords, SentPacket } from "../../../core/ledger/record/sent_packet.ts";
import { Random } from "../../../core/base/random.ts";
import { OwnedPacket } from "./owned_packet.ts";

/** Of which the lower 32 bits have their highest bit, or not. */
const DEADLINES_MS = [1_800_000_000_000, 1_801_000_000_000, 1_802_000_000_000, 1_803_000_000_000];
const USERS = [0, 3, 7, 0x8000_0001, 0xffff_ffff];

/** A packet as its SET reads it from the ledger. */
function owned(packet: SentPacket): OwnedPacket {
  return new OwnedPacket(readSentWords(packet.words()));
}

function somePacket(random: Random): SentPacket {
  const shares = Uint32Array.from({ length: 1 + random.below(5) }, () => 1 + random.below(9));
  return new SentPacket({
    ...{
      packetId: 0xffff_fff0,
      sender: 0x9000_0000,
      isFromHost: random.below(2) === 0,
      mode: 1,
      group: 0xf000_0000,
    },
    ...{ deadlineMs: DEADLINES_MS[random.below(4)], shares, recipients: Uint32Array.from(USERS) },
    amountFen: shares.reduce((sum, fen) => sum + fen, 0),
  });
}

Deno.test("a SET reads of a packet what the ledger knows of it", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Random(seed);
    const packet = somePacket(random);
    const { shares } = packet.fields;
    const takers = USERS.slice(0, 1 + random.below(shares.length));
    const places = random.below(2) === 0
      ? takers.map((_, i) => i)
      : takers.map((_, i) => shares.length - 1 - i);
    takers.slice(0, shares.length).forEach((user, i) => packet.take(places[i], user));
    packet.isOver = random.below(3) === 0;
    const own = owned(packet);
    const { shares: _shares, recipients: _recipients, ...fields } = packet.fields;
    const { packetId, sender, isFromHost, amountFen, mode, group, deadlineMs } = own.sent;
    assert.deepEqual(
      { packetId, sender, isFromHost, amountFen, mode, group, deadlineMs },
      fields,
      `seed ${seed}`,
    );
    assert.deepEqual([[...own.sent.shares], [...own.sent.recipients]], [[...shares], USERS]);
    assert.deepEqual([own.restFen, own.isOver, own.pending], [packet.restFen, packet.isOver, 0]);
    assert.deepEqual([own.isReturning, own.told], [false, 0]);
    assert.deepEqual(own.claimants, [...packet.shareOf.keys()]);
    assert.equal(own.isClosed, !packet.isOpen);
    for (const [user, share] of packet.shareOf) assert.equal(own.fenOf(user), shares[share]);
    for (const user of [...USERS, 1, 4, 0x8000_0000]) {
      assert.equal(own.isRecipient(user), USERS.includes(user));
    }
  }
});

Deno.test("every share goes to one user, whatever the ledger refuses, and the luckiest is known once all are gone", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const before = somePacket(random);
    const { shares } = before.fields;
    // Somebody may have had one before, from anywhere.
    if (random.below(2) === 0) before.take(random.below(shares.length), 5);
    const packet = owned(before);
    const given = new Map<number, number>(before.shareOf);
    const waiting = new Map<number, number>();
    for (let step = 0; step < 40; step++) {
      const user = USERS[random.below(USERS.length)];
      if (waiting.has(user) && random.below(2) === 0) {
        const asker = { set: 0, connection: user, generation: 1 };
        const isPaid = random.below(3) > 0;
        const claim = isPaid ? packet.settle(user) : packet.release(user);
        assert.deepEqual([claim.share, claim.isDurable, claim.askers], [waiting.get(user), isPaid, [asker]]);
        if (isPaid) given.set(user, waiting.get(user)!);
        waiting.delete(user);
      } else if (!waiting.has(user) && !given.has(user)) {
        const share = packet.take(user, { set: 0, connection: user, generation: 1 });
        const taken = [...given.values(), ...waiting.values()];
        if (share < 0) assert.equal(taken.length, shares.length, "only when all are taken");
        else {
          assert.ok(share < shares.length && !taken.includes(share), `seed ${seed}: share ${share} twice`);
          waiting.set(user, share);
        }
      }
      const where = `seed ${seed}, step ${step}`;
      const fen = [...given.values()].map((share) => shares[share]);
      assert.equal(packet.restFen, packet.sent.amountFen - fen.reduce((sum, one) => sum + one, 0), where);
      assert.equal(packet.pending, waiting.size, where);
      assert.equal(packet.isClosed, waiting.size === 0 && given.size === shares.length, where);
      const best = [...given].find(([, share]) => shares[share] === Math.max(...fen));
      assert.equal(packet.luckiest(), given.size === shares.length ? best![0] : -1, where);
    }
    packet.isOver = true;
    assert.equal(packet.isClosed, waiting.size === 0);
  }
});

Deno.test("the ledger judges what was proposed, once", () => {
  const packet = owned(somePacket(new Random(1)));
  assert.throws(() => packet.settle(3), /the ledger judges a claim that was proposed/);
  packet.take(3, { set: 0, connection: 1, generation: 1 });
  packet.settle(3);
  assert.throws(() => packet.release(3), /the ledger judges a claim that was proposed/);
});
