/** A power loss right after a backup or a restore: what has its name is whole on the disk, and so is the name. */
import assert from "node:assert/strict";
import { backUp } from "../../core/audit/backup.ts";
import { restore } from "../../core/audit/restore.ts";
import { DirectoryLock } from "../../core/ledger/disk/directory_lock.ts";
import { makeWorld } from "../audit/world.ts";

/** Runs, and tells what was synced and named meanwhile, in order, by the ends of the paths. */
function watchDisk(folder: string, run: () => void): string[] {
  const events: string[] = [];
  const paths = new WeakMap<Deno.FsFile, string>();
  const { openSync, linkSync, renameSync } = Deno;
  const { syncSync } = Deno.FsFile.prototype;
  const short = (path: string | URL) => String(path).replace(folder, "");
  Deno.openSync = (path, options) => {
    const file = openSync(path, options);
    paths.set(file, short(path));
    return file;
  };
  Deno.FsFile.prototype.syncSync = function () {
    events.push(`sync ${paths.get(this)}`);
    syncSync.call(this);
  };
  Deno.linkSync = (from, to) => {
    events.push(`name ${short(to)}`);
    linkSync(from, to);
  };
  Deno.renameSync = (from, to) => {
    events.push(`name ${short(to)}`);
    renameSync(from, to);
  };
  try {
    run();
  } finally {
    Object.assign(Deno, { openSync, linkSync, renameSync });
    Deno.FsFile.prototype.syncSync = syncSync;
  }
  return events;
}

Deno.test("what is backed up or restored is synced before it gets its name, and the name after", () => {
  const folder = Deno.makeTempDirSync();
  try {
    makeWorld(`${folder}/ledger`);
    assert.deepEqual(watchDisk(folder, () => backUp(`${folder}/ledger`, `${folder}/backup`, () => {})), [
      "sync /backup.part",
      "name /backup",
      "sync ",
    ]);
    assert.deepEqual(watchDisk(folder, () => restore(`${folder}/backup`, `${folder}/restored`, () => {})), [
      "sync ",
      "sync /restored/ledger.db.part",
      "sync /restored/head",
      "sync /restored",
      "name /restored/ledger.db",
      "sync /restored",
    ]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a ledger's directory that is made is durable, with those above it", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const take = () => DirectoryLock.take(`${folder}/a/b`, "--ledger").release();
    assert.deepEqual(watchDisk(folder, take), ["sync ", "sync /a"]);
    assert.deepEqual(watchDisk(folder, take), [], "it is there");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a copy that lacks what its log had is no backup: what was copied is proven too", () => {
  const folder = Deno.makeTempDirSync();
  try {
    makeWorld(`${folder}/ledger`);
    assert.throws(
      () => restore(`${folder}/ledger/ledger.db`, `${folder}/restored`, () => {}),
      /was changed while it was read/,
    );
    assert.throws(() => Deno.statSync(`${folder}/restored/ledger.db`), Deno.errors.NotFound);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
