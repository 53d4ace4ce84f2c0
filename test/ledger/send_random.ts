/** Random sends, claims and returns, near the edges of what exists: a ledger judges each as the model does. */
import assert from "node:assert/strict";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { Verdict } from "../../core/ledger/record/entry.ts";
import { HeadBit, HeadWord } from "../../core/ledger/record/sent_packet.ts";
import { Random } from "../../core/base/random.ts";
import type { SendBench } from "./ledger_send_cases.ts";
import { restFen, SendModel, type Wish } from "./send_model.ts";

const STEPS = 400;
const SETS = 3;
/** Numbers of 32 bits: a sign that is lost somewhere makes another user of one. */
const USERS = [0, 1, 7, 0x8000_0001, 0xffff_ffff];
const GROUPS = [1, 2, 0x9000_0000];
const ORDERS = [1, 0x8000_0005];
const REQUESTS = [0, 1, 2, 3, 0x8000_0000];
const DEADLINES_MS = [1, 0xffff_ffff, 0x1_0000_0000, 1_800_000_000_001];

/** Compares a ledger with the model, judgement by judgement, and all that can be asked now and then. */
export function compareWithSendModel(bench: SendBench, seed: number): void {
  const random = new Random(seed);
  const model = new SendModel();
  const verdicts = new Map<number, number>();
  for (let step = 0; step < STEPS; step++) {
    const [judged, expected, what] = someStep(bench, model, random);
    assert.deepEqual(judged, expected, `seed ${seed}, step ${step}: ${what}`);
    verdicts.set(expected[0], (verdicts.get(expected[0]) ?? 0) + 1);
    if (step % 50 !== 49) continue;
    if (step % 100 === 99) bench.reopen();
    compareAll(bench, model, `seed ${seed}, step ${step}`);
  }
  for (const verdict of [Verdict.done, Verdict.doneBefore, Verdict.refused]) {
    assert.ok(verdicts.get(verdict)! > STEPS / 20, `seed ${seed}: enough of verdict ${verdict}`);
  }
}

type Step = [judged: number[], expected: number[], what: string];

function someStep(bench: SendBench, model: SendModel, random: Random): Step {
  const one = <T>(list: readonly T[]): T => list[random.below(list.length)];
  const rarely = () => random.below(6) === 0;
  const user = one(USERS);
  const packet = model.packets.length === 0 ? undefined : one(model.packets);
  const packetId = packet === undefined || rarely()
    ? 0xffff_ffff - random.below(model.packets.length + 2)
    : packet.id;
  switch (random.below(packet === undefined ? 3 : 10)) {
    case 0: {
      const [order, amountFen] = [one(ORDERS), one([0, 5, 60, 2 ** 32, 2 ** 32 + 1])];
      return [bench.fund(order, user, amountFen), model.fund(order, user, amountFen), `fund ${user}`];
    }
    case 1: {
      const [id, members] = [one(GROUPS), USERS.filter(() => random.below(2) === 0)];
      const twice = members.length === 0 || rarely() ? members : [...members, members[0]].reverse();
      return [bench.group(id, twice), model.setGroup(id, members), `group ${id} of ${members}`];
    }
    case 2:
    case 3:
    case 4: {
      const group = random.below(2) === 0 ? 0 : one(GROUPS);
      const to = group === 0 ? USERS.filter(() => random.below(2) === 0).reverse() : rarely() ? [1] : [];
      const shares = Array.from({ length: random.below(4) }, () => rarely() ? 0 : 1 + random.below(20));
      const which = { requestId: one(REQUESTS), isFromHost: rarely(), deadlineMs: one(DEADLINES_MS) };
      const wish: Wish = { user, shares, group, to, ...which };
      const [judged, expected] = [bench.send(user, shares, wish), model.send(wish)];
      if (expected[0] !== Verdict.refused) {
        const { id, deadlineMs } = model.sentBefore(wish)!;
        assert.deepEqual([bench.packetId, bench.deadlineMs], [id, deadlineMs]);
      }
      return [judged, expected, `send ${JSON.stringify(wish)}`];
    }
    case 5: {
      const sender = rarely() ? user : packet!.user;
      const amountFen = restFen(packet!) + (rarely() ? one([-1, 1]) : 0);
      const isFromHost = packet!.isFromHost !== rarely();
      const judged = bench.takeBack(sender, amountFen, packetId, isFromHost);
      const what = `take back ${packetId} of ${sender}: ${amountFen}`;
      return [judged, model.takeBack(packetId, sender, amountFen, isFromHost), what];
    }
    case 6:
      return [bench.delivered(user, packetId), model.delivered(packetId, user), `told ${user}`];
    default: {
      const share = random.below(packet!.shares.length + (rarely() ? 1 : 0));
      const amountFen = rarely() ? 1 + random.below(20) : packet!.shares[share] ?? 1;
      const judged = bench.claim(user, share, amountFen, packetId);
      const what = `claim ${share} of ${packetId} by ${user}: ${amountFen}`;
      return [judged, model.claim(packetId, user, share, amountFen), what];
    }
  }
}

function compareAll(bench: SendBench, model: SendModel, when: string): void {
  const balances = [model.sourceFen, ...model.totals()];
  // A sum of none is -0 in one of them.
  assert.deepEqual(bench.balances().map((fen) => fen + 0), balances.map((fen) => fen + 0), when);
  for (const user of USERS) {
    assert.equal(bench.balance(user), model.balanceOf.get(user) ?? 0, when);
    assert.deepEqual(bench.openFor(user), model.openFor(user), `${when}: open for ${user}`);
    assert.deepEqual(bench.pendingShares(user), model.pendingShares(user), `${when}: told to ${user}`);
  }
  for (let set = 0; set < SETS; set++) {
    assert.deepEqual(bench.openOf(set, SETS), model.openOf(set, SETS), `${when}: of SET ${set}`);
  }
  const groups = [...model.groups].sort(([a], [b]) => a - b);
  assert.deepEqual(bench.groups(), groups.map(([id, members]) => [id, members.length]), when);
  for (const [id, members] of groups) {
    const words = [members.length, ...members];
    assert.deepEqual(bench.body(EntryKind.groupBody, id, words.length), words, `${when}: group ${id}`);
  }
  for (const packet of model.packets) {
    const words = model.bodyOf(packet);
    assert.deepEqual(bench.body(EntryKind.packetBody, packet.id, words.length), words, when);
    const head = bench.ask(EntryKind.head, { asked: packet.id });
    assert.deepEqual(
      [HeadWord.packetId, HeadWord.sender, HeadWord.group, HeadWord.shares].map((at) => head[at]),
      [packet.id, packet.user, packet.group, packet.shares.length],
    );
    assert.equal(head[HeadWord.deadlineLow] + head[HeadWord.deadlineHigh] * 2 ** 32, packet.deadlineMs, when);
    const bits = (packet.isFromHost ? HeadBit.fromHost : 0) | (packet.isOver ? HeadBit.over : 0);
    assert.equal(head[HeadWord.mode], 1 | bits, when);
  }
}
