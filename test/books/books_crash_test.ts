import assert from "node:assert/strict";
import { booksCrashRun } from "./books_crash_run.ts";
import { findPostgres } from "./postgres_server.ts";

Deno.test({
  name: "PostgreSQL and uplinks are killed and the books fall back, and no row is lost or there twice",
  ignore: findPostgres() === undefined,
  async fn() {
    const { differences, rows, fallBacks } = await booksCrashRun({ seed: 1, kills: 4, fallBacks: 1 });
    assert.deepEqual(differences, []);
    assert.ok(rows > 500 && fallBacks === 1, `${rows} rows are enough to mean anything`);
  },
});
