import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { markAwarded } from "./awarded_bits.ts";
import { CHUNK_PACKETS, isUnopened, Packets, PacketState } from "./packets.ts";

/** Ids on both sides of where chunks of packets meet. */
const IDS = [1, 2, CHUNK_PACKETS - 1, CHUNK_PACKETS, CHUNK_PACKETS + 1, 3 * CHUNK_PACKETS, 0xffff_fffe];

Deno.test("what is known of a packet is what was noted last, wherever its id lies", () => {
  for (let seed = 1; seed <= 3; seed++) {
    const random = new Random(seed);
    const packets = new Packets();
    const known = new Map<number, { user: number; amountFen: number; sponsor: number; state: number }>();
    for (let step = 0; step < 60; step++) {
      const id = IDS[random.below(IDS.length)];
      const before = known.get(id);
      if (before !== undefined) {
        const bits = [PacketState.delivered, PacketState.opened, PacketState.lapsed][random.below(3)];
        packets.note(id, bits);
        before.state |= bits;
      } else {
        const isHeld = random.below(2) === 0;
        const amountFen = [1, 0xffff_ffff, 0x1_0000_0000, 2 ** 52][random.below(4)];
        const award = { user: random.uint32(), amountFen, sponsor: random.below(0x1_0000) };
        packets.award(id, award.user, award.amountFen, award.sponsor, isHeld);
        packets.link(id, IDS[0]);
        known.set(id, { ...award, state: PacketState.awarded | (isHeld ? PacketState.held : 0) });
      }
      for (const id of IDS) {
        const award = known.get(id);
        assert.equal(packets.isAwarded(id), award !== undefined, `seed ${seed}: packet ${id}`);
        if (award === undefined) continue;
        const { user, amountFen, sponsor, state } = award;
        assert.deepEqual(
          [
            packets.user(id),
            packets.amountFen(id),
            packets.sponsor(id),
            packets.state(id),
            packets.previous(id),
          ],
          [user, amountFen, sponsor, state, IDS[0]],
          `seed ${seed}: packet ${id}`,
        );
      }
      const waiting = [...known].filter(([, { state }]) => isUnopened(state)).map(([id]) => id);
      assert.deepEqual([...packets.unopened()].sort((a, b) => a - b), waiting.sort((a, b) => a - b));
    }
  }
});

Deno.test("what is known of one packet of a chunk overwrites nothing of another", () => {
  const packets = new Packets();
  const of = (id: number) => [id * 3, id * 5 + 1, id % 0x1_0000];
  const ids = Array.from({ length: CHUNK_PACKETS / 16 }, (_, i) => CHUNK_PACKETS + i * 16 + (i % 16));
  for (const id of ids) {
    const [user, amountFen, sponsor] = of(id);
    packets.award(id, user, amountFen, sponsor, id % 3 === 0);
  }
  for (const id of ids) {
    const [user, amountFen, sponsor] = of(id);
    const state = PacketState.awarded | (id % 3 === 0 ? PacketState.held : 0);
    const known = [packets.user(id), packets.amountFen(id), packets.sponsor(id), packets.state(id)];
    if (known.join() !== [user, amountFen, sponsor, state].join()) assert.fail(`packet ${id}: ${known}`);
  }
});

Deno.test("a packet waits for its user if it is held, and neither open nor gone back", () => {
  const { awarded, delivered, held, opened, lapsed } = PacketState;
  for (
    const [state, expected] of [
      [0, false],
      [awarded, false],
      [awarded | held, true],
      [awarded | held | delivered, true],
      [awarded | held | opened, false],
      [awarded | held | lapsed, false],
    ] as const
  ) assert.equal(isUnopened(state), expected, `${state}`);
});

Deno.test("a run's bits say which of its packets were awarded, and of no other", () => {
  const random = new Random(7);
  const packets = new Packets();
  const near = (id: number) => Math.max(1, id + random.between(-20, 20));
  for (let i = 0; i < 60; i++) packets.award(near(IDS[random.below(IDS.length)] >>> 0), 5, 10, 1);
  for (const firstId of IDS.slice(0, -1)) {
    for (const count of [1, 8, 9, 50, CHUNK_PACKETS + 40]) {
      const run = { firstId, count, bits: new SharedArrayBuffer(Math.ceil(count / 8) + 1) };
      markAwarded(packets, run);
      const bytes = new Uint8Array(run.bits);
      for (let i = 0; i < bytes.length * 8; i++) {
        const isSet = (bytes[i >>> 3] & (1 << (i & 7))) !== 0;
        const isExpected = i < count && packets.isAwarded(firstId + i);
        if (isSet !== isExpected) assert.fail(`packet ${firstId + i} of ${count} from ${firstId} on`);
      }
    }
  }
});
