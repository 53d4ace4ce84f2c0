import assert from "node:assert/strict";
import { LedgerState } from "../../ledger/ring/ledger_board.ts";
import { type EntryProposal, type EntryVerdict, Verdict } from "../../plugin/plugin.ts";
import type { HostEntries } from "./host_entries.ts";
import { PlacedOrders } from "./placed_orders.ts";

/** Orders over a ledger that takes everything at once and counts it. */
function bench() {
  const entered: EntryProposal[] = [];
  const state: { ledger: LedgerState } = { ledger: LedgerState.awarding };
  const entries = {
    enter(entry: EntryProposal): Promise<EntryVerdict> {
      entered.push(entry);
      return Promise.resolve({ verdict: Verdict.done, detail: 0, packetId: entered.length } as EntryVerdict);
    },
  };
  const orders = new PlacedOrders({
    entries: entries as unknown as HostEntries,
    log: () => {},
    states: () => [],
    ledgerState: () => state.ledger,
    wallMs: () => 0,
    isHeld: () => false,
    count: () => {},
  });
  const place = (key?: string) => orders.place("p", { route: "POST /x", key, body: { a: 1 } }, () => ({}));
  return { orders, place, entered, state };
}

Deno.test("a host that drains, or whose disk fails or is still read, orders and ends nothing, and says why", async () => {
  const { orders, place, entered, state } = bench();
  const { order } = await place("k");
  const refuses = async (why: RegExp) => {
    const before = entered.length;
    await assert.rejects(
      place(),
      (error: Error & { status: number }) => error.status === 503 && why.test(error.message),
    );
    await assert.rejects(orders.end(order.number), why);
    assert.equal(entered.length, before, "nothing was entered");
  };
  for (
    const [ledger, why] of [[LedgerState.failing, /disk fails/], [
      LedgerState.starting,
      /being read/,
    ]] as const
  ) {
    state.ledger = ledger;
    await refuses(why);
  }
  state.ledger = LedgerState.awarding;
  orders.isDraining = true;
  await refuses(/drains/);
  assert.equal((await place("k")).isRepeated, true, "what was ordered before is still known");
  orders.isDraining = false;
  await orders.end(order.number);
  assert.equal(order.state, "stopped");
});
