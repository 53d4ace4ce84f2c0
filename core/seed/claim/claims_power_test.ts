/** Servers that die, or lose power, at every step of making a claim, and servers that make one at the same moment. */
import assert from "node:assert/strict";
import { UserError } from "../../base/user_error.ts";
import { Random } from "../../base/random.ts";
import { Died, FakeDisk, FakeLedger, FakeProcess } from "./testing.ts";
import { type ClaimOptions, SeedClaims } from "./claims.ts";

const HASH = "5e".repeat(32);
const SEEDS = "/seeds/a.seed";

type Start = { claims: SeedClaims } | { refused: string } | "died";

/** A server's start: it gives tickets away if it has the claims. */
async function start(
  process: FakeProcess,
  ledger: FakeLedger,
  { path = SEEDS, directory = "/claims", token = ledger.directory.slice(1) } = {},
): Promise<Start> {
  const options: ClaimOptions = {
    seed: { path, hash: HASH, links: 1, firstId: 1 },
    ledger,
    directory,
    wallMs: 0,
    disk: process,
    token,
  };
  try {
    return { claims: await SeedClaims.take(options) };
  } catch (error) {
    if (error instanceof Died) return "died";
    // What a dying disk says reaches the user in words; then the process is gone.
    if (process.calls > process.diesAt) return "died";
    assert.ok(error instanceof UserError, String((error as Error).stack));
    return { refused: error.message };
  }
}

function world(): FakeDisk {
  const disk = new FakeDisk();
  for (const folder of ["/seeds", "/others"]) disk.put(`${folder}/a.seed`, "tickets");
  return disk;
}

function isUp(result: Start): result is { claims: SeedClaims } {
  return result !== "died" && "claims" in result;
}

/** How many calls a whole first start makes. */
async function callsOfStart(): Promise<number> {
  const process = new FakeProcess(world());
  assert.ok(isUp(await start(process, new FakeLedger("a"))));
  return process.calls;
}

Deno.test("what a start has made is durable: after a power loss nobody else has the file, and it goes on", async () => {
  const disk = world();
  const ledger = new FakeLedger("a").append(3);
  const first = await start(new FakeProcess(disk), ledger);
  assert.ok(isUp(first));
  disk.losePower();
  const other = await start(new FakeProcess(disk), new FakeLedger("b"));
  assert.ok(!isUp(other) && other !== "died" && /is consumed: ledger a has used it/.test(other.refused));
  for (const place of first.claims.places) {
    assert.match(disk.read(place.path)!, /\nmark 0000000000000003 /, "both are in force");
  }
  assert.ok(isUp(await start(new FakeProcess(disk), ledger)));
});

Deno.test("a claim has its name only when it is whole and durable, and is in force only when both are", async () => {
  for (let dies = 0; dies < await callsOfStart(); dies++) {
    const disk = world();
    const process = new FakeProcess(disk);
    process.diesAt = dies;
    await start(process, new FakeLedger("a"));
    disk.losePower();
    const claims = ["/seeds", "/claims"].map((folder) => disk.read(`${folder}/${HASH}.claim`));
    for (const claim of claims) assert.ok(claim === undefined || claim.startsWith("redpkt claim 2 "), claim);
    if (claims.some((claim) => claim?.includes("\nmark 0"))) {
      assert.ok(claims.every((claim) => claim !== undefined), `dies at ${dies}: one is in force alone`);
    }
  }
});

Deno.test("a server that died at any step, with the power or without, goes on, and no other gets the file from it", async () => {
  const calls = await callsOfStart();
  for (let dies = 0; dies <= calls; dies++) {
    for (let seed = 0; seed < 8; seed++) {
      const where = `dies at ${dies}, seed ${seed}`;
      const disk = world();
      const ledger = new FakeLedger("a").append(2);
      const process = new FakeProcess(disk);
      process.diesAt = dies;
      const wasUp = isUp(await start(process, ledger));
      if (!wasUp && seed > 0) disk.losePower(new Random(seed));
      const other = new FakeLedger("b");
      if (wasUp) {
        process.diesAt = process.calls;
        await process.does("open", "").catch(() => {});
        disk.losePower(seed === 0 ? undefined : new Random(seed));
        assert.ok(!isUp(await start(new FakeProcess(disk), other)), where);
      }
      const again = await start(new FakeProcess(disk), ledger, { token: "again" });
      assert.ok(isUp(again), `${where}: ${JSON.stringify(again)}`);
      const left = [...disk.names.values()].flatMap((names) => [...names.keys()]).filter((name) =>
        /\.new$/.test(name)
      );
      assert.deepEqual(left, [], `${where}: nothing half made is left`);
      const late = await start(new FakeProcess(disk), other);
      assert.ok(late !== "died" && "refused" in late, where);
    }
  }
});

Deno.test("of servers that start at the same moment at most one has the file, whatever they share", async () => {
  const ways = [
    {}, // all of it
    { path: "/others/a.seed" }, // copies of the file, one state directory
    { directory: "/elsewhere" }, // one file, state directories of their own
  ];
  const wins = [0, 0, 0];
  for (let seed = 1; seed <= 600; seed++) {
    const random = new Random(seed);
    const disk = world();
    const way = ways[seed % ways.length];
    // A copy of the ledger has the same id, and the same claim.
    const ledger = new FakeLedger("a").append(1);
    const rival = seed % 2 === 0 ? new FakeLedger("b") : ledger.copy("b");
    const results = await Promise.all([
      start(new FakeProcess(disk, random), ledger),
      start(new FakeProcess(disk, random), rival, way),
    ]);
    const up = results.filter(isUp).length;
    assert.ok(up <= 1, `seed ${seed}: both have it`);
    wins[up]++;
  }
  assert.ok(wins[1] > 500, `mostly one wins: ${wins}`);
});

Deno.test("of many that start and die at the same moment no two that share a place have the file, and who has it has both claims", async () => {
  for (let seed = 1; seed <= 1_500; seed++) {
    const random = new Random(seed);
    const disk = world();
    const ledger = new FakeLedger("a").append(1);
    const servers = Array.from({ length: 5 }, (_, i) => {
      const process = new FakeProcess(disk, random);
      if (random.below(3) === 0) process.diesAt = random.below(40);
      const path = random.below(3) === 0 ? "/others/a.seed" : SEEDS;
      const directory = random.below(3) === 0 ? "/elsewhere" : "/claims";
      const own = random.below(2) === 0 ? ledger.copy(`a${i}`) : new FakeLedger(`b${i}`);
      return { process, own, place: { path, directory } };
    });
    const results = await Promise.all(
      servers.map(async ({ process, own, place }, i) => {
        for (let turns = random.below(120); turns > 0; turns--) await Promise.resolve();
        return await start(process, own, { ...place, token: `t${i}` });
      }),
    );
    const taken = results.flatMap((result) =>
      isUp(result) ? result.claims.places.map(({ path }) => path) : []
    );
    assert.equal(new Set(taken).size, taken.length, `seed ${seed}: ${taken}`);
    for (const path of taken) assert.match(disk.read(path) ?? "gone", /\nmark 0/, `seed ${seed}: ${path}`);
  }
});

Deno.test("what a dead server has left half made is removed, and what a living one is making is not", async () => {
  const disk = world();
  const other = new FakeProcess(disk);
  const path = `/seeds/${HASH}.claim.other.new`;
  const making = await other.create(path);
  await making.tryLock();
  const first = await start(new FakeProcess(disk), new FakeLedger("a"));
  assert.ok(isUp(first) && disk.inode(path) !== undefined);
  first.claims.close();
  making.close();
  disk.put(`/seeds/${HASH}.claim.txt`, "somebody's own");
  assert.ok(!isUp(await start(new FakeProcess(disk), new FakeLedger("b"))));
  assert.equal(disk.inode(path), undefined);
  assert.ok(disk.inode(`/seeds/${HASH}.claim.txt`) !== undefined);
});

Deno.test("who is too late takes back the claim that they have made", async () => {
  let late = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const disk = world();
    // Copies of the file: each has a folder of its own, and the state directory is for one of them.
    const paths = [SEEDS, "/others/a.seed"];
    const results = await Promise.all(
      paths.map((path, i) => start(new FakeProcess(disk, random), new FakeLedger(`${i}`), { path })),
    );
    assert.equal(results.filter(isUp).length, 1, `seed ${seed}`);
    const claims = ["/seeds", "/others"].map((folder) => disk.read(`${folder}/${HASH}.claim`));
    assert.deepEqual(claims.map((claim) => claim !== undefined), results.map(isUp), `seed ${seed}`);
    const [loser] = results.filter((result) => result !== "died" && "refused" in result) as {
      refused: string;
    }[];
    if (loser.refused.includes("another server claims it right now")) late++;
  }
  assert.ok(late > 50, `${late} were too late in the middle`);
});

Deno.test("a disk that fails at any step refuses the start with an exit code that says so, or does not matter", async () => {
  const calls = await callsOfStart();
  for (const code of ["EIO", "ENOSPC"]) {
    for (let at = 0; at < calls; at++) {
      const disk = world();
      const ledger = new FakeLedger("a");
      const process = new FakeProcess(disk);
      process.fault = () => process.calls - 1 === at ? Object.assign(new Error(code), { code }) : undefined;
      const options = {
        seed: { path: SEEDS, hash: HASH, links: 1, firstId: 1 },
        ledger,
        directory: "/claims",
        wallMs: 0,
      };
      const failed = await SeedClaims.take({ ...options, disk: process, token: "t" }).then(
        () => undefined,
        (error) => error as UserError,
      );
      assert.ok(failed === undefined || failed.exitCode === 74, `${code} at ${at}: ${failed}`);
      if (failed !== undefined) {
        assert.ok(isUp(await start(new FakeProcess(disk), ledger)), `${code} at ${at}`);
      }
      const claims = ["/seeds", "/claims"].map((folder) => disk.read(`${folder}/${HASH}.claim`)!);
      for (const claim of claims) {
        assert.match(claim, /\nmark 0/, `${code} at ${at}: in force in both places`);
      }
    }
  }
});

Deno.test("a claim that is in force can be read where it can't be written, as long as the other can", async () => {
  for (const broken of [["/seeds"], ["/claims"], ["/seeds", "/claims"]]) {
    const disk = world();
    const ledger = new FakeLedger("a");
    const first = await start(new FakeProcess(disk), ledger);
    assert.ok(isUp(first));
    first.claims.close();
    const process = new FakeProcess(disk);
    process.fault = (call, path) =>
      call === "write" && broken.some((folder) => path.startsWith(folder))
        ? Object.assign(new Error("EIO"), { code: "EIO" })
        : undefined;
    assert.equal(isUp(await start(process, ledger.append(1))), broken.length === 1, `${broken}`);
  }
});

Deno.test("a claim that was put back is durable with its first mark, whoever puts that", async () => {
  const disk = world();
  const ledger = new FakeLedger("a").append(1);
  const first = await start(new FakeProcess(disk), ledger);
  assert.ok(isUp(first));
  first.claims.close();
  disk.remove(`/claims/${HASH}.claim`);
  const process = new FakeProcess(disk);
  // It dies when the claim has its name, and nothing is durable.
  process.fault = (call, path) => {
    if (call === "sync" && path.startsWith("/claims") && disk.inode(`/claims/${HASH}.claim`) !== undefined) {
      process.diesAt = 0;
    }
    return undefined;
  };
  const seed = { path: SEEDS, hash: HASH, links: 1, firstId: 1 };
  const options = { seed, ledger, directory: "/claims", wallMs: 0, disk: process, token: "m" };
  await SeedClaims.mend(options).catch(() => {});
  const again = await start(new FakeProcess(disk), ledger, { token: "again" });
  assert.ok(isUp(again), JSON.stringify(again));
  again.claims.close();
  disk.losePower();
  assert.ok(isUp(await start(new FakeProcess(disk), ledger, { token: "last" })));
});

Deno.test("marks are written in turn: whatever becomes of one, the one before it stands", async () => {
  const disk = world();
  const ledger = new FakeLedger("a").append(1);
  const process = new FakeProcess(disk);
  const result = await start(process, ledger);
  assert.ok(isUp(result));
  const [place] = result.claims.places;
  const marks = () => [...disk.read(place.path)!.matchAll(/^mark (\d+)/gm)].map(([, seq]) => Number(seq));
  for (let seq = 2; seq < 6; seq++) {
    await place.note(ledger.append(1).head);
    assert.deepEqual(marks().sort(), [seq - 1, seq]);
  }
  process.fault = (call) => call === "sync" ? new Error("EIO") : undefined;
  for (let tries = 0; tries < 3; tries++) {
    await assert.rejects(place.note(ledger.append(1).head), /EIO/);
    assert.ok(marks().includes(5), "the newest that is durable");
  }
  process.fault = () => undefined;
  await place.note(ledger.head);
  disk.losePower();
  assert.deepEqual(marks().sort(), [5, 8]);
  disk.remove(place.path);
  await assert.rejects(place.note(ledger.head), /it was removed/);
});

Deno.test("a mark waits for no other: while the disk doesn't answer, the next one is a failure", async () => {
  const disk = world();
  const ledger = new FakeLedger("a").append(1);
  const process = new FakeProcess(disk);
  const result = await start(process, ledger);
  assert.ok(isUp(result));
  const [place] = result.claims.places;
  const first = place.note(ledger.append(1).head);
  await assert.rejects(place.note(ledger.append(1).head), /has not answered yet/);
  await first;
  await place.note(ledger.head);
  assert.match(disk.read(place.path)!, /mark 0{15}3 /);
});
