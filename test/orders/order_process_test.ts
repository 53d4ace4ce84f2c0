/** Operators' orders on a real server that is killed in the middle of them. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { checkLedger } from "../../core/audit/check/check.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { exportLedger } from "../../core/audit/export.ts";
import { TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import { sleep } from "../../core/base/clock.ts";
import { redpkt, startServer } from "../processes.ts";

const PACKETS = { ratePerS: 100, total: 300, minFen: 1, maxFen: 9 };
const FUND = { users: [5, 100_004], amountFen: 3 };
const USERS = 100_000;
const LOOK_MS = 20;

interface Shown {
  readonly route: string;
  readonly state: string;
  readonly made?: number;
  readonly funded?: number;
}

type Server = Awaited<ReturnType<typeof startServer>>;

function start(directory: string): Promise<Server> {
  return startServer(["--ledger", directory, "--workers", "1", "--plugins", "throttle,shake,send"]);
}

/** Looks at the orders until they are as wanted. */
async function until(server: Server, isMet: (packets: Shown, fund: Shown) => boolean): Promise<void> {
  for (;;) {
    const { orders } = await server.get("/orders") as { orders: Shown[] };
    const of = (route: string) => orders.find((order) => order.route === route)!;
    if (isMet(of("POST /packets"), of("POST /fund"))) return;
    await sleep(LOOK_MS);
  }
}

Deno.test("kill -9 in the middle of packets and money: the next start makes the rest, and knows the keys", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const key = { "idempotency-key": "eve" };
    {
      await using server = await start(directory);
      const { status, body } = await server.post("/packets", PACKETS, key);
      assert.deepEqual([status, body.order, body.repeated], [200, 1, false]);
      // It is answered in the middle; and while it goes on, so are others.
      const funding = server.post("/fund", FUND, key).catch(() => {}); // the kill may cut it
      await until(server, (packets, fund) => packets.made! > 0 && fund?.funded! > 0);
      server.running.process.kill("SIGKILL");
      await funding;
    }
    const db = new DatabaseSync(`${directory}/${TRUTH_FILE}`);
    const count = (kind: number, what = "count(*)") =>
      db.prepare(`select ${what} as n from entry where kind = ?`).get(kind)!.n as number;
    assert.ok(count(EntryKind.mint, "sum(count)") < PACKETS.total, "it was killed in the middle");
    assert.ok(count(EntryKind.fund) < USERS, "of both");
    await using server = await start(directory);
    const again = await server.post("/packets", PACKETS, key);
    assert.deepEqual([again.status, again.body.order, again.body.repeated], [200, 1, true]);
    const money = await server.post("/fund", FUND, key);
    assert.deepEqual([money.status, money.body.order, money.body.repeated], [200, 2, true]);
    assert.equal((await server.post("/packets", { ...PACKETS, total: 301 }, key)).status, 409);
    assert.equal((await server.post("/fund", { ...FUND, amountFen: 4 }, key)).status, 409);
    await until(server, (packets, fund) => packets.state === "done" && fund.state === "done");
    assert.equal((await server.get("/packets")).inPool, PACKETS.total, "what was made before is there again");
    assert.deepEqual(await server.get("/fund"), {
      fundings: [{ order: 2, state: "done", funded: USERS, users: USERS }],
    });
    server.running.process.kill("SIGTERM");
    assert.equal(await server.running.ended(), 0);
    assert.equal(count(EntryKind.mint, "sum(count)"), PACKETS.total);
    assert.equal(count(EntryKind.fund, "count(distinct user)"), USERS);
    assert.equal(count(EntryKind.fund), USERS);
    assert.equal(count(EntryKind.order), 2);
    db.close();
    assert.deepEqual(checkLedger(directory).problems, []);
    const { stdout } = await redpkt(["ledger", "show", directory, "--order", "1"]);
    assert.match(stdout, /^order 1: POST \/packets at .*, Idempotency-Key eve\n {2}\{.*"total":300\}\n/);
    assert.match(stdout, /300 of 300 packets made, .* yuan; 300 can be won\n$/);
    const made = await redpkt(["ledger", "show", directory, "--packet", "1"]);
    assert.match(made.stdout, /nobody has won it\nmade for order 1\n$/);
    const csv = `${directory}/all.csv`;
    await exportLedger(directory, "csv", csv);
    assert.match(await Deno.readTextFile(csv), /^\d+,order,1,0,0,0,\d+,\d+$/m);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("money for too many users, an empty key and one of another kind are refused before anything", async () => {
  await using server = await startServer(["--workers", "1", "--plugins", "send"]);
  const { status, body } = await server.post("/fund", { users: [0, 4_000_000_000], amountFen: 1 });
  assert.equal(status, 400);
  assert.deepEqual(body.errors, ["users: must be at most 10000000 users"]);
  const keyed = await server.post("/fund", { users: [0, 1], amountFen: 1 }, {
    "idempotency-key": "x".repeat(1_025),
  });
  assert.equal(keyed.status, 400);
  assert.deepEqual((await server.get("/orders")).orders, []);
  const { paths } = await server.get("/openapi.json");
  for (const path of ["/fund", "/sends"]) {
    assert.equal(paths[path].post.parameters[0].name, "Idempotency-Key", path);
    assert.ok(paths[path].post.responses["409"], path);
  }
  assert.equal(paths["/groups"].post.parameters, undefined);
});
