import assert from "node:assert/strict";
import { copyAside, setAside } from "./set_aside.ts";

const WALL_MS = Date.parse("2029-01-01T12:00:00.500Z");
const NAME = "checkpoint.aside-2029-01-01T12-00-00-500Z";

function withFolder(run: (folder: string, files: () => string[]) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    run(folder, () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort());
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("what is set aside is there by a name that says when, and no evidence takes another's place", () => {
  withFolder((folder, files) => {
    assert.equal(setAside(folder, "checkpoint", WALL_MS), undefined);
    const names: (string | undefined)[] = [];
    for (const text of ["first", "second", "third"]) {
      Deno.writeTextFileSync(`${folder}/checkpoint`, text);
      names.push(setAside(folder, "checkpoint", WALL_MS));
    }
    assert.deepEqual(names, [NAME, `${NAME}-2`, `${NAME}-3`]);
    assert.deepEqual(files(), names);
    assert.deepEqual(
      names.map((name) => Deno.readTextFileSync(`${folder}/${name}`)),
      ["first", "second", "third"],
    );
  });
});

Deno.test("a database goes with its log, also where that is all there is; a copy leaves both where they are", () => {
  withFolder((folder, files) => {
    for (const suffix of ["", "-wal", "-shm"]) Deno.writeTextFileSync(`${folder}/db${suffix}`, `db${suffix}`);
    const copy = copyAside(folder, "db", WALL_MS);
    assert.deepEqual(files(), ["db", "db-shm", "db-wal", copy, `${copy}-wal`]);
    assert.equal(Deno.readTextFileSync(`${folder}/${copy}-wal`), "db-wal");
    const name = setAside(folder, "db", WALL_MS)!;
    assert.notEqual(name, copy);
    assert.deepEqual(files(), [copy, `${copy}-wal`, name, `${name}-shm`, `${name}-wal`].sort());
    Deno.writeTextFileSync(`${folder}/other-wal`, "a log alone");
    const log = setAside(folder, "other", WALL_MS)!;
    assert.equal(Deno.readTextFileSync(`${folder}/${log}-wal`), "a log alone");
  });
});

Deno.test({
  name: "a new name is durable when it is given",
  ignore: Deno.build.os === "windows",
  fn() {
    withFolder((folder) => {
      Deno.writeTextFileSync(`${folder}/checkpoint`, "x");
      const { syncSync } = Deno.FsFile.prototype;
      const seen: string[][] = [];
      Deno.FsFile.prototype.syncSync = function () {
        seen.push([...Deno.readDirSync(folder)].map(({ name }) => name));
        syncSync.call(this);
      };
      try {
        setAside(folder, "checkpoint", WALL_MS);
      } finally {
        Deno.FsFile.prototype.syncSync = syncSync;
      }
      assert.deepEqual(seen, [[NAME]], "the folder, once the name is new");
    });
  },
});
