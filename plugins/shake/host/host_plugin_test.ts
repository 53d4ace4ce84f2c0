/** The host's half of `shake` by itself: packets go to SETs whose users shake, and each is in one place. */
import assert from "node:assert/strict";
import type { HostContext, PacketSource } from "../../../core/plugin/plugin.ts";
import { Random } from "../../../core/base/random.ts";
import { config } from "../common/config.ts";
import { ShakeHost } from "./host_plugin.ts";
import { MAX_LEASED, PACKET_WORDS, ShakeMessage } from "../common/messages.ts";

const SETS = 3;

type Packet = readonly [packetId: number, amountFen: number, sponsor: number];

/** SETs as the host sees them, and a plugin that releases packets. */
class Stage {
  readonly host: ShakeHost;
  nowMs = 0;
  readonly due: Packet[] = [];
  readonly closed = new Set<number>();
  isDone = false;
  /** The host's clock is off. */
  isHeld = false;
  readonly isFull: boolean[] = Array(SETS).fill(false);
  readonly users: number[] = Array(SETS).fill(1);
  /** By SET: what it holds, and how many of its packets were drawn and won, and its shakes for nothing. */
  readonly held: Packet[][] = Array.from({ length: SETS }, () => []);
  readonly drawn: number[] = Array(SETS).fill(0);
  readonly won: number[] = Array(SETS).fill(0);
  readonly shakes: number[] = Array(SETS).fill(0);
  readonly saidGone: (number | undefined)[] = Array(SETS).fill(undefined);

  constructor() {
    const source: Partial<PacketSource> = {
      release: (_nowMs, take) => this.due.splice(0).forEach((packet) => take(...packet)),
      isOpen: (packetId) => !this.closed.has(packetId),
      nextDueMs: () => Infinity,
    };
    Object.defineProperty(source, "isDone", { get: () => this.isDone });
    const context: Partial<HostContext> = {
      setCount: SETS,
      packetSource: () => source as PacketSource,
      usersOf: (set) => this.users[set],
      valueOf: (set, name) =>
        name === "shakePacketsDrawn"
          ? this.drawn[set]
          : name === "shakeWon"
          ? this.won[set]
          : name === "shakeNothing"
          ? this.shakes[set]
          : 0,
      total: (name) =>
        this.#sum(name === "shakePacketsDrawn" ? this.drawn : name === "shakeWon" ? this.won : []),
      post: (set, words, count) => this.#post(set, words, count),
      gauge: () => {},
      count: () => {},
      packetDue: () => {},
      mayRelease: () => !this.isHeld,
    };
    this.host = new ShakeHost(context as HostContext, config.parse({}));
  }

  get inPool(): number {
    return this.host.status().inPool as number;
  }

  tick(ms = 10): void {
    this.nowMs += ms;
    this.host.onTick(this.nowMs);
  }

  /** A SET's user wins a packet that it holds. */
  win(set: number): Packet {
    this.drawn[set]++;
    this.won[set]++;
    return this.held[set].shift()!;
  }

  giveBack(set: number, count: number): void {
    const words = [ShakeMessage.giveBack, ...this.held[set].splice(0, count).flat()];
    this.host.onMessage(set, Int32Array.of(9, ...words), 1, words.length);
  }

  #sum(numbers: readonly number[]): number {
    return numbers.reduce((sum, number) => sum + number, 0);
  }

  #post(set: number, words: Int32Array, count: number): boolean {
    if (this.isFull[set]) return false;
    if (words[0] === ShakeMessage.gone) this.saidGone[set] = words[1];
    if (words[0] !== ShakeMessage.lease) return true;
    for (let at = 1; at < count; at += PACKET_WORDS) {
      this.held[set].push([words[at] >>> 0, words[at + 1] >>> 0, words[at + 2]]);
    }
    return true;
  }
}

const byId = (packets: readonly Packet[]) => packets.toSorted((a, b) => a[0] - b[0]);

Deno.test("whatever mailboxes take and SETs give back, every packet is won, held, in the pool, or closed", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    const stage = new Stage();
    const all: Packet[] = [];
    const won: Packet[] = [];
    for (let step = 0; step < 400; step++) {
      const set = random.below(SETS);
      switch (random.below(8)) {
        case 0:
          for (let i = random.below(30); i > 0; i--) {
            const packet: Packet = [0xffff_0000 - all.length, random.uint32(), 1 + random.below(9)];
            all.push(packet);
            stage.due.push(packet);
          }
          break;
        case 1:
          stage.isFull[set] = !stage.isFull[set];
          break;
        case 2:
          stage.giveBack(set, random.below(5));
          break;
        case 3:
          if (stage.held[set].length > 0) won.push(stage.win(set));
          break;
        default:
          stage.shakes[set] += random.below(3);
          stage.tick(random.below(20));
      }
      stage.tick(0);
      const held = stage.held.flat();
      assert.equal(won.length + held.length + stage.inPool, all.length, `seed ${seed}, step ${step}`);
      assert.equal(stage.host.status().leased, held.length, `seed ${seed}, step ${step}: leased`);
      assert.ok(stage.held.every(({ length }) => length <= MAX_LEASED));
    }
    stage.isFull.fill(false);
    for (let i = 0; i < 100 && stage.inPool > 0; i++) {
      stage.shakes.forEach((shakes, set) => stage.shakes[set] = shakes + 1);
      stage.tick();
    }
    assert.deepEqual(byId([...won, ...stage.held.flat()]), byId(all), `seed ${seed}: as they were released`);
  }
});

Deno.test("packets go where users shake: none to a SET without users or shakes, and about in proportion", () => {
  const stage = new Stage();
  stage.users[2] = 0;
  stage.due.push(...Array.from({ length: 900 }, (_, i): Packet => [1 + i, 5, 1]));
  stage.tick();
  assert.equal(stage.inPool, 900, "nobody has shaken");
  stage.shakes[0] = 200;
  stage.shakes[1] = 100;
  stage.shakes[2] = 500;
  stage.tick();
  assert.deepEqual(stage.held.map(({ length }) => length), [600, 300, 0]);
});

Deno.test("while the host holds its packets none is leased, not even what was released before; then all are", () => {
  const stage = new Stage();
  stage.due.push([1, 5, 1], [2, 5, 1]);
  stage.shakes[0] = 10;
  stage.tick();
  assert.equal(stage.held[0].length, 2);
  stage.isHeld = true;
  stage.giveBack(0, 2);
  for (let i = 0; i < 10; i++) stage.tick();
  assert.deepEqual([stage.held[0].length, stage.inPool, stage.host.status().isHeld], [0, 2, true]);
  stage.isHeld = false;
  stage.shakes[0] = 20;
  stage.tick();
  assert.deepEqual([stage.held[0].length, stage.inPool], [2, 0]);
});

Deno.test("what can't be won any more is leased to nobody, and all is gone once the rest is won", () => {
  const stage = new Stage();
  stage.due.push([1, 5, 1], [2, 5, 1], [3, 5, 1]);
  stage.closed.add(1).add(3);
  stage.shakes[0] = 10;
  stage.tick();
  assert.deepEqual(stage.held[0], [[2, 5, 1]]);
  stage.isDone = true;
  stage.tick();
  assert.deepEqual(stage.saidGone, [undefined, undefined, undefined], "one can be won yet");
  stage.win(0);
  stage.isFull[1] = true;
  stage.tick();
  assert.deepEqual(stage.saidGone, [1, undefined, 1]);
  stage.isFull[1] = false;
  stage.tick();
  assert.deepEqual(stage.saidGone, [1, 1, 1]);
  stage.isDone = false;
  stage.tick();
  assert.deepEqual(stage.saidGone, [0, 0, 0], "there may be more again");
  stage.host.onDrain();
  stage.due.push([4, 5, 1]);
  stage.tick();
  assert.equal(stage.host.status().released, 3, "a host that drains takes nothing more");
});
