import assert from "node:assert/strict";
import { Random } from "../base/random.ts";
import { canonicalShow, type ShowDocument, showWaves } from "./document.ts";
import { approvePlan, compareShows, readShow, type ShowFault, ShowRefused, signShow } from "./signed.ts";
import { TestKeys, testShow } from "./testing.ts";

function faultOf(read: () => unknown): ShowFault | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ShowRefused, String(error));
    return error.fault;
  }
}

Deno.test("what a director has signed and two persons have approved is read as it was", () => {
  using keys = new TestKeys();
  const document = keys.approved(testShow());
  const { bytes, hash } = signShow(document, keys.director);
  const read = readShow(bytes, keys.trusted, "gala");
  assert.deepEqual(read.document, document);
  assert.equal(read.hash, hash);
  assert.equal(read.signer, keys.director.id);
});

Deno.test("a byte that changed anywhere is refused", () => {
  using keys = new TestKeys();
  const { bytes } = signShow(keys.approved(testShow()), keys.director);
  const random = new Random(7);
  for (let at = 0; at < bytes.length; at++) {
    const altered = Uint8Array.from(bytes);
    altered[at] ^= 1 << random.below(8);
    // The last character of base64 has bits that mean nothing: the signature is the same then.
    const fault = faultOf(() => readShow(altered, keys.trusted, "gala"));
    if (fault === undefined) assert.ok(at > bytes.length - 6, `byte ${at} of ${bytes.length}`);
    else assert.ok(fault === "damaged" || fault === "forged", `byte ${at}: ${fault}`);
  }
});

Deno.test("a document that is cut off anywhere is refused", () => {
  using keys = new TestKeys();
  const { bytes } = signShow(keys.approved(testShow()), keys.director);
  for (let end = 0; end < bytes.length; end += 7) {
    assert.notEqual(
      faultOf(() => readShow(bytes.subarray(0, end), keys.trusted, "gala")),
      undefined,
      `${end}`,
    );
  }
});

Deno.test("a stranger's document is forged, whatever it says", () => {
  using keys = new TestKeys();
  using others = new TestKeys();
  const { bytes } = signShow(keys.approved(testShow()), others.director);
  assert.equal(faultOf(() => readShow(bytes, keys.trusted, "gala")), "forged");
  const text = new TextDecoder().decode(bytes).replace(others.director.id, keys.director.id);
  const renamed = new TextEncoder().encode(text);
  assert.equal(faultOf(() => readShow(renamed, keys.trusted, "gala")), "forged");
});

Deno.test("a plan needs two persons: neither one twice, nor a stranger, nor an approval of another plan", () => {
  using keys = new TestKeys();
  using others = new TestKeys();
  const show = testShow();
  const other = { ...show, plan: { ...show.plan, revision: 2 } };
  const mine = approvePlan(show, keys.director);
  const attempts: ShowDocument["approvals"][] = [
    [],
    [mine],
    [mine, mine],
    [mine, approvePlan(show, others.director)],
    [mine, approvePlan(other, keys.second)],
    [mine, { ...approvePlan(show, others.second), key: keys.second.id }],
  ];
  for (const approvals of attempts) {
    const { bytes } = signShow({ ...show, approvals }, keys.director);
    assert.equal(faultOf(() => readShow(bytes, keys.trusted, "gala")), "halfSigned");
  }
  // Whoever directs may be neither of the two.
  assert.equal(
    readShow(signShow(keys.approved(show), keys.second).bytes, keys.trusted, "gala").signer,
    keys.second.id,
  );
});

const ban = (user: number, afterMs = 0) => ({
  user,
  sinceMs: 1_700_000_000_000 + afterMs,
  untilMs: 1_700_003_600_000 + afterMs,
  level: "out",
});

Deno.test("what is signed and wrong is refused whole, and says all that is wrong", () => {
  using keys = new TestKeys();
  const show = keys.approved(testShow());
  const wrong: unknown[] = [
    { ...show, level: 4 },
    { ...show, extra: 1 },
    { ...show, waves: show.waves.slice(1) },
    { ...show, waves: show.waves.map((wave) => ({ ...wave, delayMs: -1 })) },
    { ...show, bans: [ban(1), ban(1)] },
    { ...show, bans: [{ ...ban(1), untilMs: ban(1).sinceMs }] },
    { ...show, bans: [{ ...ban(1), untilMs: ban(1).sinceMs + 31 * 86_400_000 }] },
    { ...show, bans: [{ ...ban(1), level: "fined" }] },
    // Of one person alone, in one minute.
    { ...show, bans: Array.from({ length: 21 }, (_, user) => ban(user, user * 2_900)) },
    { ...show, plan: { ...show.plan, bans: [ban(1), ban(1)] } },
    { ...show, plan: { ...show.plan, protected: [[5, 9]] }, bans: [ban(9)] },
    { ...show, plan: { ...show.plan, protected: [[5, 9]], bans: [ban(5)] } },
    { ...show, plan: { ...show.plan, protected: [[9, 5]] } },
    { ...show, policy: { minShakeIntervalMs: 1, jitterMs: 1, retry: { firstMs: 9, mostMs: 8 } } },
    { ...show, heldMs: undefined },
  ];
  for (const document of wrong) {
    const { bytes } = signShow(document as ShowDocument, keys.director);
    assert.equal(faultOf(() => readShow(bytes, keys.trusted, "gala")), "mistaken");
  }
  assert.throws(
    () => readShow(signShow({ ...show, level: 9, heldMs: -1 }, keys.director).bytes, keys.trusted, "gala"),
    /heldMs.*level|level.*heldMs/s,
  );
  const { bytes } = signShow(show, keys.director);
  assert.equal(faultOf(() => readShow(bytes, keys.trusted, "other")), "otherEvent");
});

Deno.test("the same document is the same bytes, whatever order its keys have", () => {
  const show = testShow();
  const turned = Object.fromEntries(Object.entries(show).reverse()) as unknown as ShowDocument;
  assert.deepEqual(canonicalShow(turned), canonicalShow(show));
});

Deno.test("of two documents one is newer, for everybody: by epoch, by number, and by content", () => {
  using keys = new TestKeys();
  const sign = (over: Partial<ShowDocument>) => signShow(keys.approved(testShow(over)), keys.director);
  const all = [sign({ number: 7 }), sign({ number: 8 }), sign({ epoch: 2 })];
  all.forEach((one, i) =>
    all.forEach((other, j) => assert.equal(Math.sign(compareShows(one, other)), Math.sign(i - j)))
  );
  const a = sign({ level: 1 });
  const b = sign({ level: 2 });
  assert.ok(compareShows(a, b) !== 0 && Math.sign(compareShows(a, b)) === -Math.sign(compareShows(b, a)));
});

Deno.test("a wave stands still since the earliest word that holds it", () => {
  const show = testShow();
  const [first, second] = show.waves;
  const at = show.plan.waves[0].startMs;
  const of = (over: Partial<ShowDocument>) => showWaves({ ...show, ...over }).map(({ pausedMs }) => pausedMs);
  assert.deepEqual(of({}), [undefined, undefined]);
  assert.deepEqual(of({ heldMs: 5 }), [5, 5]);
  assert.deepEqual(of({ heldMs: 5, waves: [{ ...first, pausedMs: 3 }, second] }), [3, 5]);
  const armed = { ...first, isArmed: true, delayMs: 40 };
  assert.deepEqual(of({ waves: [armed, second] }), [at + 40, undefined]);
});
