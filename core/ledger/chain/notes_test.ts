import assert from "node:assert/strict";
import { SqliteStore } from "../store/sqlite_store.ts";

Deno.test("the limits of a ledger are the loosest that ever were in force, each by itself", () => {
  const directory = Deno.makeTempDirSync();
  const store = new SqliteStore(directory, "off");
  try {
    const limits = (packetsPerUser: number, packetsPerSponsor: number) => ({
      packetsPerUser,
      packetsPerSponsor,
    });
    assert.deepEqual(store.limits(), limits(Infinity, Infinity), "nobody ever said");
    for (
      const [next, loosest] of [
        [limits(5, 1), limits(5, 1)],
        [limits(3, 2), limits(5, 2)], // who won more before may have it
        [limits(Infinity, 1), limits(Infinity, 2)],
        [limits(1, 1), limits(Infinity, 2)],
      ]
    ) {
      store.noteLimits(next, 0);
      assert.deepEqual(store.limits(), loosest);
    }
  } finally {
    store.close();
    Deno.removeSync(directory, { recursive: true });
  }
});
