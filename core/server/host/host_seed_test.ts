import assert from "node:assert/strict";
import { EVENT_MS, resealed, SMALL_PLAN, TestSet } from "../../seed/make/testing.ts";
import { ManualClock } from "../../base/clock.ts";
import { HostSeed, type HostSeedOptions } from "./host_seed.ts";

/** A host's start with a seed file; returns why it is refused, if it is. */
async function start(
  set: TestSet,
  more: Partial<HostSeedOptions> = {},
  wallMs = EVENT_MS,
): Promise<string | undefined> {
  const ledger = Deno.makeTempDirSync();
  const clock = new ManualClock(wallMs);
  const options = {
    path: set.path("host-a"),
    hostId: "host-a",
    keys: set.keys.path,
    ledger,
    claims: `${ledger}/claims`,
    doubtMs: 60_000,
  };
  try {
    await (await HostSeed.open({ ...options, ...more }, clock)).close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    Deno.removeSync(ledger, { recursive: true });
  }
}

Deno.test("a host takes the file that was made for it and signed by somebody it trusts", async () => {
  using set = new TestSet();
  assert.equal(await start(set), undefined);
});

Deno.test("a host refuses a file that somebody without the key has made right in all else", async () => {
  using set = new TestSet();
  const path = set.path("host-a");
  const bytes = Deno.readFileSync(path);
  const text = new TextDecoder("latin1").decode(bytes);
  // A sponsor's name in the plan: no sum and no ticket tells.
  bytes[text.indexOf("Alpha")] ^= 1;
  Deno.writeFileSync(path, resealed(bytes));
  assert.match((await start(set))!, /its signature is not that of key/);
});

Deno.test("a host refuses a file that is unsigned, a stranger's, another host's or expired, and claims none of them", async () => {
  using set = new TestSet();
  using unsigned = new TestSet(SMALL_PLAN, { isUnsigned: true });
  assert.match((await start(unsigned))!, /is not signed/);
  assert.match((await start(set, { keys: unsigned.keys.path }))!, /and trusted are/);
  assert.match((await start(set, { hostId: "host-b" }))!, /is for host host-a/);
  assert.match((await start(set, {}, Date.parse(SMALL_PLAN.expires)))!, /has expired/);
  const damaged = Deno.readFileSync(set.path("host-a"));
  damaged[damaged.length - 200] ^= 1;
  Deno.writeFileSync(set.path("host-a"), damaged);
  assert.ok(await start(set) !== undefined);
  for (const { folder } of [set, unsigned]) {
    const claims = [...Deno.readDirSync(folder)].filter(({ name }) => name.includes(".claim"));
    assert.deepEqual(claims, []);
  }
});

Deno.test("a ledger that can't be opened is told in one line", async () => {
  using set = new TestSet();
  const message = await start(set, { ledger: `${set.folder}/absent` });
  assert.match(message!, /^--ledger .*absent: cannot be used: /);
});

Deno.test("when a host ends, both claims know the ledger's last row", async () => {
  using set = new TestSet();
  const folder = Deno.makeTempDirSync();
  const seed = await HostSeed.open({
    ...{ path: set.path("host-a"), hostId: "host-a", keys: set.keys.path, ledger: folder },
    ...{ claims: `${folder}/claims`, doubtMs: 60_000 },
  }, new ManualClock(EVENT_MS));
  let head = { seq: 5, headHex: "a5".repeat(32) };
  seed.watch({ head: () => head, log: () => {}, count: () => {}, gauge: () => {}, onDoubt: () => {} });
  seed.turn(0, true);
  head = { seq: 77, headHex: "77".repeat(32) };
  const { claims } = seed.description as { claims: string[] };
  await seed.close();
  assert.equal(claims.length, 2);
  for (const path of claims) assert.match(Deno.readTextFileSync(path), /\nmark 0{14}77 (77){32} /);
  Deno.removeSync(folder, { recursive: true });
});
