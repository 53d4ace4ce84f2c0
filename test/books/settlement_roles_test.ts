/** Settlers, payers and operators of PostgreSQL's books may do their own work and nothing else. */
import assert from "node:assert/strict";
import { UserError } from "../../core/base/user_error.ts";
import { AwardState } from "../../core/books/account/award_state.ts";
import { partOf } from "../../core/books/contract/openings.ts";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { PostgresConnection } from "../../core/books/postgres/postgres_connection.ts";
import { EVENT } from "./books_kinds.ts";
import { findPostgres, PostgresServer } from "./postgres_server.ts";
import { FIRST_MS } from "./some_ledger.ts";
import { Hosts, settleAll, statesOf } from "./wins.ts";

const USER_9 = { kind: "user", first: 9, last: 9 } as const;

function noRight(error: unknown): boolean {
  return error instanceof UserError && /permission denied.*docs\/books\.md/.test(error.message);
}

Deno.test({
  name:
    "PostgreSQL: a settler judges, a payer pays, an operator holds, a reader reads, and none does another's work",
  ignore: findPostgres() === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using postgres = await PostgresServer.start();
    await makeBooks(postgres.url(), EVENT, { roles: true });
    const roles = ["uplink", "settler", "payer", "operator", "reader"] as const;
    for (const role of roles) await postgres.sql(`create role test_${role} login in role redpkt_${role}`);
    const [uplink, settler, payer, operator, reader] = await Promise.all(
      roles.map((role) => openBooks(postgres.url(undefined, `test_${role}`))),
    );
    try {
      const hosts = new Hosts(uplink);
      await hosts.bring(1, [1, 2, 3].map((id) => ({ packetId: id, user: 8 + id, sponsor: id })));
      assert.equal((await settler.intake.hosts()).length, 1);
      assert.equal((await settler.intake.queue()).openings, 3);
      assert.equal((await settleAll(settler)).openings, 3);
      await hosts.bring(2, [{ packetId: 1, user: 20, s: 1 }]);
      assert.equal((await settleAll(settler)).again, 1);
      await operator.holds.hold(USER_9, "x", FIRST_MS);
      await operator.holds.release(USER_9, "x", FIRST_MS);
      await operator.holds.revoke(3, 3, "x", FIRST_MS);
      assert.equal((await operator.holds.journal()).length, 3);
      assert.equal((await operator.payments.queue()).queued, 2, "as books status asks");
      assert.equal(await operator.intake.retire(1, true), true);
      const claimed = await payer.payments.claim(FIRST_MS * 2, 1_000, 10);
      const { paid } = AwardState;
      await payer.payments.finish(
        claimed.map(({ packetId, claim }) => ({ packetId, claim, state: paid, dueMs: 0, reason: "" })),
      );
      assert.deepEqual(await statesOf(reader), ["1 paid", "2 paid", "3 revoked"]);
      assert.equal((await reader.statements.sums()).awards.length, 3);
      assert.equal((await reader.audits.openings()).count, 0);
      assert.equal((await reader.holds.holds()).length, 0);

      await assert.rejects(uplink.settlement.settle(partOf(9), Infinity, 1), noRight);
      await assert.rejects(uplink.payments.claim(0, 1, 1), noRight);
      await assert.rejects(settler.payments.claim(FIRST_MS * 2, 1, 1), noRight);
      await assert.rejects(settler.holds.hold(USER_9, "x", 1), noRight);
      await assert.rejects(settler.intake.retire(1, true), noRight);
      await assert.rejects(payer.settlement.settle(partOf(9), Infinity, 1), noRight);
      await assert.rejects(payer.holds.revoke(1, 1, "x", 1), noRight);
      await assert.rejects(operator.settlement.settle(partOf(9), Infinity, 1), noRight);
      await assert.rejects(reader.payments.claim(0, 1, 1), noRight);
      await assert.rejects(reader.holds.hold(USER_9, "x", 1), noRight);
      for (const role of ["settler", "payer", "operator"]) {
        const own = await PostgresConnection.open(postgres.url(undefined, `test_${role}`));
        for (
          const sql of [
            "delete from books.award",
            "delete from books.act",
            "update books.entry set amount = 1",
          ]
        ) {
          await assert.rejects(own.ask((ask) => ask.unsafe(sql)), noRight, `${role}: ${sql}`);
        }
        if (role === "payer") {
          await assert.rejects(own.ask((ask) => ask.unsafe("update books.award set fen = 1")), noRight);
          await assert.rejects(own.ask((ask) => ask.unsafe("update books.award set usr = 1")), noRight);
        }
        await own.close();
      }
    } finally {
      for (const books of [uplink, settler, payer, operator, reader]) await books.close();
    }
  },
});
