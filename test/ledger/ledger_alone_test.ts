/** A ledger belongs to one process by one name, and a log without its file is evidence. */
import assert from "node:assert/strict";
import { acceptLoss } from "../../core/audit/accept_loss.ts";
import { checkLedger } from "../../core/audit/check/check.ts";
import { ManualClock } from "../../core/base/clock.ts";
import { UserError } from "../../core/base/user_error.ts";
import { noteOf } from "../../core/ledger/chain/notes.ts";
import { kinds } from "../../core/ledger/kinds/entry_kinds.ts";
import { refuseLostRows } from "../../core/ledger/evidence/inspect.ts";
import { PROJECTION_FILE } from "../../core/ledger/projection/projection.ts";
import { SqliteStore, TRUTH_FILE } from "../../core/ledger/store/sqlite_store.ts";
import { copyFolder, makeWorld } from "../audit/world.ts";

const WALL_MS = 1_763_600_000_000;
const LOG_FILE = `${TRUTH_FILE}-wal`;
const note = (packets: number) =>
  noteOf(kinds.limits, { packetsPerUser: packets, packetsPerSponsor: packets });

/** Runs with a folder in which `killed` is a ledger as a killed server leaves it. */
function withWorld(run: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    makeWorld(`${folder}/killed`);
    run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function assertRefused(directory: string, words: RegExp): void {
  assert.throws(
    () => refuseLostRows(directory, WALL_MS),
    (error) => error instanceof UserError && words.test(error.message),
  );
}

Deno.test("whatever became of the lock, two processes never commit on top of each other", () => {
  withWorld((folder) => {
    const directory = `${folder}/killed`;
    const [one, other] = [new SqliteStore(directory, "off"), new SqliteStore(directory, "off")];
    one.note(note(7), WALL_MS);
    assert.throws(() => other.note(note(8), WALL_MS), /another process adds to this ledger/);
    one.note(note(9), WALL_MS); // nobody is harmed but the one who came second
    other.close();
    one.close();
    assert.deepEqual(checkLedger(directory).problems, []);
  });
});

Deno.test("a truth or a projection with several names is refused under each of them", () => {
  withWorld((folder) => {
    for (const file of [TRUTH_FILE, PROJECTION_FILE]) {
      for (const link of [Deno.symlinkSync, Deno.linkSync]) {
        const [holds, links] = [`${folder}/holds`, `${folder}/links`];
        for (const directory of [holds, links]) copyFolder(`${folder}/killed`, directory);
        Deno.removeSync(`${links}/${file}`);
        link(`${holds}/${file}`, `${links}/${file}`);
        assertRefused(links, /is a link, or has other names/);
        if (link === Deno.linkSync) assertRefused(holds, /is a link, or has other names/);
        for (const directory of [holds, links]) Deno.removeSync(directory, { recursive: true });
      }
    }
  });
});

Deno.test("the log of a truth that is gone or empty is evidence: refused, and kept when the loss is accepted", () => {
  withWorld((folder) => {
    for (const isEmpty of [false, true]) {
      const directory = `${folder}/log-${isEmpty}`;
      copyFolder(`${folder}/killed`, directory, [LOG_FILE]);
      if (isEmpty) Deno.writeFileSync(`${directory}/${TRUTH_FILE}`, new Uint8Array());
      const log = Deno.readFileSync(`${directory}/${LOG_FILE}`);
      assertRefused(directory, /ledger\.db-wal is the log of a ledger\.db that is gone/);
      assert.deepEqual(Deno.readFileSync(`${directory}/${LOG_FILE}`), log);
      const { aside } = acceptLoss(directory, "test", new ManualClock(WALL_MS));
      const [kept] = aside.filter((name) => name.startsWith(`${TRUTH_FILE}.aside`));
      assert.deepEqual(Deno.readFileSync(`${directory}/${kept}-wal`), log);
      assert.deepEqual(checkLedger(directory).problems, []);
    }
  });
});
