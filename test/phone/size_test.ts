/** What a page gets with the library: how much, and nothing that a page can't run. */
import assert from "node:assert/strict";

const MOST_GZIPPED_BYTES = 15_000;
const ENTRY = new URL("../../core/phone/library/mod.ts", import.meta.url).pathname;

Deno.test("the library is at most 15 kB gzipped, and needs nothing but what browsers have", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", ENTRY],
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const gzipped = await new Response(new Blob([stdout]).stream().pipeThrough(new CompressionStream("gzip")))
    .bytes();
  assert.ok(gzipped.length <= MOST_GZIPPED_BYTES, `${gzipped.length} bytes`);
  const text = new TextDecoder().decode(stdout);
  assert.ok(text.length > 10_000, "it is the library");
  for (const word of ["new Function", "eval(", "Deno.", "node:", "process.", "fromHex", "import("]) {
    assert.ok(!text.includes(word), `${word} in a page`);
  }
});
