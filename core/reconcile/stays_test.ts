import assert from "node:assert/strict";
import { Random } from "../base/random.ts";
import { Stays } from "./stays.ts";

Deno.test("the last stay of every user is known, however many they are, and no other", () => {
  const random = new Random(1);
  const stays = new Stays();
  const known = new Map<number, number>();
  for (let i = 0; i < 5_000; i++) {
    const user = random.below(2) === 0 ? random.below(3_000) : random.uint32();
    const sinceMs = random.between(0, 4_000_000_000);
    stays.add(user, sinceMs);
    known.set(user, Math.max(1, sinceMs, known.get(user) ?? 0));
    assert.equal(stays.size, known.size);
  }
  for (const [user, sinceMs] of known) assert.equal(stays.sinceMs(user), sinceMs);
  for (let user = 0; user < 6_000; user++) {
    if (!known.has(user)) assert.equal(stays.sinceMs(user), Infinity, `user ${user} was never there`);
  }
});
