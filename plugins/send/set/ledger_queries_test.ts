import assert from "node:assert/strict";
import { entryOf, kinds, type SetContext, Verdict, type VerdictCall } from "../../../core/plugin/plugin.ts";
import { LedgerQueries } from "./ledger_queries.ts";

/** A SET whose ring takes so many more queries. */
function fakeSet(room: { places: number; asked: number[] }): SetContext {
  return {
    canProposeAll: () => room.places > 0,
    propose: ({ user }: { user: number }) => {
      room.places--;
      room.asked.push(user);
    },
    tickAt: () => {},
  } as unknown as SetContext;
}

function answer(first: number, verdict: number = Verdict.done): VerdictCall {
  return { verdict, payload: Int32Array.of(first) } as unknown as VerdictCall;
}

Deno.test("users' queries are turned away once ten thousand wait, and taken again when there is room", () => {
  const room = { places: 5, asked: [] as number[] };
  const queries = new LedgerQueries(fakeSet(room));
  for (let user = 0; user < 10_005; user++) {
    assert.equal(queries.hasRoom, true, `query ${user}`);
    queries.ask(entryOf(kinds.balanceOf, { user }), 0, () => {});
  }
  assert.deepEqual([queries.hasRoom, queries.isBehind, room.asked.length], [false, true, 5]);
  room.places = 1;
  queries.pump();
  assert.deepEqual([queries.hasRoom, room.asked.at(-1)], [true, 5]);
  room.places = Infinity;
  queries.pump();
  assert.deepEqual([queries.isBehind, room.asked.length], [false, 10_005]);
  assert.deepEqual(room.asked, Array.from({ length: 10_005 }, (_, i) => i), "each once, in order");
});

Deno.test("answers go to their queries in order, and one that the disk couldn't answer is asked again", () => {
  const room = { places: Infinity, asked: [] as number[] };
  const queries = new LedgerQueries(fakeSet(room));
  const heard: string[] = [];
  for (const user of [7, 8]) {
    queries.ask(entryOf(kinds.balanceOf, { user }), 0, ([first]) => heard.push(`${user}: ${first}`));
  }
  queries.answered(answer(0, Verdict.refused), 0);
  queries.answered(answer(80), 0);
  queries.pump();
  assert.deepEqual(room.asked, [7, 8, 7]);
  queries.answered(answer(70), 0);
  assert.deepEqual(heard, ["8: 80", "7: 70"]);
});
