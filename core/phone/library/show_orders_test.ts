import assert from "node:assert/strict";
import { Random } from "../../base/random.ts";
import { CueState } from "../../wire/codes.ts";
import { fetchManifest, ManifestRefused } from "./resources.ts";
import { ShowOrders } from "./show_orders.ts";

const PLANNED = {
  epoch: 3,
  number: 12,
  state: CueState.planned,
  wave: 2,
  resource: 7,
  startMs: 1_000,
  lengthMs: 500,
};

Deno.test("users shake while the cue says so, and are told of what is news", () => {
  const show = new ShowOrders(new Random(1));
  assert.equal(show.cueWaitMs(0), 0);
  assert.ok(show.heardCue(PLANNED));
  assert.ok(!show.heardCue({ ...PLANNED, number: 13 }), "the same in a newer document is no news");
  assert.deepEqual([0, 999, 1_000, 1_499, 1_500].map((ms) => show.cueWaitMs(ms)), [1_000, 1, 0, 0, Infinity]);
  assert.ok(!show.heardCue({ ...PLANNED, number: 12, state: CueState.held }), "what is older is left aside");
  assert.ok(!show.heardCue({ ...PLANNED, epoch: 2, number: 99, state: CueState.held }));
  assert.ok(show.heardCue({ ...PLANNED, epoch: 4, number: 1, state: CueState.held }));
  assert.equal(show.cueWaitMs(1_200), Infinity);
  show.loggedIn();
  assert.equal(show.cue.state, "held", "a document's word outlives the connection");
  const own = new ShowOrders(new Random(1));
  own.heardCue({ ...PLANNED, epoch: 0, number: 5, state: CueState.held });
  assert.ok(own.heardCue({ ...PLANNED, epoch: 0, number: 1 }), "a host's own changes come in order");
  own.loggedIn();
  assert.equal(own.cue.state, "none", "and are good for one connection");
});

Deno.test("users shake as seldom as the policy wants, and pause longer each time that they are told to wait", () => {
  const show = new ShowOrders(new Random(1));
  show.heardPolicy({
    epoch: 0,
    number: 0,
    minShakeMs: 5_000,
    jitterMs: 2_000,
    retryFirstMs: 1_000,
    retryMostMs: 10_000,
  });
  for (let i = 0; i < 100; i++) {
    show.shook(0);
    const restMs = show.restMs(0);
    assert.ok(restMs >= 5_000 && restMs < 7_000, `${restMs}`);
    assert.equal(show.restMs(7_000), 0);
  }
  const pauses = Array.from({ length: 60 }, (_, i) => {
    const nowMs = 100_000 * (i + 1);
    show.answered(nowMs, 200);
    return show.restMs(nowMs);
  });
  assert.ok(
    pauses[0] <= 1_000 && pauses.every((pauseMs) => pauseMs >= 200 && pauseMs <= 10_000),
    `${pauses}`,
  );
  assert.ok(Math.max(...pauses) > 5_000, `${pauses}`);
  show.answered(1e9, undefined);
  show.answered(1e9, 0);
  assert.ok(show.restMs(1e9) <= 1_000, "an answer ends the row of refusals");
});

const BYTES = new TextEncoder().encode(
  `${JSON.stringify({ version: 7, chunkBytes: 1, windows: [], packages: [] })}
{"key":"k","signature":"s"}
`,
);
const HASH = new Uint8Array(await crypto.subtle.digest("SHA-256", BYTES));
const NAMED = { epoch: 3, number: 12, version: 7, sha256: HASH, url: "http://depot" };

Deno.test("users are told what to fetch and where; it never goes back, and nothing is fetched around a cue", () => {
  const show = new ShowOrders(new Random(1));
  assert.equal(show.resources, undefined);
  assert.ok(show.heardResources(NAMED));
  assert.ok(!show.heardResources({ ...NAMED, number: 13 }), "the same is no news");
  assert.ok(!show.heardResources({ ...NAMED, number: 12, version: 9 }), "what is older is left aside");
  assert.ok(!show.heardResources({ ...NAMED, number: 14, version: 6 }), "an older manifest, too");
  assert.deepEqual(show.resources, { version: 7, sha256: HASH.toHex(), url: "http://depot" });
  assert.ok(show.heardResources({ ...NAMED, number: 15, url: "http://other" }));
  assert.ok(show.heardResources({ ...NAMED, number: 16, version: 0 }));
  assert.equal(show.resources, undefined);
  assert.ok(!show.heardResources({ ...NAMED, number: 17, version: 6 }), "nor after there was none");

  assert.equal(show.isShaking(10_000), false);
  show.heardCue({ ...PLANNED, startMs: 10_000 });
  assert.deepEqual([7_999, 8_000, 10_499, 10_500].map((ms) => show.isShaking(ms)), [
    false,
    true,
    true,
    false,
  ]);
});

Deno.test("a manifest is proven by the hash that the show names; another one is refused, and says which", async () => {
  const serve = (bytes: Uint8Array<ArrayBuffer>, status = 200) => (url: string) => {
    assert.equal(url, "http://depot/manifest");
    return Promise.resolve(new Response(bytes, { status }));
  };
  const named = { version: 7, sha256: HASH.toHex(), url: "http://depot" };
  assert.equal((await fetchManifest(named, serve(BYTES))).version, 7);
  const altered = Uint8Array.from(BYTES);
  altered[5] ^= 1;
  await assert.rejects(fetchManifest(named, serve(altered)), (error) => {
    return error instanceof ManifestRefused && /the show names/.test(error.message);
  });
  await assert.rejects(
    fetchManifest({ ...named, version: 8 }, serve(BYTES)),
    /is version 7, and the show names 8$/,
  );
  await assert.rejects(fetchManifest(named, serve(BYTES, 503)), /answers 503/);
});
