import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { buildApi } from "../../admin/api.ts";
import { PROJECTION_FILE } from "../../ledger/projection/projection.ts";
import { MemoryLedger } from "../../ledger/judge/memory_ledger.ts";
import { MoneyTally } from "../../ledger/registry/money_tally.ts";
import { MoneyBoard } from "../../ledger/ring/money_board.ts";
import { HostMoney } from "./host_money.ts";
import { moneyRoute, PLACE_FIELDS } from "./money_route.ts";

const money = new HostMoney(undefined);

function ask(directory: string | undefined): Promise<Response> {
  const api = buildApi({ title: "t", version: "0", routes: [moneyRoute(directory, money)] });
  return Promise.resolve(api.fetch(new Request("http://host/money")));
}

Deno.test("money is told by account and sponsor, with its sum", async () => {
  const directory = await Deno.makeTempDir();
  try {
    assert.equal((await ask(directory)).status, 503, "no projection yet");
    const db = new DatabaseSync(`${directory}/${PROJECTION_FILE}`);
    db.exec(`create table balance (account text, fen integer);
      insert into balance values ('source', -100), ('pool:1', 20), ('pool:2', 30), ('user', 45), ('packet', 3),
        ('returned:1', 2)`);
    db.close();
    const tally = new MoneyTally([]);
    tally.made(1, 100, 2);
    tally.awarded(1, 40, 2);
    tally.delivered(1, 40, 2);
    tally.awarded(2, 30, 2);
    money.due(1, 40, 2);
    money.due(2, 30, 2);
    money.due(3, 30, 2);
    new MoneyBoard(money.place.board).publish(tally, new MemoryLedger().balances());
    assert.deepEqual(await (await ask(directory)).json(), {
      balances: { sourceFen: -100, poolFen: 50, heldFen: 0, userFen: 45, returnedFen: 2, packetFen: 3 },
      sponsors: [{ sponsor: 2, poolFen: 30, returnedFen: 0 }, { sponsor: 1, poolFen: 20, returnedFen: 2 }],
      sumFen: 0,
      placeFields: PLACE_FIELDS,
      places: [[2, "", 100, 30, 1, 30, 2, 70, 70, 1, 40, 0, 0, 0]],
      placesLeftOut: 0,
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a server that keeps no ledger says so", async () => {
  const response = await ask(undefined);
  assert.equal(response.status, 409);
  assert.match((await response.json()).errors[0], /--ledger/);
});
