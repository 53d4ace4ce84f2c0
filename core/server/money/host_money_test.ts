import assert from "node:assert/strict";
import { MoneyBoard } from "../../ledger/ring/money_board.ts";
import { MemoryLedger } from "../../ledger/judge/memory_ledger.ts";
import { MoneyTally } from "../../ledger/registry/money_tally.ts";
import type { TicketWave } from "../../seed/file/tickets.ts";
import { HostMoney } from "./host_money.ts";

Deno.test("what was released and not won is due, by sponsor and wave; earlier awards don't count against it", () => {
  const groups = [
    { wave: 0, sponsor: 7, firstId: 1, count: 10, amountFen: 100 },
    { wave: 1, sponsor: 7, firstId: 11, count: 10, amountFen: 100 },
  ];
  const waves = [{ name: "20:00" }, { name: "21:00" }] as TicketWave[];
  const money = new HostMoney({ groups, waves });
  assert.equal(money.read(), undefined, "the ledger is being read");
  const tally = new MoneyTally(money.place.groups);
  const board = new MoneyBoard(money.place.board);
  tally.made(1, 100, 7);
  tally.made(11, 100, 7);
  tally.made(30, 50, 8);
  tally.awarded(1, 10, 7); // before this start
  tally.startHere();
  for (const id of [2, 3, 4]) money.due(id, 10, 7);
  money.due(30, 25, 8);
  tally.awarded(2, 10, 7);
  board.publish(tally, new MemoryLedger().balances());
  assert.deepEqual(
    money.read()!.map(({ sponsor, wave, poolFen, due, dueFen, awards }) => [
      sponsor,
      wave,
      poolFen,
      due,
      dueFen,
      awards,
    ]),
    [[7, "21:00", 100, 0, 0, 0], [7, "20:00", 80, 2, 20, 2], [8, "", 50, 1, 25, 0]],
  );
});
