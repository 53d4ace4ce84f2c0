import assert from "node:assert/strict";
import type { PluginDoor } from "../../../core/plugin/plugin.ts";
import { door } from "./door.ts";
import { RateTable } from "./rate_table.ts";

Deno.test("a rate lets a burst through, then so many a second, by key", () => {
  const table = new RateTable<number>(2, 3);
  assert.deepEqual([0, 0, 0, 0].map(() => table.take(1, 0)), [0, 0, 0, 500]);
  assert.equal(table.take(2, 0), 0, "another key has its own");
  assert.ok(table.take(1, 499) > 0);
  assert.equal(table.take(1, 500), 0);
  assert.deepEqual(
    [0, 0, 0, 0].map(() => table.take(1, 60_000)),
    [0, 0, 0, 500],
    "no more than a burst is saved",
  );
});

Deno.test("no limit is none, and however many keys come, few are known: who was seen last", () => {
  const open = new RateTable<number>(0, 1);
  for (let i = 0; i < 10; i++) assert.equal(open.take(1, 0), 0);
  const table = new RateTable<number>(1, 1, 10);
  assert.equal(table.take(0, 0), 0);
  for (let key = 1; key < 100; key++) {
    assert.equal(table.take(key, 0), 0);
    assert.ok(table.take(0, 0) > 0, "who comes again and again is not forgotten");
  }
  assert.equal(table.take(1, 0), 0, "who came long ago is");
});

function opened(config: Record<string, number>): { readonly at: Required<PluginDoor>; counted: string[] } {
  const counted: string[] = [];
  const made = door.create((metric) => counted.push(metric), door.config.parse(config));
  return { at: made as Required<PluginDoor>, counted };
}

Deno.test("a door holds each address to its rate, and who is over it takes nothing of the others'", () => {
  const { at, counted } = opened({ acceptsPerS: 10, addressAcceptsPerS: 1, addressAcceptBurst: 2 });
  assert.deepEqual([1, 1, 1, 1].map((address) => at.connect(address, 0)), [0, 0, 1_000, 1_000]);
  for (let i = 0; i < 100; i++) at.connect(1, 0);
  for (let address = 2; address < 10; address++) assert.equal(at.connect(address, 0), 0);
  assert.equal(at.connect(10, 0), 100, "ten a second are all");
  assert.deepEqual([counted.at(-1), new Set(counted.slice(0, -1))], [
    "throttleAcceptsByHost",
    new Set(["throttleAcceptsByAddress"]),
  ]);
});

Deno.test("a door holds each token to the rate of logins that servers hold a user to, in the same words", () => {
  const { at, counted } = opened({ userLoginsPerMinute: 30, userLoginBurst: 2 });
  assert.deepEqual([0, 0, 0].map(() => at.login(7, 5, 0)), [0, 0, 2_000]);
  assert.equal(at.login(7, 0x1000_0000, 0), 0, "another token");
  assert.equal(at.login(8, 5, 0), 0, "another user, where tokens aren't checked");
  assert.deepEqual(counted, ["throttleLoginsByUser"]);
  assert.throws(() => opened({ hostPerS: 5 }), /hostPerS/, "what only servers have is no word here");
});
