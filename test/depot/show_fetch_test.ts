/** A show says what phones fetch: a director names a manifest, a server tells users, and a fleet takes that very one. */
import assert from "node:assert/strict";
import { Running } from "../processes.ts";
import { ShowPlace } from "../show/show_place.ts";
import { DepotFolder } from "./depot_folder.ts";

const PACKAGES = 3;
const SAMPLE = 4;
const USERS = 20;

async function until(isDone: () => Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 2_400; i++) {
    if (await isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`it doesn't come to: ${what}`);
}

Deno.test("a fleet fetches the manifest that the show names, and no other; the address comes from the show alone", async () => {
  await using place = new ShowPlace();
  await place.make();
  using folder = new DepotFolder(Array.from({ length: PACKAGES }, () => 3_000), 50_000_000);
  await using server = await place.server(["--bus", `file:${place.path}/bus`]);
  const serving = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
  await using depot = new Running(["depot", "--dir", folder.dir, "--keys", folder.keys.path, ...serving]);
  const { listen, sha256 } = await depot.event("listening") as unknown as { listen: string; sha256: string };
  const anna = ["--keys", "anna", "--bus", "file:bus"];
  await place.show(["init", "--plan", "plan.json", "--event", "gala", "--approve", "ben", ...anna]);
  await using fleet = new Running([
    "client",
    ...["--users", `0-${USERS - 1}`, "--server", `127.0.0.1:${server.port}`, "--protocol", "1", "--qps", "0"],
    ...["--depot", "show", "--depot-keys", folder.keys.path, "--depot-sample", String(SAMPLE)],
    ...["--control", "127.0.0.1:0", "--least-answered", "0"],
  ]);
  const { control } = await fleet.event("ready");
  const read = async () => (await (await fetch(`http://${control}/counters`)).json());
  await fleet.event("connected");
  assert.equal((await read()).counters.depotBytes, 0, "nobody has said where");

  // A director's mistakes are told at once, and nothing of them goes out.
  const url = `http://${listen}`;
  const wrong = [
    ["resources", "1", sha256.slice(1), url],
    ["resources", "1", sha256, "ftp://x"],
    ["resources", "1", sha256, `http://${"x".repeat(120)}`],
  ];
  for (const words of wrong) {
    const said = await place.show([...words, ...anna], 2);
    assert.match(said, /^redpkt show: (resources: give the manifest's|not done: resources\.where\.0: )/);
    assert.equal(said.trim().split("\n").length, 1, said);
  }
  await place.show(["resources", "1", "f".repeat(64), url, ...anna]);
  await until(async () => (await read()).counters.depotManifestsRefused > 0, "another manifest is refused");
  const { counters: refused, gauges } = await read();
  assert.deepEqual([refused.depotBytes, gauges.depotPackages], [0, 0]);
  await until(async () => (await read()).counters.resourcesHeard >= USERS, "everybody has heard");
  assert.match(
    await place.show(["resources", "1", sha256, url, ...anna], 2),
    /another manifest as version 1 already/,
  );

  const inS = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  // Nearly everybody's turns are in the first window; the other is for a machine that is slow.
  folder.plan.windows = [
    { start: inS(-1), end: inS(20), bytesPerS: 1_000_000_000 },
    { start: inS(20), end: inS(140), bytesPerS: 10_000_000 },
  ];
  folder.write(0, 4_000);
  const { signed } = folder.pack();
  await depot.event("manifest");
  assert.equal(signed.manifest.version, 2);
  await place.show(["resources", "2", signed.sha256, `${url}/`, ...anna]);
  await until(async () => (await read()).gauges.depotUsersWhole === SAMPLE, "everybody has everything");
  const { counters } = await read();
  assert.deepEqual([counters.depotChunks, counters.depotDamaged], [SAMPLE * PACKAGES, 0]);
  assert.match(await place.show(["resources", "1", sha256, url, ...anna], 2), /version 1 goes back/);

  // Packed anew, and not named: phones stay with what the show says.
  folder.write(1, 5_000);
  folder.pack();
  await depot.event("manifest");
  await place.show(["resources", "none", ...anna]);
  await until(async () => (await read()).counters.resourcesHeard >= 3 * USERS, "everybody has heard");
  const { counters: after } = await read();
  assert.equal(after.depotChunks, SAMPLE * PACKAGES);
  fleet.process.kill("SIGTERM");
  assert.equal(await fleet.ended(), 0);
});
