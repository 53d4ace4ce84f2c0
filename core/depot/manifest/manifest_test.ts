import assert from "node:assert/strict";
import { DepotFolder } from "../../../test/depot/depot_folder.ts";
import { Random } from "../../base/random.ts";
import { UserError } from "../../base/user_error.ts";
import { CHUNK_BYTES, chunkBytes, hashOf, readManifest, signManifest } from "./manifest.ts";
import { chunkPath, manifestPath } from "./pack.ts";

Deno.test("a package is its chunks, one after the other, each by its hash", () => {
  const sizes = [1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES - 7];
  using folder = new DepotFolder(sizes, 1e6);
  folder.manifest!.packages.forEach((one, i) => {
    assert.equal(one.bytes, sizes[i]);
    const chunks = one.chunks.map((sha256, chunk) => {
      const bytes = Deno.readFileSync(chunkPath(folder.dir, sha256));
      assert.deepEqual([hashOf(bytes), bytes.length], [sha256, chunkBytes(one, chunk)]);
      return [...bytes];
    });
    assert.deepEqual(Uint8Array.from(chunks.flat()), folder.content(i));
  });
});

Deno.test("packed again, only what has changed has another version and new chunks", () => {
  using folder = new DepotFolder([CHUNK_BYTES * 2, 500, 600], 1e6);
  folder.write(1, 501);
  const { signed: { manifest }, changed, newChunks, newBytes } = folder.pack();
  assert.deepEqual([manifest.version, changed, newChunks, newBytes], [2, ["p1"], 1, 501]);
  assert.deepEqual(manifest.packages.map(({ version }) => version), [1, 2, 1]);
});

Deno.test("a manifest with any byte changed, another's or an unknown signature, is refused", () => {
  using folder = new DepotFolder([10], 1e6);
  using other = new DepotFolder([10], 1e6);
  const bytes = Deno.readFileSync(manifestPath(folder.dir));
  const trusted = folder.keys.trusted();
  assert.equal(readManifest(bytes, trusted, "m").sha256, hashOf(bytes));
  const random = new Random(3);
  for (let i = 0; i < 300; i++) {
    const damaged = bytes.slice();
    const at = random.below(bytes.length - 1); // the last line feed is no part of either
    damaged[at] ^= 1 << random.below(8);
    assert.throws(() => readManifest(damaged, trusted, "m"), UserError, `byte ${at}`);
  }
  assert.throws(() => readManifest(bytes, other.keys.trusted(), "m"), /who is not trusted/);
  // The same words signed for something else are no manifest.
  const key = folder.keys.signing()!;
  const body = bytes.subarray(0, bytes.lastIndexOf(0x0a, bytes.length - 2));
  const signature = key.signFor("redpkt show 1", body).toBase64();
  const tail = new TextEncoder().encode(`\n${JSON.stringify({ key: key.id, signature })}\n`);
  assert.throws(() => readManifest(Uint8Array.from([...body, ...tail]), trusted, "m"), /is not signed by/);
});

Deno.test("a manifest whose windows overlap, or with a wrong number of chunks, can't be signed", () => {
  using folder = new DepotFolder([10], 1e6);
  const manifest = folder.manifest!;
  const key = folder.keys.signing()!;
  const [window] = manifest.windows;
  assert.throws(() => signManifest({ ...manifest, windows: [window, window] }, key), /without an overlap/);
  const packages = manifest.packages.map((one) => ({ ...one, bytes: CHUNK_BYTES + 1 }));
  assert.throws(() => signManifest({ ...manifest, packages }, key), /as many as its bytes have/);
});

Deno.test("all files that are missing or empty are named at once", () => {
  using folder = new DepotFolder([10, 20], 1e6);
  folder.plan.packages[0].file = "gone.bin";
  folder.write(1, 0);
  assert.throws(() => folder.pack(), /gone\.bin: cannot be read[^]*p1\.bin: must be a file that isn't empty/);
});
