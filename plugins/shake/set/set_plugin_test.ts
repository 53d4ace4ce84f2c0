/** A SET's half of `shake` by itself: whatever happens, a packet is in one place, with its own amount and sponsor. */
import assert from "node:assert/strict";
import {
  type AwardProposal,
  DEFER,
  EntryKind,
  Opcode,
  Refusal,
  type SetContext,
  Verdict,
  type VerdictCall,
} from "../../../core/plugin/plugin.ts";
import { Random } from "../../../core/base/random.ts";
import { config } from "../common/config.ts";
import { MAX_LEASED, PACKET_WORDS, ShakeMessage } from "../common/messages.ts";
import { ShakeSet } from "./set_plugin.ts";

const LEASE_MS = 250;
const CONNECTIONS = 4;

type Packet = readonly [packetId: number, amountFen: number, sponsor: number];

/** A host as a SET sees it: it leases packets, judges awards, and counts what comes back. */
class Stage {
  readonly set: ShakeSet;
  nowMs = 1_000;
  users = CONNECTIONS;
  isMailboxFull = false;
  isRingFull = false;
  nextTickMs = Infinity;
  readonly proposed: AwardProposal[] = [];
  readonly backAtHost: Packet[] = [];
  readonly won: Packet[] = [];
  readonly lost: Packet[] = [];
  readonly counts = new Map<number, number>();
  readonly #metrics: string[] = [];
  readonly #reply = new DataView(new ArrayBuffer(64));

  constructor() {
    const context: Partial<SetContext> = {
      seats: CONNECTIONS,
      unixSeconds: 1,
      metric: (name) => this.#metrics.push(name) - 1,
      count: (metric, by = 1) => void this.counts.set(metric, (this.counts.get(metric) ?? 0) + by),
      userOf: (connection) => 100 + connection,
      versionOf: () => 0,
      seatOf: (connection) => connection,
      canPropose: () => !this.isRingFull,
      proposeAward: (award) => void this.proposed.push({ ...award }),
      tickAt: (ms) => void (this.nextTickMs = Math.min(this.nextTickMs, ms)),
      post: (words, count) => this.#post(words, count),
    };
    Object.defineProperty(context, "users", { get: () => this.users });
    this.set = new ShakeSet(context as SetContext, config.parse({ leaseMs: LEASE_MS }));
  }

  total(name: string): number {
    return this.counts.get(this.#metrics.indexOf(name)) ?? 0;
  }

  lease(packets: readonly Packet[]): void {
    const words = Int32Array.of(7, ShakeMessage.lease, ...packets.flat()); // not at the start of the mailbox
    this.set.onMessage(words, 1, words.length - 1, this.nowMs);
  }

  /** Shakes by version 0. Returns its answer's result, or `DEFER`. */
  shake(connection: number): number {
    const size = this.set.frames[Opcode.shakeRequest].handle(
      connection,
      this.#reply,
      0,
      this.#reply,
      0,
      this.nowMs,
    );
    return size === DEFER ? DEFER : size;
  }

  /** The ledger judges the oldest award. */
  judge(verdict: number, detail = 0, connection?: number): number {
    const award = this.proposed.shift()!;
    const packet: Packet = [award.packetId, award.amountFen, award.sponsor];
    if (verdict === Verdict.done) this.won.push(packet);
    else if (detail === Refusal.packetTaken || detail === Refusal.givenBack) this.lost.push(packet);
    const rest = { tag: 0, count: 0, asked: 0, askedFrom: 0, payload: new Int32Array(8) };
    const call: VerdictCall = { ...award, ...rest, kind: EntryKind.award, verdict, detail };
    return this.set.onVerdict(call, connection ?? award.connection, this.#reply, 0, this.nowMs);
  }

  tick(): void {
    this.nextTickMs = this.set.onTick(this.nowMs);
  }

  #post(words: Int32Array, count: number): boolean {
    if (this.isMailboxFull) return false;
    assert.equal(words[0], ShakeMessage.giveBack);
    for (let at = 1; at < count; at += PACKET_WORDS) {
      this.backAtHost.push([words[at] >>> 0, words[at + 1] >>> 0, words[at + 2]]);
    }
    return true;
  }
}

const byId = (packets: readonly Packet[]) => packets.toSorted((a, b) => a[0] - b[0]);

Deno.test("whatever users, ledger and mailbox do, every packet is won, lost or back at the host in the end, as it came", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const stage = new Stage();
    const leased: Packet[] = [];
    for (let step = 0; step < 300; step++) {
      stage.isMailboxFull = random.below(3) === 0;
      stage.isRingFull = random.below(5) === 0;
      const act = random.below(10);
      const inHand = leased.length - stage.won.length - stage.lost.length - stage.backAtHost.length;
      if (act < 2 && inHand < 100) {
        const packets = Array.from(
          { length: 1 + random.below(9) },
          (): Packet => [
            0xffff_f000 - leased.length * 7 - random.below(7),
            random.uint32(),
            1 + random.below(3),
          ],
        ).filter(([id], i, all) => all.findIndex(([other]) => other === id) === i);
        leased.push(...packets);
        stage.lease(packets);
      } else if (act < 6 && stage.users > 0) stage.shake(random.below(CONNECTIONS));
      else if (act < 8 && stage.proposed.length > 0) {
        const details = [Refusal.userLimit, Refusal.sponsorLimit, Refusal.packetTaken, Refusal.poolEmpty];
        const isGone = random.below(6) === 0;
        const connection = isGone ? -1 : undefined;
        if (random.below(2) === 0) stage.judge(Verdict.done, 0, connection);
        else stage.judge(Verdict.refused, details[random.below(details.length)], connection);
      } else if (act === 8) {
        stage.nowMs += random.below(100);
        if (stage.nowMs >= stage.nextTickMs) stage.tick();
      } else if (random.below(6) === 0) {
        stage.users = stage.users === 0 ? CONNECTIONS : 0;
        if (stage.users === 0) stage.set.onClose();
        else for (let connection = 0; connection < CONNECTIONS; connection++) stage.set.onOpen(connection);
      }
      const held = leased.length - stage.won.length - stage.lost.length - stage.backAtHost.length;
      assert.ok(held >= stage.proposed.length, `seed ${seed}, step ${step}: none is in two places`);
      const drawn = stage.proposed.length + stage.won.length + stage.lost.length;
      assert.equal(stage.total("shakePacketsDrawn"), drawn, `seed ${seed}, step ${step}: drawn`);
    }
    while (stage.proposed.length > 0) stage.judge(Verdict.refused, Refusal.userLimit);
    stage.isMailboxFull = false;
    stage.set.onDrain(stage.nowMs);
    while (stage.proposed.length > 0) stage.judge(Verdict.refused, Refusal.userLimit);
    stage.tick();
    const all = [...stage.won, ...stage.lost, ...stage.backAtHost];
    assert.deepEqual(byId(all), byId(leased), `seed ${seed}`);
    const wonFen = stage.won.reduce((sum, [, fen]) => sum + fen, 0);
    assert.deepEqual([stage.total("shakeWon"), stage.total("shakeAmountWonFen")], [stage.won.length, wonFen]);
  }
});

Deno.test("what nobody wins within the lease goes back then, and not a millisecond before", () => {
  const stage = new Stage();
  stage.lease([[1, 10, 1], [2, 20, 1]]);
  assert.equal(stage.nextTickMs, 1_000 + LEASE_MS);
  stage.nowMs += 100;
  stage.lease([[3, 30, 2]]);
  stage.nowMs = 1_000 + LEASE_MS - 1;
  stage.tick();
  assert.deepEqual([stage.backAtHost, stage.nextTickMs], [[], 1_000 + LEASE_MS]);
  stage.nowMs++;
  stage.tick();
  assert.deepEqual([stage.backAtHost, stage.nextTickMs], [[[1, 10, 1], [2, 20, 1]], 1_100 + LEASE_MS]);
  stage.nowMs = stage.nextTickMs;
  stage.isMailboxFull = true;
  stage.tick();
  assert.deepEqual(
    [stage.backAtHost.length, stage.nextTickMs > stage.nowMs],
    [2, true],
    "it tries again soon",
  );
  stage.isMailboxFull = false;
  stage.nowMs += LEASE_MS;
  stage.tick();
  assert.deepEqual([stage.backAtHost.length, stage.nextTickMs], [3, Infinity]);
});

Deno.test("a SET takes as many packets as the host may lease it at once, and gives each away once", () => {
  const stage = new Stage();
  const packets = Array.from({ length: MAX_LEASED }, (_, i): Packet => [1 + i, 5, 1 + i % 7]);
  for (let round = 0; round < 3; round++) {
    stage.lease(packets);
    for (let i = 0; i < 700; i++) assert.equal(stage.shake(i % CONNECTIONS), DEFER);
    while (stage.proposed.length > 0) stage.judge(Verdict.done);
    stage.nowMs += LEASE_MS;
    stage.tick();
    assert.equal(stage.won.splice(0).length, 700);
    assert.deepEqual(byId(stage.backAtHost.splice(0)), packets.slice(700));
  }
});

Deno.test("who has as many packets as one may have costs none, until somebody else has their seat", () => {
  const stage = new Stage();
  stage.lease([[1, 10, 1], [2, 10, 1], [3, 10, 1]]);
  assert.equal(stage.shake(0), DEFER);
  stage.judge(Verdict.refused, Refusal.userLimit);
  assert.notEqual(stage.shake(0), DEFER);
  assert.equal(stage.total("shakeAtLimit"), 1);
  assert.equal(stage.shake(1), DEFER);
  stage.set.onOpen(0);
  assert.equal(stage.shake(0), DEFER);
  assert.deepEqual(stage.proposed.map(({ user, packetId }) => [user, packetId]), [[101, 2], [100, 3]]);
});

Deno.test("who may have no more of one sponsor is offered another's packet once, and the next in line gets the first", () => {
  const stage = new Stage();
  stage.lease([[1, 10, 7], [2, 10, 7], [3, 10, 8], [4, 10, 9]]);
  assert.equal(stage.shake(0), DEFER);
  assert.equal(stage.judge(Verdict.refused, Refusal.sponsorLimit), DEFER);
  assert.deepEqual(
    [stage.proposed[0].packetId, stage.proposed[0].sponsor, stage.total("shakeOtherSponsor")],
    [3, 8, 1],
  );
  assert.notEqual(stage.judge(Verdict.refused, Refusal.sponsorLimit), DEFER, "once");
  stage.tick();
  assert.deepEqual(byId(stage.backAtHost), [[1, 10, 7], [3, 10, 8]], "somebody else may have them");
  assert.equal(stage.shake(1), DEFER);
  assert.equal(stage.proposed[0].packetId, 2);
});

Deno.test("'all gone' is said when the host has said so, and nothing while packets may come", () => {
  const stage = new Stage();
  stage.shake(0);
  assert.deepEqual([stage.total("shakeNothing"), stage.total("shakeAllGone")], [1, 0]);
  const say = (gone: number) =>
    stage.set.onMessage(Int32Array.of(ShakeMessage.gone, gone), 0, 2, stage.nowMs);
  say(1);
  stage.shake(0);
  say(0);
  stage.shake(0);
  assert.deepEqual([stage.total("shakeNothing"), stage.total("shakeAllGone")], [2, 1]);
});

Deno.test("when the last user leaves, what the SET holds goes back at once, and not before", () => {
  const stage = new Stage();
  const packets: Packet[] = [[1, 5, 1], [0xffff_fff0, 0xffff_fff1, 2]];
  stage.lease(packets);
  stage.nextTickMs = Infinity;
  stage.users = 1;
  stage.set.onClose();
  assert.equal(stage.nextTickMs, Infinity, "somebody is there who may win them");
  stage.users = 0;
  stage.set.onClose();
  assert.ok(stage.nextTickMs <= stage.nowMs);
  stage.tick();
  assert.deepEqual(stage.backAtHost, packets);
  stage.nextTickMs = Infinity;
  stage.set.onClose();
  assert.equal(stage.nextTickMs, Infinity, "it holds nothing");
});
