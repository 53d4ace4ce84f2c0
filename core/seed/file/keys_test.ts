import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { isSignedBy, KeyFolder } from "./keys.ts";

/** A folder for keys, gone at the end. */
class KeyWorld implements Disposable {
  readonly path = Deno.makeTempDirSync();
  readonly keys = new KeyFolder(`${this.path}/keys`);

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const ROOT = new Uint8Array(32).fill(7);

Deno.test("a signature is good for its key and its root, bit for bit, and for nothing else", () => {
  using world = new KeyWorld();
  const id = world.keys.make(false);
  const key = world.keys.trusted().get(id)!;
  const signature = world.keys.signing()!.sign(ROOT);
  assert.equal(isSignedBy(key, ROOT, signature), true);
  for (let bit = 0; bit < 64 * 8; bit++) {
    const changed = signature.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(isSignedBy(key, ROOT, changed), false, `bit ${bit}`);
  }
  for (let at = 0; at < ROOT.length; at++) assert.equal(isSignedBy(key, ROOT.with(at, 8), signature), false);
  assert.equal(isSignedBy(key, ROOT, new Uint8Array(64)), false);
  world.keys.make(true);
  const other = world.keys.signing()!;
  assert.equal(isSignedBy(key, ROOT, other.sign(ROOT)), false);
  assert.equal(isSignedBy(world.keys.trusted().get(other.id)!, ROOT, signature), false);
});

Deno.test("a key is made once, replaced only on purpose, and its file is its owner's alone", () => {
  using world = new KeyWorld();
  assert.throws(() => world.keys.make(true), /there is none yet: redpkt seed key new/);
  assert.deepEqual([world.keys.signing(), world.keys.trusted().size], [undefined, 0]);
  const first = world.keys.make(false);
  assert.throws(() => world.keys.make(false), /exists already\. Replace it with: redpkt seed key rotate/);
  assert.equal(world.keys.signing()!.id, first);
  const second = world.keys.make(true);
  assert.equal(world.keys.signing()!.id, second);
  assert.deepEqual([...world.keys.trusted().keys()].sort(), [first, second].sort());
  if (Deno.build.os !== "windows") {
    assert.equal(Deno.statSync(`${world.keys.path}/signing.pem`).mode! & 0o777, 0o600);
  }
  world.keys.distrust(first);
  assert.deepEqual([...world.keys.trusted().keys()], [second]);
  assert.throws(() => world.keys.distrust(first), /is not trusted/);
  assert.throws(() => world.keys.distrust(`../${second}`), /is not trusted/);
});

Deno.test("a trusted key goes by what it is, not by the name of its file, and only ed25519 is one", () => {
  using world = new KeyWorld();
  const id = world.keys.make(false);
  const folder = `${world.keys.path}/trusted`;
  Deno.renameSync(`${folder}/${id}.pem`, `${folder}/0011223344556677.pem`);
  Deno.writeTextFileSync(`${folder}/README`, "not a key");
  assert.deepEqual([...world.keys.trusted().keys()], [id]);
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = publicKey.export({ type: "spki", format: "pem" }) as string;
  for (const text of [pem, "no key"]) {
    assert.throws(() => world.keys.trust(text, "here"), /^UserError: here: is no ed25519 public key in PEM/);
  }
  Deno.writeTextFileSync(`${folder}/other.pem`, pem);
  assert.throws(() => world.keys.trusted(), /other\.pem: is no ed25519 public key/);
});
