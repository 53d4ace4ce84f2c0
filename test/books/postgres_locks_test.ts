/** Who waits for whom in PostgreSQL: settlers for operators, operators for settlers, and nobody for another settler. */
import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { partOf } from "../../core/books/contract/openings.ts";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { ACT_LOCK, PART_LOCK } from "../../core/books/postgres/postgres_settlement.ts";
import { EVENT } from "./books_kinds.ts";
import { findPostgres, PostgresServer } from "./postgres_server.ts";
import { Hosts, statesOf } from "./wins.ts";

const USER = 9;

Deno.test({
  name:
    "PostgreSQL: an act waits for who judges, who judges waits for an act, and a taken part is left alone",
  ignore: findPostgres() === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using server = await PostgresServer.start();
    await makeBooks(server.url(), EVENT);
    const books = await openBooks(server.url(), { connections: 4 });
    const { default: postgres } = await import("postgres");
    const sql = postgres(server.url(), { max: 2, fetch_types: false, onnotice: () => {} });
    /** Does something while somebody else holds a lock; asserts whether it waits for it. */
    async function whileHeld<T>(lock: string, work: () => Promise<T>, waits: boolean): Promise<T> {
      const [isHeld, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const holding = sql.begin(async (held) => {
        await held.unsafe(`select ${lock}`);
        isHeld.resolve();
        await release.promise;
      });
      await isHeld.promise;
      let isOver = false;
      const working = work().finally(() => isOver = true);
      let hasWaited = false;
      while (!isOver && !hasWaited) {
        const [{ n }] =
          await sql`select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted`;
        hasWaited = n > 0;
        await sleep(10);
      }
      release.resolve();
      await holding;
      const result = await working;
      assert.equal(hasWaited, waits, lock);
      return result;
    }
    try {
      const hosts = new Hosts(books);
      await hosts.bring(1, [{ packetId: 5, user: USER }, { packetId: 6, user: USER, sponsor: 2 }]);
      const settle = (most: number) => () => books.settlement.settle(partOf(USER), Infinity, most);
      const taken = `pg_advisory_xact_lock(${PART_LOCK}, ${partOf(USER)})`;
      assert.equal(await whileHeld(taken, settle(1), false), undefined);
      const actUnderWay = `pg_advisory_xact_lock(${ACT_LOCK})`;
      assert.equal((await whileHeld(actUnderWay, settle(1), true))?.openings, 1);
      const settlerAtWork = `pg_advisory_xact_lock_shared(${ACT_LOCK})`;
      assert.equal((await whileHeld(settlerAtWork, settle(1), false))?.openings, 1);
      const target = { kind: "user", first: USER, last: USER } as const;
      assert.equal((await whileHeld(settlerAtWork, () => books.holds.hold(target, "x", 1), true)).awards, 2);
      assert.equal((await whileHeld(settlerAtWork, () => books.holds.revoke(5, 5, "x", 1), true)).awards, 1);
      assert.equal(
        (await whileHeld(settlerAtWork, () => books.holds.release(target, "x", 1), true))?.awards,
        1,
      );
      assert.deepEqual(await statesOf(books), ["5 revoked", "6 queued"]);
    } finally {
      await sql.end({ timeout: 1 });
      await books.close();
    }
  },
});
