import assert from "node:assert/strict";
import type { Manifest, SignedManifest } from "../../depot/manifest/manifest.ts";
import { WantedManifest } from "./wanted_manifest.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);
const NAMED = { epoch: 1, number: 3, version: 7, sha256: A, url: "http://one" };

function signed(version: number, sha256: string): SignedManifest {
  return { manifest: { version } as Manifest, bytes: new Uint8Array(), sha256 };
}

Deno.test("without a show the newest manifest of one depot is wanted, always", () => {
  const wanted = new WantedManifest("http://depot");
  assert.deepEqual([wanted.isAnything, wanted.next(), wanted.next()], [true, "http://depot", "http://depot"]);
  wanted.check(signed(3, B), "there");
  assert.equal(wanted.isHad(signed(3, B)), false, "a newer one may come");
});

Deno.test("what a show names is wanted and nothing else, from every depot that users were told of", () => {
  const wanted = new WantedManifest(undefined);
  assert.equal(wanted.isAnything, false);
  assert.equal(wanted.take(NAMED), true);
  assert.equal(wanted.take({ ...NAMED, url: "http://two" }), false, "a second depot is no other manifest");
  assert.deepEqual(wanted.depots, ["http://one", "http://two"]);
  assert.equal(new Set([wanted.next(), wanted.next(), wanted.next()]).size, 2, "each in its turn");
  wanted.check(signed(7, A), "there");
  for (const other of [signed(7, B), signed(8, A), signed(6, B)]) {
    assert.throws(
      () => wanted.check(other, "there"),
      /^UserError: there: is version .*, and the show names version 7 with a+$/,
    );
  }
  assert.deepEqual([wanted.isHad(undefined), wanted.isHad(signed(7, A))], [false, true]);
  assert.equal(wanted.take({ ...NAMED, number: 4, version: 8, sha256: B, url: "http://three" }), true);
  assert.deepEqual(wanted.depots, ["http://three"]);
  assert.equal(wanted.isHad(signed(7, A)), false);
});

Deno.test("a manifest never goes back, and what an older document says is left aside", () => {
  const wanted = new WantedManifest(undefined);
  wanted.take(NAMED);
  assert.equal(wanted.take({ ...NAMED, number: 2, version: 9 }), false);
  assert.throws(() => wanted.take({ ...NAMED, number: 4, version: 6 }), /goes back to version 6/);
  assert.throws(
    () => wanted.take({ ...NAMED, number: 5, sha256: B }),
    /goes back to version 7, b+, from 7, a+/,
  );
  wanted.check(signed(7, A), "what there is stays");
  assert.equal(wanted.take({ ...NAMED, number: 6, version: 0 }), false);
  assert.equal(wanted.isAnything, false, "nothing more");
  assert.throws(
    () => wanted.take({ ...NAMED, number: 7, version: 6 }),
    /goes back/,
    "nor after there was none",
  );
  assert.equal(wanted.take({ ...NAMED, number: 8 }), false);
  assert.equal(wanted.isHad(signed(7, A)), true, "what is there needn't come again");
});
