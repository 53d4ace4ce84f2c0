import assert from "node:assert/strict";
import { UserError } from "../../base/user_error.ts";
import { DirectoryLock } from "./directory_lock.ts";

function withFolder(run: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function refusal(run: () => DirectoryLock): string {
  try {
    run().release();
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return error.message;
  }
  return "taken";
}

Deno.test("a directory is made with those above it, is one process's, and says whose", () => {
  withFolder((folder) => {
    const directory = `${folder}/a/b/ledger`;
    const lock = DirectoryLock.take(directory, "--ledger");
    assert.equal(Deno.readTextFileSync(`${directory}/lock`), `${Deno.pid}\n`);
    const words =
      `--ledger ${directory}: process ${Deno.pid} uses this ledger. Stop it, or name another directory`;
    assert.equal(refusal(() => DirectoryLock.take(directory, "--ledger")), words);
    assert.equal(refusal(() => DirectoryLock.takeExisting(directory, "--ledger")), words);
    lock.release();
    Deno.writeTextFileSync(`${directory}/lock`, "a process number of more digits than there are");
    assert.equal(refusal(() => DirectoryLock.takeExisting(directory, "--ledger")), "taken");
    assert.equal(Deno.readTextFileSync(`${directory}/lock`), `${Deno.pid}\n`, "only the last one's");
  });
});

Deno.test({
  name: "whoever removes the lock's file lets nobody in",
  ignore: Deno.build.os !== "linux",
  fn() {
    withFolder((directory) => {
      const lock = DirectoryLock.take(directory, "--ledger");
      Deno.removeSync(`${directory}/lock`);
      assert.match(
        refusal(() => DirectoryLock.take(directory, "--ledger")),
        /process unknown uses this ledger/,
      );
      lock.release();
      assert.equal(refusal(() => DirectoryLock.take(directory, "--ledger")), "taken");
    });
  },
});

Deno.test("a directory that can't be made, or isn't there, is told", () => {
  withFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/file`, "");
    for (const directory of [`${folder}/file`, `${folder}/file/ledger`]) {
      assert.equal(
        refusal(() => DirectoryLock.take(directory, "--ledger")),
        `--ledger ${directory}: cannot be written: there is a file of this name`,
      );
    }
    assert.match(
      refusal(() => DirectoryLock.takeExisting(`${folder}/none`, "--ledger")),
      /none: holds no ledger \(there is no such directory\)$/,
    );
    assert.throws(() => Deno.statSync(`${folder}/none`), Deno.errors.NotFound);
  });
});

Deno.test({
  name: "the names of the folders that it makes are durable, outermost first",
  ignore: Deno.build.os === "windows",
  fn() {
    withFolder((folder) => {
      const { openSync } = Deno;
      const { syncSync } = Deno.FsFile.prototype;
      const paths = new WeakMap<Deno.FsFile, string>();
      const synced: string[] = [];
      Deno.openSync = (path, options) => {
        const file = openSync(path, options);
        paths.set(file, String(path));
        return file;
      };
      Deno.FsFile.prototype.syncSync = function () {
        synced.push(paths.get(this)!.slice(folder.length));
        syncSync.call(this);
      };
      try {
        DirectoryLock.take(`${folder}/a/b`, "--ledger").release();
        DirectoryLock.take(`${folder}/a/b`, "--ledger").release();
      } finally {
        Deno.openSync = openSync;
        Deno.FsFile.prototype.syncSync = syncSync;
      }
      assert.deepEqual(synced, ["", "/a"]);
    });
  },
});
