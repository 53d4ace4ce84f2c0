/** A depot over real HTTP on loopback. */
import assert from "node:assert/strict";
import { serveHttp } from "../../core/admin/http_server.ts";
import { plainCounts } from "../../core/admin/http_metrics.ts";
import { ManualClock, systemClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { Counters } from "../../core/counters/counters.ts";
import { CHUNK_BYTES } from "../../core/depot/manifest/manifest.ts";
import { chunkPath, manifestPath } from "../../core/depot/manifest/pack.ts";
import { Depot } from "../../core/depot/serve/depot.ts";
import { DepotFiles } from "../../core/depot/serve/depot_files.ts";
import { depotLayout } from "../../core/depot/serve/metrics.ts";
import { DepotFolder } from "./depot_folder.ts";

async function start(folder: DepotFolder, clock = systemClock) {
  const counters = new Counters(depotLayout, 1);
  const files = new DepotFiles(folder.dir, folder.keys);
  const depot = new Depot({ files, clock, random: new Random(1), counters });
  const { count } = plainCounts();
  const api = await serveHttp({ hostname: "127.0.0.1", port: 0 }, {
    guard: depot.guard,
    fetch: (request) => depot.fetch(request),
    count,
  }, { connections: 500, streams: 0, requestMs: 10_000, readMs: 20_000 });
  const url = `http://127.0.0.1:${api.address.port}`;
  return { depot, counters, url, [Symbol.asyncDispose]: () => api.stop() };
}

const GENEROUS = 1e9;

Deno.test("a chunk is what it says: whole, by parts, unchanged, by its head alone; anything else is refused", async () => {
  using folder = new DepotFolder([CHUNK_BYTES + 1_000], GENEROUS);
  await using running = await start(folder);
  const [first, second] = folder.manifest!.packages[0].chunks;
  const url = `${running.url}/chunks/${first}`;
  const content = folder.content(0).subarray(0, CHUNK_BYTES);

  const whole = await fetch(url);
  assert.deepEqual(await whole.bytes(), content);
  assert.match(whole.headers.get("cache-control")!, /immutable/);
  const etag = whole.headers.get("etag")!;
  const part = await fetch(url, { headers: { range: "bytes=1000-1999" } });
  assert.deepEqual([part.status, part.headers.get("content-range")], [206, `bytes 1000-1999/${CHUNK_BYTES}`]);
  assert.deepEqual(await part.bytes(), content.subarray(1_000, 2_000));
  const last = await fetch(`${running.url}/chunks/${second}`, { headers: { range: "bytes=900-" } });
  assert.equal((await last.bytes()).length, 100);
  const known = await fetch(url, { headers: { "if-none-match": etag } });
  assert.deepEqual([known.status, (await known.bytes()).length], [304, 0]);
  const head = await fetch(url, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length")], [200, String(CHUNK_BYTES)]);
  const past = await fetch(url, { headers: { range: `bytes=${CHUNK_BYTES}-` } });
  assert.equal(past.status, 416);
  await past.body?.cancel();
  for (const path of [`/chunks/${"0".repeat(64)}`, "/chunks/../manifest", "/", "/metrics"]) {
    const { status, body } = await fetch(running.url + path);
    await body?.cancel();
    assert.ok(status === 404 || path.includes(".."), `${path}: ${status}`);
  }
  const post = await fetch(url, { method: "POST" });
  assert.equal(post.status, 405);
  await post.body?.cancel();
  const sent = CHUNK_BYTES + 1_000 + 100;
  assert.equal(running.counters.total("depotBytesOut"), sent, "a head and an unchanged chunk cost nothing");
  assert.equal(running.counters.total("depotBrokenOff"), 0);
  assert.equal(running.counters.total("depotSending"), 0);
});

Deno.test("the manifest is served as it was signed, and another one from when it is there", async () => {
  using folder = new DepotFolder([100], GENEROUS);
  await using running = await start(folder);
  const before = await fetch(`${running.url}/manifest`);
  assert.deepEqual(await before.bytes(), Deno.readFileSync(manifestPath(folder.dir)));
  folder.write(0, 200);
  folder.pack();
  running.depot.replace(new DepotFiles(folder.dir, folder.keys));
  const after = await fetch(`${running.url}/manifest`, {
    headers: { "if-none-match": before.headers.get("etag")! },
  });
  assert.equal(after.status, 200);
  assert.deepEqual(await after.bytes(), Deno.readFileSync(manifestPath(folder.dir)));
});

Deno.test("a crowd gets all there is under the cap, no second has more, and the rest come again when told", async () => {
  const cap = 3_000_000;
  using folder = new DepotFolder([CHUNK_BYTES, 100_000], cap);
  await using running = await start(folder);
  const { chunks } = folder.manifest!.packages[0];
  let [bytes, refused] = [0, 0];
  const startMs = performance.now();
  await Promise.all(Array.from({ length: 40 }, async () => {
    const response = await fetch(`${running.url}/chunks/${chunks[0]}`);
    if (response.status === 503) {
      refused++;
      assert.ok(Number(response.headers.get("retry-after")) >= 1);
    }
    const body = await response.bytes();
    if (response.status === 200) bytes += body.length;
  }));
  const seconds = (performance.now() - startMs) / 1000;
  assert.ok(refused > 0 && bytes > 0, `${refused} were refused`);
  const most = running.counters.total("depotMostBytesInS");
  assert.ok(most > 0 && most <= cap, `${most} bytes in a second of ${cap}`);
  assert.ok(bytes <= cap * (seconds + 1), `${bytes} bytes in ${seconds} s`);
});

Deno.test("who leaves in the middle frees what was promised to them", async () => {
  using folder = new DepotFolder([CHUNK_BYTES], 300_000);
  await using running = await start(folder);
  const url = `${running.url}/chunks/${folder.manifest!.packages[0].chunks[0]}`;
  for (let i = 0; i < 5; i++) {
    const response = await fetch(url);
    assert.equal(response.status, 200, `attempt ${i}: ${response.headers.get("retry-after")}`);
    await response.body!.cancel();
    while (running.counters.total("depotSending") > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(running.counters.total("depotBrokenOff") + running.counters.total("depotChunksOut") === 5);
});

Deno.test("outside its windows and while it drains a depot says when to come again", async () => {
  const clock = new ManualClock(Date.parse("2027-02-05T12:00:00Z"));
  using folder = new DepotFolder([100], 1, [{
    start: "2027-02-05T20:00:00+08:00",
    end: "2027-02-05T21:00:00+08:00",
    bytesPerS: 1_000_000,
  }]);
  await using running = await start(folder, clock);
  const url = `${running.url}/chunks/${folder.manifest!.packages[0].chunks[0]}`;
  const ask = async () => {
    const response = await fetch(url);
    await response.bytes();
    return [response.status, Number(response.headers.get("retry-after"))];
  };
  assert.deepEqual(await ask(), [200, 0]);
  clock.advance(3_600_000);
  const [status, retryS] = await ask();
  assert.ok(status === 503 && retryS > 0);
  clock.advance(-3_600_000);
  running.depot.isDraining = true;
  assert.equal((await ask())[0], 503);
  const health = await fetch(`${running.url}/health`);
  assert.deepEqual([health.status, (await health.json()).isDraining], [503, true]);
  assert.equal(running.counters.total("depotRefusedWindow"), 1);
  assert.equal(running.counters.total("depotRefusedDraining"), 1);
});

Deno.test("a folder that lacks chunks, or has cut ones, isn't served, and all of them are named", () => {
  using folder = new DepotFolder([100, 200, 300], GENEROUS);
  const [a, b] = folder.manifest!.packages.map(({ chunks }) => chunkPath(folder.dir, chunks[0]));
  Deno.removeSync(a);
  Deno.truncateSync(b, 10);
  assert.throws(() => new DepotFiles(folder.dir, folder.keys), (error: Error) => {
    return error.message.includes(a) && error.message.includes(b) && /pack it again/.test(error.message);
  });
});
