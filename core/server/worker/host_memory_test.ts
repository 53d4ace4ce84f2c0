import assert from "node:assert/strict";
import { Mailbox } from "../../threads/mailbox.ts";
import { HostMemory } from "./host_memory.ts";

const METRICS = { users: { kind: "gauge", help: "Users" } } as const;

Deno.test("words to a SET lie in the mailbox of the worker that has it, for every SET", () => {
  const memory = new HostMemory({ capacity: 25, workers: 3, seats: 3 }, METRICS);
  assert.deepEqual(memory.shares.map(({ firstSet, sets }) => [firstSet, sets]), [[0, 3], [3, 3], [6, 3]]);
  for (let set = 0; set < memory.setCount; set++) {
    assert.ok(memory.postToSet(set, 0, Int32Array.of(set * 10), 1));
  }
  const got = memory.links.map(({ memory: { inbox } }) => {
    const sets: number[][] = [];
    new Mailbox(inbox).drain((_kind, set, _plugin, words, at) => sets.push([set, words[at]]));
    return sets;
  });
  assert.deepEqual(got, [0, 3, 6].map((first) => [0, 1, 2].map((i) => [first + i, (first + i) * 10])));
});

Deno.test("threads without SETs count in blocks of their own, after those of the SETs", () => {
  const memory = new HostMemory({ capacity: 4, workers: 2, seats: 1 }, METRICS);
  const blocks = (["main", "ledger", "projector"] as const).map((thread) =>
    memory.counterPlace(thread).block
  );
  assert.deepEqual(blocks, [4, 5, 6]);
  assert.equal(memory.counters.blocks, 7);
});

Deno.test("the ledger's first client is the main thread, then come the workers in order", () => {
  const { ledgerClients, ring, waker, links } = new HostMemory(
    { capacity: 2, workers: 2, seats: 1 },
    METRICS,
  );
  assert.deepEqual([ledgerClients[0].ring === ring, ledgerClients[0].waker === waker.words.buffer], [
    true,
    true,
  ]);
  assert.ok(links.every(({ memory }, i) => ledgerClients[i + 1].ring === memory.ring));
});
