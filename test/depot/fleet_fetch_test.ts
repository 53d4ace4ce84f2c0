/** A fleet, a server and a depot, each a process of its own: resources come in idle time, and never while people shake. */
import assert from "node:assert/strict";
import { redpkt, Running, startServer } from "../processes.ts";
import { DepotFolder } from "./depot_folder.ts";

const PACKAGES = 8;
const SAMPLE = 20;
const USERS = 200;

async function until(isDone: () => Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 2_400; i++) {
    if (await isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`it doesn't come to: ${what}`);
}

Deno.test("a fleet fetches between its waves, proves every chunk, and says what is modelled", async () => {
  using folder = new DepotFolder(Array.from({ length: PACKAGES }, () => 3_000), 50_000_000);
  await using server = await startServer(["--workers", "1"]);
  await using depot = new Running(
    [
      "depot",
      "--dir",
      folder.dir,
      "--keys",
      folder.keys.path,
      "--listen",
      "127.0.0.1:0",
      "--admin",
      "127.0.0.1:0",
    ],
  );
  const { listen, admin } = await depot.event("listening");
  const flags = ["--users", `0-${USERS - 1}`, "--server", `127.0.0.1:${server.port}`, "--protocol", "1"];
  const fetching = ["--depot", `http://${listen}`, "--depot-keys", folder.keys.path];
  await using fleet = new Running([
    "client",
    ...flags,
    ...fetching,
    ...["--depot-sample", String(SAMPLE), "--qps", "500", "--control", "127.0.0.1:0"],
    // A busy machine sends some shakes too late, which is no matter here.
    ...["--least-answered", "0"],
  ]);
  const { control } = await fleet.event("ready");
  const counters = async () => await (await fetch(`http://${control}/counters`)).json();
  const bytesOut = async () => {
    const text = await (await fetch(`http://${admin}/metrics`)).text();
    return Number(/^redpkt_depot_bytes_out_total (\d+)/m.exec(text)![1]);
  };
  const rate = async (qps: number) => {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ qps }),
    };
    assert.ok((await fetch(`http://${control}/rate`, init)).ok);
  };

  await until(async () => (await counters()).counters.shakesAnswered > 500, "shakes");
  assert.equal(await bytesOut(), 0, "while they shake, nothing is fetched");
  const inS = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  // Nearly everybody's turns are in the first window; the other is for a machine that is slow.
  folder.plan.windows = [
    { start: inS(-1), end: inS(20), bytesPerS: 1_000_000_000 },
    { start: inS(20), end: inS(140), bytesPerS: 10_000_000 },
  ];
  folder.pack();
  await depot.event("manifest");
  await rate(0);
  await fleet.event("manifest");
  await until(async () => (await counters()).counters.depotChunks > 20, "chunks");
  await rate(500);
  const { counters: before } = await counters();
  await until(async () => (await counters()).counters.shakesAnswered > before.shakesAnswered + 500, "a wave");
  assert.equal((await counters()).counters.depotChunks, before.depotChunks, "a wave stops it");
  await rate(0);
  await until(async () => (await counters()).gauges.depotUsersWhole === SAMPLE, "everybody has everything");
  const { counters: after, gauges } = await counters();
  assert.equal(after.depotChunks, SAMPLE * PACKAGES);
  assert.equal(after.depotPackagesWhole, SAMPLE * PACKAGES);
  assert.deepEqual([after.depotDamaged, after.depotBytesInShakes], [0, 0]);
  assert.deepEqual([gauges.depotUsers, gauges.modelledUsers], [SAMPLE, USERS - SAMPLE]);
  assert.ok(after.depotBytes >= SAMPLE * PACKAGES * 3_000);

  depot.process.kill("SIGTERM");
  assert.equal(await depot.ended(), 0);
  fleet.process.kill("SIGTERM");
  assert.equal(await fleet.ended(), 0);
});

Deno.test("a depot without a manifest, a plan with mistakes and a fleet that trusts nobody are told what to do", async () => {
  using folder = new DepotFolder([10], 1e6);
  const keys = ["--keys", folder.keys.path];
  const none = await redpkt(["depot", "--dir", `${folder.root}/none`, ...keys]);
  assert.equal(none.code, 2);
  assert.match(
    none.stderr,
    /none\/manifest: cannot be read: .* Make it with: redpkt depot pack PLAN\.json\n$/,
  );
  Deno.writeTextFileSync(
    `${folder.root}/bad.json`,
    JSON.stringify({ packages: [{ name: "A B", file: "x", sponsor: -1, resource: 1 }], windows: [] }),
  );
  const bad = await redpkt(["depot", "pack", `${folder.root}/bad.json`, "--dir", folder.dir, ...keys]);
  assert.equal(bad.code, 2);
  assert.equal(bad.stderr.trim().split("\n").length, 3, "a name, a number and a window are wrong");
  const nobody = await redpkt(
    [
      "client",
      "--depot",
      "http://127.0.0.1:1",
      "--depot-keys",
      `${folder.root}/nobody`,
      "--control",
      "127.0.0.1:0",
    ],
  );
  assert.equal(nobody.code, 2);
  assert.match(nobody.stderr, /--depot-keys .*nobody: no key is trusted there/);
  const odd = await redpkt(["client", "--depot", "ftp://x"]);
  assert.equal(odd.code, 2);
  assert.match(odd.stderr, /--depot: must be show, or a URL such as http:\/\/127\.0\.0\.1:8080/);
});
