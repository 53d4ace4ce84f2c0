import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { isSplit, readSendBody, type SendBody, sendBodyWords, SendWord } from "./send_body.ts";
import { hasUser, SentPacket } from "./sent_packet.ts";

/** Times below and above 32 bits of milliseconds, and of 32-bit numbers both ends. */
const DEADLINES = [0, 1, 0xffff_ffff, 0x1_0000_0000, 1_800_000_000_000];
const NUMBERS = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

function someUsers(random: Random): Uint32Array {
  const users = Array.from({ length: random.below(6) }, () => random.uint32());
  return Uint32Array.from(new Set([...users, NUMBERS[random.below(NUMBERS.length)]])).sort();
}

Deno.test("a packet out of its words is the packet that they are of, whatever has become of it", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const one = (list: readonly number[]) => list[random.below(list.length)];
    const shares = Uint32Array.from({ length: 1 + random.below(5) }, () => 1 + random.below(100));
    const packet = new SentPacket({
      ...{
        packetId: one(NUMBERS),
        sender: one(NUMBERS),
        isFromHost: random.below(2) === 0,
        mode: random.below(256),
      },
      ...{ group: one(NUMBERS), deadlineMs: one(DEADLINES), shares, recipients: someUsers(random) },
      amountFen: shares.reduce((sum, fen) => sum + fen, 0),
    });
    const takers = new Set<number>();
    shares.forEach((_, share) => {
      const user = random.uint32();
      if (random.below(2) === 0 || takers.has(user)) return;
      takers.add(user);
      packet.take(share, user);
    });
    packet.isOver = random.below(2) === 0;
    const again = SentPacket.from(packet.words());
    const all = ({ fields, claimed, claimedFen, isOver, isOpen, restFen, shareOf }: SentPacket) => ({
      ...{ fields, claimed, claimedFen, isOver, isOpen, restFen, shareOf: [...shareOf] },
    });
    assert.deepEqual(all(again), all(packet), `seed ${seed}`);
    const taken = [...packet.shareOf.values()];
    shares.forEach((_, share) => {
      assert.equal(packet.isFree(share), !taken.includes(share));
      assert.equal(again.isFree(share), !taken.includes(share));
    });
    assert.equal(packet.isOpen, !packet.isOver && taken.length < shares.length);
    assert.equal(
      packet.restFen,
      packet.fields.amountFen - taken.reduce((sum, share) => sum + shares[share], 0),
    );
  }
});

Deno.test("a sorted list has the users that are in it, and no other", () => {
  const random = new Random(3);
  for (let size = 0; size < 20; size++) {
    const users = Uint32Array.from(new Set(Array.from({ length: size }, () => random.below(40)))).sort();
    for (let user = 0; user < 42; user++) assert.equal(hasUser(users, user), users.includes(user));
  }
});

Deno.test("a send's body is read as it was written, and what is cut off is none", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const one = (list: readonly number[]) => list[random.below(list.length)];
    const body: SendBody = {
      ...{ mode: random.below(3), group: one(NUMBERS), deadlineMs: one(DEADLINES), requestId: one(NUMBERS) },
      recipients: someUsers(random),
      shares: Uint32Array.from({ length: 1 + random.below(4) }, () => random.uint32()),
    };
    const words = sendBodyWords(body);
    assert.deepEqual(readSendBody(words, body.shares.length), body, `seed ${seed}`);
    // Parts come by eight words: what is behind is of no account.
    const padded = new Uint32Array(words.length + 5);
    padded.set(words);
    assert.deepEqual(readSendBody(padded, body.shares.length), body);
    assert.equal(readSendBody(words.subarray(0, -1), body.shares.length), undefined);
    assert.equal(readSendBody(words, 0), undefined);
    assert.equal(readSendBody(words.subarray(0, SendWord.first - 1), 1), undefined);
  }
});

Deno.test("shares are a split if none is empty and they come to the amount, which has 32 bits", () => {
  const isOne = (shares: readonly number[], amountFen: number, group = 0, to = [5]) => {
    const parts = { shares: Uint32Array.from(shares), recipients: Uint32Array.from(to), group };
    return isSplit({ mode: 1, deadlineMs: 1, requestId: 1, ...parts }, amountFen);
  };
  assert.equal(isOne([1, 2, 3], 6), true);
  assert.equal(isOne([1, 2, 3], 7), false);
  assert.equal(isOne([1, 2, 3], 5), false);
  assert.equal(isOne([6, 0], 6), false);
  assert.equal(isOne([0xffff_ffff], 0xffff_ffff), true);
  assert.equal(isOne([0xffff_fffe, 1], 0xffff_ffff), true);
  assert.equal(isOne([0xffff_ffff, 1], 0x1_0000_0000), false);
  assert.equal(isOne([6], 6, 3, []), true, "to a group");
  assert.equal(isOne([6], 6, 3, [5]), false, "to a group and somebody");
  assert.equal(isOne([6], 6, 0, []), false, "to nobody");
});
