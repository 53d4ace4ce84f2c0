import assert from "node:assert/strict";
import type { LedgerHead } from "../../ledger/chain/links.ts";
import { ClaimWatch } from "./claim_watch.ts";

const DOUBT_MS = 60_000;

/** Places that can fail or hang, a ledger's head, and what the watch says of them. */
class WatchWorld {
  head: LedgerHead | undefined = { seq: 1, headHex: "aa" };
  readonly noted: (LedgerHead | undefined)[] = [undefined, undefined];
  /** By place: why it fails; `hang`: it never answers. */
  readonly faults: (Error | "hang" | undefined)[] = [undefined, undefined];
  readonly lines: string[] = [];
  failed = 0;
  ageMs = 0;
  doubts = 0;
  readonly watch = new ClaimWatch({
    places: [0, 1].map((at) => ({
      path: `/${at}`,
      note: (head: LedgerHead) => {
        const fault = this.faults[at];
        if (fault === "hang") return new Promise<void>(() => {});
        if (fault !== undefined) return Promise.reject(fault);
        this.noted[at] = head;
        return Promise.resolve();
      },
    })),
    head: () => this.head,
    doubtMs: DOUBT_MS,
    log: (level, event, fields) => this.lines.push(`${level} ${event} ${fields?.claim}`),
    count: (_metric, by) => this.failed += by,
    gauge: (_metric, value) => this.ageMs = value,
    onDoubt: () => this.doubts++,
  });

  /** Turns every second, from one time up to another. */
  async turns(fromMs: number, toMs: number, mayAward = true): Promise<void> {
    for (let nowMs = fromMs; nowMs <= toMs; nowMs += 1_000) {
      this.watch.turn(nowMs, mayAward);
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
  }
}

const EIO = new Error("Input/output error");

Deno.test("both places are told once a second what the ledger is, and not more often", async () => {
  const world = new WatchWorld();
  await world.turns(0, 0);
  assert.deepEqual(world.noted, [world.head, world.head]);
  world.head = { seq: 2, headHex: "bb" };
  assert.equal(world.watch.turn(999, true), 1_000);
  assert.equal((world.noted[0] as LedgerHead).seq, 1);
  await world.turns(1_000, 1_000);
  assert.deepEqual(world.noted, [world.head, world.head]);
});

Deno.test("a place that fails is counted each time, told once, and tried until it works", async () => {
  const world = new WatchWorld();
  world.faults[1] = EIO;
  await world.turns(0, 4_000);
  assert.equal(world.failed, 5);
  assert.deepEqual(world.lines, ["error claim cannot be written /1"]);
  assert.deepEqual(world.noted, [world.head, undefined]);
  world.faults[1] = undefined;
  await world.turns(5_000, 6_000);
  assert.deepEqual(world.lines.slice(1), ["info claim can be written again /1"]);
  assert.deepEqual(world.noted, [world.head, world.head]);
});

Deno.test("as long as one place knows, nobody doubts, though the other fails or hangs", async () => {
  for (const fault of [EIO, "hang"] as const) {
    const world = new WatchWorld();
    world.faults[0] = fault;
    await world.turns(0, 10 * DOUBT_MS);
    assert.deepEqual([world.doubts, world.ageMs], [0, 1_000]);
  }
});

Deno.test("a minute in which no place could be told is doubt, once, and what is shorter is not", async () => {
  for (const fault of [EIO, "hang"] as const) {
    const world = new WatchWorld();
    await world.turns(0, 5_000);
    world.faults.fill(fault);
    await world.turns(6_000, 5_000 + DOUBT_MS - 2_000);
    assert.equal(world.doubts, 0);
    world.faults.fill(undefined);
    await world.turns(5_000 + DOUBT_MS - 1_000, 10_000 + DOUBT_MS);
    assert.equal(world.doubts, 0);
    world.faults.fill(fault);
    await world.turns(11_000 + DOUBT_MS, 20_000 + 2 * DOUBT_MS);
    assert.equal(world.doubts, 1);
  }
});

Deno.test("while the ledger takes no awards there is nothing to mark, and no doubt", async () => {
  const world = new WatchWorld();
  world.head = undefined;
  world.faults.fill(EIO);
  await world.turns(0, 2 * DOUBT_MS, false);
  world.faults.fill(undefined);
  world.head = { seq: 3, headHex: "cc" };
  await world.turns(2 * DOUBT_MS + 1_000, 2 * DOUBT_MS + 1_000);
  assert.deepEqual([world.doubts, world.failed], [0, 0]);
  assert.deepEqual(world.noted, [world.head, world.head]);
});

Deno.test("the last mark is written at the end, whenever that is", async () => {
  const world = new WatchWorld();
  await world.turns(0, 0);
  world.head = { seq: 9, headHex: "ff" };
  await world.watch.end(1);
  assert.deepEqual(world.noted, [world.head, world.head]);
});
