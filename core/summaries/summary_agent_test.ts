import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import { Random } from "../base/random.ts";
import { SimNetwork } from "../bus/sim_network.ts";
import { ForeignAwards } from "../ledger/registry/foreign_awards.ts";
import { type AwardBlock, type AwardSource, NO_HEAD, type RowMark, START } from "./award_source.ts";
import { SummaryAgent, type SummaryCount } from "./summary_agent.ts";
import { SummarySeal } from "./summary_words.ts";

const rules = { keys: [{ id: 1, secret: new Uint8Array(16).fill(1) }], event: "gala" };
const CLEAN = { delayMs: 5, jitterMs: 5, lost: 0, repeated: 0 };

/** A ledger of awards alone, a commit each. */
class Awards implements AwardSource {
  readonly ledger: string;
  readonly hostNumber: number;
  rows: number[][] = [];
  /** Changed by whoever restores an older state: its later rows have other heads. */
  branch = 1;
  readonly #heads: string[] = [NO_HEAD];

  constructor(hostNumber: number) {
    this.hostNumber = hostNumber;
    this.ledger = hostNumber.toString(16).padStart(32, "0");
  }

  add(count: number, firstUser: number): void {
    for (let i = 0; i < count; i++) {
      const packetId = this.hostNumber * 0x10_0000 + this.branch * 0x1_0000 + this.rows.length + 1;
      this.rows.push([packetId, firstUser + i, 1 + i % 5]);
      this.#heads[this.rows.length] = (this.branch * 0x1_0000 + this.rows.length).toString(16).padStart(
        16,
        "0",
      );
    }
  }

  goBack(rows: number): void {
    this.rows = this.rows.slice(0, rows);
    this.branch++;
  }

  tip(): RowMark {
    return this.#markAt(this.rows.length);
  }

  knows({ seq, head }: RowMark): boolean {
    return seq <= this.rows.length && this.#markAt(seq).head === head;
  }

  after(seq: number, rows: number): AwardBlock | undefined {
    const next = this.rows.slice(seq, seq + rows);
    if (next.length === 0) return undefined;
    return { to: this.#markAt(seq + next.length), awards: Uint32Array.from(next.flat()) };
  }

  #markAt(seq: number): RowMark {
    return seq === 0 ? START : { seq, head: this.#heads[seq] };
  }
}

class World {
  readonly clock = new ManualClock();
  readonly paths: SimNetwork[];
  readonly counts = new Map<SummaryCount, number>();
  readonly hosts: { source: Awards; foreign: ForeignAwards; agent: SummaryAgent }[] = [];
  isAsleep: boolean[] = [];

  constructor(faults = CLEAN, seed = 1) {
    const random = new Random(seed);
    this.paths = [1, 2].map(() => new SimNetwork({ isNewer: () => false }, faults, random.fork()));
  }

  host(number: number, source = new Awards(number), city = "all", by = rules): ForeignAwards {
    const foreign = ForeignAwards.of(50_000);
    const agent = new SummaryAgent({
      event: "gala",
      city,
      buses: this.paths.map(({ hub }) => hub.join(`${number}`)),
      seal: new SummarySeal(by),
      source,
      foreign,
      clock: this.clock,
      count: (what, by) => this.counts.set(what, (this.counts.get(what) ?? 0) + by),
      wake: () => {},
    });
    this.hosts.push({ source, foreign, agent });
    return foreign;
  }

  pass(seconds: number): void {
    for (let i = 0; i < seconds * 50; i++) {
      this.clock.advance(20);
      for (const path of this.paths) path.advanceTo(this.clock.monotonicMs());
      this.hosts.forEach(({ agent }, i) => this.isAsleep[i] || agent.turn());
    }
  }

  /** Every host knows all awards of all others, and none of its own. */
  assertAllKnown(where = ""): void {
    for (const { source, foreign, agent } of this.hosts) {
      const others = this.hosts.filter((host) => host.source.ledger !== source.ledger);
      for (const { source: { rows } } of others) {
        for (const [packetId, user, sponsor] of rows) {
          assert.ok(knows(foreign, user, packetId, sponsor), where);
        }
      }
      assert.equal(agent.lagRows, 0, where);
      for (const [packetId, user, sponsor] of source.rows) {
        assert.ok(!knows(foreign, user, packetId, sponsor));
      }
    }
  }
}

function knows(foreign: ForeignAwards, user: number, packetId: number, sponsor: number): boolean {
  for (let slot = foreign.first(user); slot >= 0; slot = foreign.next(slot, user)) {
    if (foreign.packetId(slot) === packetId && foreign.sponsor(slot) === sponsor) return true;
  }
  return false;
}

Deno.test("a second and a little after an award all other hosts know it", () => {
  const world = new World();
  for (let number = 1; number <= 4; number++) world.host(number);
  world.pass(1);
  for (let round = 0; round < 5; round++) {
    world.hosts.forEach(({ source }, i) => source.add(10 + i, round * 1_000 + i * 100));
    world.pass(1.1);
    world.assertAllKnown(`round ${round}`);
  }
  assert.equal(world.counts.get("asks") ?? 0, 0, "nothing was lost, so nothing was asked for");
});

Deno.test("what is lost, late or repeated on both paths comes nevertheless, and counts once", () => {
  for (const seed of [1, 2, 3]) {
    const world = new World({ delayMs: 30, jitterMs: 2_500, lost: 0.5, repeated: 0.3 }, seed);
    for (let number = 1; number <= 4; number++) world.host(number);
    for (let round = 0; round < 10; round++) {
      world.hosts.forEach(({ source }, i) => source.add(7, round * 1_000 + i * 100));
      world.pass(0.7);
    }
    world.pass(60);
    world.assertAllKnown(`seed ${seed}`);
    for (const { foreign } of world.hosts) assert.equal(foreign.size, 3 * 70, `seed ${seed}`);
    assert.ok(world.counts.get("asks")! > 0, `seed ${seed}`);
  }
});

Deno.test("a host that starts, or was away, is told all that it lacks by those who have it", () => {
  const world = new World();
  const [first, second] = [new Awards(1), new Awards(2)];
  first.add(20_000, 0);
  second.add(3, 90_000);
  world.host(1, first);
  world.host(2, second);
  world.pass(8);
  world.assertAllKnown("after a start");
  for (const path of world.paths) path.isDown = true;
  first.add(5_000, 30_000);
  world.pass(30);
  assert.equal(world.hosts[1].foreign.size, 20_000);
  for (const path of world.paths) path.isDown = false;
  world.host(3);
  world.pass(8);
  world.assertAllKnown("after an outage, and for one who is new");
});

Deno.test("one path is enough", () => {
  const world = new World();
  world.host(1);
  world.host(2);
  world.paths[0].isDown = true;
  world.hosts[0].source.add(10, 5);
  world.pass(2);
  world.assertAllKnown();
});

Deno.test("a ledger that went back to an older state is heard anew, however far it has come since", () => {
  for (const rows of [3, 40]) {
    const world = new World();
    world.host(1);
    world.host(2);
    const [{ source }, { foreign }] = world.hosts;
    source.add(30, 100);
    world.pass(3);
    world.assertAllKnown();
    world.isAsleep[0] = true;
    source.goBack(10);
    source.add(rows, 500);
    world.hosts.splice(0, 1);
    world.isAsleep = [];
    world.host(1, source);
    world.pass(10);
    world.assertAllKnown(`${rows} rows since`);
    assert.equal(foreign.size, 30 + rows, "what it has forgotten still speaks against an award");
  }
});

Deno.test("another event's keys, another city's hosts and bytes of anybody enter nothing", () => {
  const world = new World();
  const own = world.host(1);
  for (
    const by of [{ ...rules, event: "gala2" }, { ...rules, keys: [{ id: 1, secret: new Uint8Array(16) }] }]
  ) {
    const stranger = new Awards(7);
    stranger.add(10, 0);
    world.host(7, stranger, "all", by);
  }
  const elsewhere = new Awards(8);
  elsewhere.add(10, 0);
  world.host(8, elsewhere, "shanghai");
  const forger = world.paths[0].hub.join("forger");
  for (const size of [0, 10, 64, 100, 200]) forger.tell("gala.awards.all", "x", new Uint8Array(size).fill(1));
  world.pass(10);
  assert.equal(own.size, 0);
  assert.ok(world.counts.get("forged")! > 0);
  assert.ok(world.counts.get("damaged")! > 0);
});
