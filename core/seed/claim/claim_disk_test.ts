/** What claims rely on: of the machine's disk, and of the one in memory that stands for it in tests. */
import assert from "node:assert/strict";
import { type ClaimDisk, diskError, folderOf, systemDisk } from "./claim_disk.ts";
import { FakeDisk, FakeLedger, FakeProcess } from "./testing.ts";
import { SeedClaims } from "./claims.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);

function describeDisk(name: string, make: () => ClaimDisk): void {
  async function inFolder(run: (disk: ClaimDisk, folder: string) => Promise<void>): Promise<void> {
    const root = await Deno.makeTempDir();
    const disk = make();
    try {
      await disk.makeFolder(`${root}/a/b`);
      await run(disk, `${root}/a/b`);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  }

  Deno.test(`${name}: a file is made once, and read as it was written`, () =>
    inFolder(async (disk, folder) => {
      assert.equal(await disk.open(`${folder}/x`), undefined);
      const file = await disk.create(`${folder}/x`);
      await file.write(0, bytes("one two"));
      await file.write(4, bytes("2"));
      await file.sync();
      assert.equal(text(await file.read()), "one 2wo");
      file.close();
      await assert.rejects(disk.create(`${folder}/x`), Deno.errors.AlreadyExists);
      const again = (await disk.open(`${folder}/x`))!;
      for (let times = 0; times < 2; times++) assert.equal(text(await again.read()), "one 2wo");
      again.close();
      assert.deepEqual(await disk.names(folder), ["x"]);
    }));

  Deno.test(`${name}: a link is another name of the same file, and takes no name that is taken`, () =>
    inFolder(async (disk, folder) => {
      const file = await disk.create(`${folder}/x`);
      await disk.link(`${folder}/x`, `${folder}/y`);
      assert.equal(await file.links(), 2);
      await assert.rejects(disk.link(`${folder}/x`, `${folder}/y`), Deno.errors.AlreadyExists);
      await assert.rejects(disk.link(`${folder}/z`, `${folder}/w`), Deno.errors.NotFound);
      await disk.remove(`${folder}/x`);
      await disk.remove(`${folder}/y`);
      await assert.rejects(disk.remove(`${folder}/y`), Deno.errors.NotFound);
      assert.equal(await file.links(), 0);
      file.close();
    }));

  Deno.test(`${name}: a lock is held by one, under any name, until it is closed`, () =>
    inFolder(async (disk, folder) => {
      const file = await disk.create(`${folder}/x`);
      assert.equal(await file.tryLock(), true);
      await disk.link(`${folder}/x`, `${folder}/y`);
      const other = (await disk.open(`${folder}/y`))!;
      assert.equal(await other.tryLock(), false);
      file.close();
      assert.equal(await other.tryLock(), true);
      other.close();
    }));
}

describeDisk("the machine's disk", () => systemDisk);
describeDisk("a disk in memory", () => new FakeProcess(new FakeDisk()));

Deno.test("the folders that are made are durable in those above them", async () => {
  const root = await Deno.makeTempDir();
  const synced: string[] = [];
  const disk: ClaimDisk = { ...systemDisk, syncFolder: (path) => Promise.resolve(void synced.push(path)) };
  await disk.makeFolder(`${root}/a/b`);
  await disk.makeFolder(`${root}/a/b`);
  assert.deepEqual(synced, [root, `${root}/a`]);
  await Deno.remove(root, { recursive: true });
});

Deno.test("the kernel is told to sync each claim before it has its name, its folder after, and each mark", async () => {
  const root = await Deno.realPath(await Deno.makeTempDir());
  await Deno.writeTextFile(`${root}/a.seed`, "tickets");
  await Deno.mkdir(`${root}/claims`);
  const calls: string[] = [];
  const paths = new WeakMap<Deno.FsFile, string>();
  const { open, link, remove } = Deno;
  const { sync, write } = Deno.FsFile.prototype;
  const say = (call: string, path: string) =>
    calls.push(`${call} ${path.slice(root.length).replace(/(5e)+/, "H")}`);
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    paths.set(file, String(path));
    return file;
  };
  Deno.link = (path, name) => (say("link", name), link(path, name));
  Deno.remove = (path, options) => (say("remove", String(path)), remove(path, options));
  Deno.FsFile.prototype.sync = function () {
    say("sync", paths.get(this)!);
    return sync.call(this);
  };
  Deno.FsFile.prototype.write = function (data) {
    say("write", paths.get(this)!);
    return write.call(this, data);
  };
  try {
    const seed = { path: `${root}/a.seed`, hash: "5e".repeat(32), links: 1, firstId: 1 };
    const options = { seed, ledger: new FakeLedger("a"), directory: `${root}/claims`, wallMs: 0, token: "t" };
    (await SeedClaims.take(options)).close();
    const made = (folder: string) => [
      ...["write", "sync"].map((call) => `${call} ${folder}/H.claim.t.new`),
      `link ${folder}/H.claim`,
      `remove ${folder}/H.claim.t.new`,
    ];
    const settled = (folder: string) => [`sync ${folder}/H.claim.t.new`, `sync ${folder}`];
    const begun = [...made(""), ...made("/claims"), ...settled(""), ...settled("/claims")];
    assert.deepEqual(calls.slice(0, begun.length), begun);
    const marks = calls.slice(begun.length);
    for (const folder of ["", "/claims"]) {
      const of = marks.filter((call) => call.endsWith(` ${folder}/H.claim.t.new`)).map((call) =>
        call.split(" ")[0]
      );
      assert.deepEqual(of, ["write", "sync"], "the mark, on the file that was linked");
    }
  } finally {
    Object.assign(Deno, { open, link, remove });
    Object.assign(Deno.FsFile.prototype, { sync, write });
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a disk's fault is told from a place that can't be used: another start may succeed", () => {
  const exit = (code: string) => diskError("x", Object.assign(new Error(code), { code })).exitCode;
  assert.deepEqual(["EIO", "ENOSPC", "EDQUOT", "ESTALE"].map(exit), [74, 74, 74, 74]);
  assert.deepEqual(["EACCES", "EROFS", "ENOTDIR", "ENOENT"].map(exit), [2, 2, 2, 2]);
});

Deno.test("what a disk says is told in one line, with what can be done where that is known", () => {
  const said = (error: unknown) => diskError("x", error).message;
  assert.equal(
    said(Object.assign(new Error("EIO: away\nat y"), { code: "EIO" })),
    "x cannot be written: EIO: away",
  );
  const both = "Both the seed file's folder and --claims DIR must be where this server may write";
  assert.equal(said(new Deno.errors.PermissionDenied("z")), `x cannot be written: no permission. ${both}`);
  assert.equal(said("strange"), `x cannot be written: strange. ${both}`);
});

Deno.test("the folder of a path", () => {
  const paths = ["a/b", "a//b/", "/a", "/", "a", "/a/b/c.seed", "C:\\seeds\\a.seed"];
  assert.deepEqual(paths.map(folderOf), ["a", "a", "/", "/", ".", "/a/b", "C:\\seeds"]);
});
