/** A user's side of a real depot: what is damaged, cut or broken off is never taken for whole. */
import assert from "node:assert/strict";
import { type Fetched, Fetched as Outcome } from "../../core/client/fetch/chunk_source.ts";
import { FetchList } from "../../core/client/fetch/fetch_list.ts";
import { HttpSource } from "../../core/client/fetch/http_source.ts";
import { CHUNK_BYTES } from "../../core/depot/manifest/manifest.ts";
import { chunkPath } from "../../core/depot/manifest/pack.ts";
import { DepotFolder } from "./depot_folder.ts";

/** A server of a test's own. */
function serve(handle: (request: Request) => Response) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handle);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function fetched(source: HttpSource, chunk = 0): Promise<{ outcome: Fetched; retryS: number }> {
  return new Promise((resolve) => {
    assert.ok(source.fetch(1, chunk, (_user, _chunk, outcome, retryS) => resolve({ outcome, retryS })));
  });
}

function sourceOf(folder: DepotFolder, url: string) {
  const seen = { bytes: 0 };
  const list = new FetchList(folder.manifest!);
  const source = new HttpSource(list, [url], (bytes) => void (seen.bytes += bytes));
  return { source, seen, list };
}

Deno.test("a chunk counts only if it is what the manifest says, byte by byte", async () => {
  using folder = new DepotFolder([5_000], 1e6);
  const good = folder.content(0);
  const bad = good.slice();
  bad[4_321] ^= 1;
  const answers: [body: Uint8Array<ArrayBuffer>, expected: Fetched][] = [
    [bad, Outcome.damaged],
    [good.subarray(0, 4_999), Outcome.failed],
    [Uint8Array.from([...good, 0]), Outcome.damaged],
    [good, Outcome.whole],
  ];
  for (const [body, expected] of answers) {
    await using server = serve(() => new Response(body));
    const { source } = sourceOf(folder, server.url);
    assert.equal((await fetched(source)).outcome, expected);
    assert.equal(source.underWay, 0);
  }
});

Deno.test("who is refused hears when to come again; who finds nothing or nobody has failed", async () => {
  using folder = new DepotFolder([100], 1e6);
  let answer = new Response("", { status: 503, headers: { "retry-after": "17" } });
  await using server = serve(() => answer);
  const { source } = sourceOf(folder, server.url);
  assert.deepEqual(await fetched(source), { outcome: Outcome.later, retryS: 17 });
  answer = new Response("", { status: 404 });
  assert.equal((await fetched(source)).outcome, Outcome.failed);
  const nobody = sourceOf(folder, "http://127.0.0.1:1").source;
  assert.equal((await fetched(nobody)).outcome, Outcome.failed);
});

Deno.test("what is broken off takes no byte more, and goes on where it stood", async () => {
  using folder = new DepotFolder([CHUNK_BYTES], 1e6);
  const content = folder.content(0);
  const ranges: (string | null)[] = [];
  const { promise: isHalf, resolve: half } = Promise.withResolvers<void>();
  await using server = serve((request) => {
    const range = request.headers.get("range");
    ranges.push(range);
    const from = Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
    if (range !== null) return new Response(content.subarray(from), { status: 206 });
    const first = content.subarray(0, 100_000);
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(first), // and then nothing
      }),
    );
  });
  const list = new FetchList(folder.manifest!);
  let bytes = 0;
  const source = new HttpSource(list, [server.url], (count) => {
    bytes += count;
    if (bytes === 100_000) half();
  });
  const broken = fetched(source);
  await isHalf;
  source.breakOff();
  assert.equal((await broken).outcome, Outcome.brokenOff);
  assert.equal(source.underWay, 0);
  assert.equal(bytes, 100_000);
  // The parts are put aside once the transfer has noticed.
  let outcome: Fetched = Outcome.failed;
  for (let i = 0; i < 100 && ranges.at(-1) === null; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const again = fetched(source);
    const timer = setTimeout(() => source.breakOff(), 5_000);
    outcome = (await again).outcome;
    clearTimeout(timer);
  }
  assert.equal(outcome, Outcome.whole);
  assert.deepEqual(ranges, [null, "bytes=100000-"]);
  assert.equal(bytes, CHUNK_BYTES, "nothing came twice");
});

Deno.test("a depot's own damaged file is found out by who fetches it", async () => {
  using folder = new DepotFolder([1_000], 1e6);
  const path = chunkPath(folder.dir, folder.manifest!.packages[0].chunks[0]);
  const bytes = Deno.readFileSync(path);
  bytes[0] ^= 0x80;
  await using server = serve(() => new Response(bytes));
  assert.equal((await fetched(sourceOf(folder, server.url).source)).outcome, Outcome.damaged);
});
