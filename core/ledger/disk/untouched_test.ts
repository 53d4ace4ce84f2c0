import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { lookUntouched, UntouchedDatabase } from "./untouched.ts";

/** A database as a killed process leaves it: its last row is in the log alone. */
function withKilled(run: (path: string, folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "redpkt-untouched-" });
  try {
    const db = new DatabaseSync(`${folder}/living`);
    db.exec("pragma journal_mode = wal; create table t (x); insert into t values (7)");
    Deno.mkdirSync(`${folder}/killed`);
    for (const suffix of ["", "-wal", "-shm"]) {
      Deno.copyFileSync(`${folder}/living${suffix}`, `${folder}/killed/db${suffix}`);
    }
    db.close();
    run(`${folder}/killed/db`, `${folder}/killed`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function bytesOf(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) =>
    `${name} ${Deno.readFileSync(`${folder}/${name}`).toHex()}`
  ).sort();
}

const readX = (db: DatabaseSync) => db.prepare("select x from t").get()?.x;

Deno.test("a look sees what is in the log alone and changes no byte, with and without shared memory", () => {
  for (const lost of [[], ["-shm"]]) {
    for (const isOurs of [false, true]) {
      withKilled((path, folder) => {
        for (const suffix of lost) Deno.removeSync(`${path}${suffix}`);
        const before = bytesOf(folder);
        const db = new UntouchedDatabase(path, isOurs);
        assert.equal(readX(db), 7);
        db.renew();
        assert.equal(readX(db), 7);
        assert.throws(() => db.exec("insert into t values (8)"));
        db.close();
        assert.deepEqual(bytesOf(folder), before, `${lost}, ${isOurs ? "ours" : "somebody's"}`);
      });
    }
  }
});

Deno.test("a log whose header is damaged is as good as gone, for a look as for SQLite, and stays as it is", () => {
  for (const lost of [[], ["-shm"]]) {
    for (const isOurs of [false, true]) {
      withKilled((path, folder) => {
        for (const suffix of lost) Deno.removeSync(`${path}${suffix}`);
        const log = Deno.readFileSync(`${path}-wal`);
        log[17] ^= 1;
        Deno.writeFileSync(`${path}-wal`, log);
        const before = bytesOf(folder);
        const db = new UntouchedDatabase(path, isOurs);
        assert.equal(db.prepare("select count(*) as n from sqlite_schema").get()!.n, 0);
        db.close();
        assert.deepEqual(bytesOf(folder), before);
      });
    }
  }
});

Deno.test("a look that fails leaves nothing behind, and says why", () => {
  withKilled((path, folder) => {
    Deno.removeSync(`${path}-shm`);
    for (const suffix of ["", "-wal"]) Deno.writeTextFileSync(`${path}${suffix}`, "neither ".repeat(99));
    const before = bytesOf(folder);
    assert.throws(() => lookUntouched(path, readX), /not a database/);
    assert.throws(() => new UntouchedDatabase(path), /not a database/);
    assert.deepEqual(bytesOf(folder), before);
    assert.throws(() => lookUntouched(`${folder}/none`, readX));
    assert.deepEqual(bytesOf(folder), before);
  });
});
