/** Seed files that are pushed and fetched: by their hash, whole, signed, and nothing else. */
import assert from "node:assert/strict";
import { serveHttp } from "../../admin/http_server.ts";
import { showsToken } from "../../admin/bearer.ts";
import type { Host } from "../../cli/host.ts";
import { SeedFile } from "../file/seed_file.ts";
import { SMALL_PLAN, TestSet } from "../make/testing.ts";
import { pushCommand } from "./push_command.ts";
import { DepotClient } from "./depot_client.ts";
import { fetchSeed } from "./fetch_seed.ts";
import { readSeedManifest, signSeedManifest } from "./seed_manifest.ts";
import { seedGuard, serveSeeds } from "./seed_service.ts";
import { SeedStore } from "./seed_store.ts";

const TOKEN = "secret";

function hostWith(token: string | undefined): Host {
  const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
  return {
    env: (name: string) => name === "REDPKT_TOKEN" ? token : undefined,
    out: () => {},
    err: () => {},
    clock,
    isTerminal: false,
    columns: 80,
  } as unknown as Host;
}

interface World {
  readonly set: TestSet;
  readonly store: SeedStore;
  readonly url: string;
  readonly client: DepotClient;
  readonly logged: string[];
  push(hosts: readonly string[], from?: TestSet): Promise<number>;
  fetch(hostId: string, at?: string): Promise<string>;
  stop(): Promise<void>;
}

async function world(run: (world: World) => Promise<void>): Promise<void> {
  using set = new TestSet();
  const folder = await Deno.makeTempDir();
  const store = new SeedStore(`${folder}/depot`, set.keys);
  const address = { hostname: "127.0.0.1", port: 0 };
  const guard = seedGuard({ address, names: [], isKnown: (request) => showsToken(request, TOKEN) });
  const service = { guard, fetch: (request: Request) => serveSeeds(store, request), count: () => {} };
  const running = await serveHttp(address, service);
  const url = `http://127.0.0.1:${running.address.port}`;
  const host = hostWith(TOKEN);
  const logged: string[] = [];
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await running.stop();
    isStopped = true;
  };
  try {
    await run({
      ...{ set, store, url, logged, stop, client: new DepotClient(host, url, "--to") },
      push: (hosts, from = set) =>
        pushCommand.run(host, [...hosts.map((id) => from.path(id)), "--to", url, "--keys", from.keys.path]),
      fetch: (hostId, at = "here") =>
        fetchSeed(
          host,
          { url, hostId, keys: set.keys.path, folder: `${folder}/${at}` },
          (_level, event) => void logged.push(event),
        ),
    });
  } finally {
    await stop();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("what is pushed is fetched by the host that it is for, and by that host alone", () =>
  world(async ({ set, push, fetch, client }) => {
    await assert.rejects(fetch("host-a"), /has no manifest yet/);
    assert.equal(await push(["host-a", "host-b"]), 0);
    assert.equal(await push(["host-a"]), 0, "again it changes nothing");
    assert.equal(readSeedManifest((await client.manifest())!, set.keys.trusted(), "m").version, 1);
    for (const id of ["host-a", "host-b"]) {
      const path = await fetch(id);
      assert.deepEqual(Deno.readFileSync(path), Deno.readFileSync(set.path(id)));
      using file = new SeedFile(path);
      assert.equal(path.endsWith(`/${file.hash}.seed`), true);
    }
    await assert.rejects(fetch("host-c"), /has no file for host host-c/);
  }));

Deno.test("with the depot away a host goes by what it has, and by no older manifest", () =>
  world(async ({ set, push, fetch, store, logged, stop }) => {
    using other = new TestSet(SMALL_PLAN, { seed: 9 });
    set.keys.trust(
      Deno.readTextFileSync(
        [...Deno.readDirSync(`${other.keys.path}/trusted`)]
          .map(({ name }) => `${other.keys.path}/trusted/${name}`)[0],
      ),
      "other",
    );
    await push(["host-a"]);
    const old = store.manifestText()!;
    Deno.copyFileSync(other.path("host-a"), set.path("host-z"));
    await push(["host-z"]);
    const newest = await fetch("host-a");
    assert.deepEqual(Deno.readFileSync(newest), Deno.readFileSync(other.path("host-a")));
    store.keepManifest(old);
    assert.equal(await fetch("host-a"), newest);
    await stop();
    assert.equal(await fetch("host-a"), newest);
    assert.deepEqual(logged.filter((event) => event.startsWith("the seed depot")), [
      "the seed depot has an older manifest than this host",
      "the seed depot is away: going by the manifest that is here",
    ]);
    await assert.rejects(fetch("host-a", "elsewhere"), /Start it again when the depot is back/);
  }));

Deno.test("a file that is damaged, a stranger's, or another than its hash says is kept nowhere", () =>
  world(async ({ set, client, store, push }) => {
    const bytes = Deno.readFileSync(set.path("host-a"));
    using whole = new SeedFile(set.path("host-a"));
    using other = new SeedFile(set.path("host-b"));
    for (let i = 0; i < bytes.length; i += 37) {
      const damaged = bytes.slice();
      damaged[i] ^= 0x10;
      await assert.rejects(client.put(whole.hash, 0, damaged, bytes.length), /answers 422/, `byte ${i}`);
      assert.deepEqual(store.state(whole.hash), { bytes: 0, isWhole: false });
    }
    await assert.rejects(client.put(other.hash, 0, bytes, bytes.length), /this is the file/);
    using stranger = new TestSet(SMALL_PLAN, { seed: 3 });
    const theirs = Deno.readFileSync(stranger.path("host-a"));
    using strange = new SeedFile(stranger.path("host-a"));
    await assert.rejects(client.put(strange.hash, 0, theirs, theirs.length), /is signed by key/);
    await assert.rejects(push(["host-a"], stranger), /is signed by key/);
    assert.deepEqual([...Deno.readDirSync(store.folder)], []);
  }));

Deno.test("a push goes on where it stood, and two at once bring each byte once", () =>
  world(async ({ set, client, store, push }) => {
    const bytes = Deno.readFileSync(set.path("host-a"));
    using file = new SeedFile(set.path("host-a"));
    await client.put(file.hash, 0, bytes.slice(0, 100), bytes.length);
    assert.deepEqual(await client.put(file.hash, 50, bytes.slice(50), bytes.length), {
      bytes: 100,
      isWhole: false,
    });
    assert.deepEqual(await Promise.all([push(["host-a"]), push(["host-a", "host-b"])]), [0, 0]);
    assert.deepEqual(Deno.readFileSync(store.path(file.hash)), bytes);
    const { files, version } = store.manifest()!;
    assert.deepEqual([files.map(({ host }) => host), version], [["host-a", "host-b"], 2]);
    const again = await client.put(file.hash, 0, bytes.slice(0, 9), bytes.length);
    assert.equal(again.isWhole, true, "what is whole is never changed");
    assert.deepEqual(Deno.readFileSync(store.path(file.hash)), bytes);
  }));

Deno.test("what was all there when the depot or the host died is proven by whoever comes next", () =>
  world(async ({ set, store, push, fetch }) => {
    using file = new SeedFile(set.path("host-a"));
    Deno.copyFileSync(set.path("host-a"), `${store.path(file.hash)}.part`);
    assert.equal(await push(["host-a"]), 0);
    const path = await fetch("host-a");
    Deno.renameSync(path, `${path}.part`);
    assert.equal(await fetch("host-a"), path);
    using other = new SeedFile(set.path("host-b"));
    Deno.writeFileSync(`${store.path(other.hash)}.part`, new Uint8Array(1_000_000));
    assert.equal(await push(["host-b"]), 0, "what is longer than the file is none of it");
  }));

Deno.test("a manifest is of somebody trusted, the next one, and about files that are there", () =>
  world(async ({ set, client, push }) => {
    await push(["host-a"]);
    const [file] = readSeedManifest((await client.manifest())!, set.keys.trusted(), "m").files;
    const key = set.keys.signing()!;
    const next = { schemaVersion: 1 as const, version: 2, files: [file] };
    using stranger = new TestSet(SMALL_PLAN, { seed: 3 });
    await assert.rejects(client.putManifest(signSeedManifest(next, stranger.keys.signing()!)), /not trusted/);
    const missing = { ...next, files: [{ ...file, hash: "0".repeat(64) }] };
    await assert.rejects(client.putManifest(signSeedManifest(missing, key)), /isn't here/);
    assert.equal(await client.putManifest(signSeedManifest({ ...next, version: 3 }, key)), false);
    await assert.rejects(
      client.putManifest(signSeedManifest(next, key).replace(file.hash, "1".repeat(64))),
      /is not signed/,
    );
    assert.equal(await client.putManifest(signSeedManifest(next, key)), true);
  }));

Deno.test("without the token nothing is told and nothing taken, and it goes to no other machine as it is", () =>
  world(async ({ url, set, store }) => {
    const bytes = Deno.readFileSync(set.path("host-a"));
    using file = new SeedFile(set.path("host-a"));
    for (const token of [undefined, "wrong"]) {
      const client = new DepotClient(hostWith(token), url, "--to");
      await assert.rejects(client.state(file.hash), /answers 401/);
      await assert.rejects(client.put(file.hash, 0, bytes, bytes.length), /answers 401/);
      await assert.rejects(client.manifest(), /answers 401/);
    }
    assert.deepEqual([...Deno.readDirSync(store.folder)], []);
    for (const address of ["http://depot.example", "https://a@depot.example", "ftp://x", "depot"]) {
      assert.throws(() => new DepotClient(hostWith(TOKEN), address, "--to"), /must be https/);
    }
  }));
