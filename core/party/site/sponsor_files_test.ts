import assert from "node:assert/strict";
import { SponsorFiles } from "./sponsor_files.ts";

const HASH = "a".repeat(64);
const bytes = new Uint8Array(100_000).fill(7);
const files = { list: "b".repeat(64), files: new Map([[HASH, { type: "image/png", bytes }]]) };
const ask = (headers: Record<string, string> = {}) => new Request(`https://h/resource/${HASH}`, { headers });

Deno.test("a picture is what its type says and nothing else, and never changes", async () => {
  const served = new SponsorFiles(files, () => true);
  const response = served.response(HASH, ask(), "a")!;
  const head = Object.fromEntries(response.headers);
  assert.equal(head["content-type"], "image/png");
  assert.equal(head["cache-control"], "public, max-age=31536000, immutable");
  assert.equal(head["content-security-policy"], "default-src 'none'; sandbox");
  assert.equal(head["x-content-type-options"], "nosniff");
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytes);
  assert.equal(served.response(HASH, ask({ "if-none-match": `"${HASH}"` }), "a")!.status, 304);
  assert.equal(served.response("c".repeat(64), ask(), "a"), undefined);
});

Deno.test("while people shake nothing is given, and what is under way ends at once", async () => {
  let isIdle = true;
  const served = new SponsorFiles(files, () => isIdle);
  const reader = served.response(HASH, ask(), "a")!.body!.getReader();
  assert.equal((await reader.read()).value!.length, 32 * 1024);
  isIdle = false;
  await assert.rejects(reader.read());
  const refused = served.response(HASH, ask(), "a")!;
  assert.deepEqual([refused.status, Number(refused.headers.get("retry-after")) > 0], [503, true]);
});

Deno.test("so many fetch at once, and whoever leaves makes room", async () => {
  const served = new SponsorFiles(files, () => true);
  const from = (address: string) => Array.from({ length: 20 }, () => served.response(HASH, ask(), address)!);
  const responses = [...from("a"), ...from("b"), ...from("c")];
  assert.equal(
    responses.slice(0, 20).filter(({ status }) => status === 200).length,
    6,
    "one address has half",
  );
  assert.equal(responses.filter(({ status }) => status === 200).length, 12);
  await Promise.all(responses.map(({ body }) => body?.cancel()));
  assert.equal(served.response(HASH, ask(), "a")!.status, 200);
});
