import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { systemBytes } from "../../base/random.ts";
import { makeSelfSigned } from "./self_signed.ts";
import { readTls, watchTls } from "./tls_files.ts";

const WALL_MS = Date.UTC(2026, 1, 16, 12);

function make(names: string[]) {
  return makeSelfSigned({ names, wallMs: WALL_MS, serial: systemBytes(16) });
}

Deno.test("a self-signed certificate names hosts and addresses, is for a year, and for servers", async () => {
  const names = ["localhost", "10.0.0.7", "fe80::1", "party.local"];
  for (let i = 0; i < 20; i++) { // keys and signatures begin with any byte
    const { cert } = await make(names);
    const certificate = new X509Certificate(cert);
    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.checkHost("party.local"), "party.local");
    assert.equal(certificate.checkIP("10.0.0.7"), "10.0.0.7");
    assert.equal(certificate.checkIP("10.0.0.8"), undefined);
    assert.match(certificate.subjectAltName!, /FE80:0:0:0:0:0:0:1|fe80::1/i);
    assert.equal(certificate.ca, false);
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;
    assert.equal(days, 398);
    assert.ok(Date.parse(certificate.validFrom) < WALL_MS);
  }
});

Deno.test("files that are no pair are told in one line", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const paths = { cert: `${folder}/cert.pem`, key: `${folder}/key.pem` };
    const [one, other] = [await make(["a"]), await make(["b"])];
    const refused = (cert: string, key: string, why: RegExp) => {
      Deno.writeTextFileSync(paths.cert, cert);
      Deno.writeTextFileSync(paths.key, key);
      assert.throws(() => readTls(paths), why);
    };
    assert.throws(() => readTls(paths), /no such file/);
    refused("x", one.key, /no certificate/);
    refused(one.cert, "x", /no private key/);
    refused(one.cert, other.key, /another certificate's/);
    Deno.writeTextFileSync(paths.key, one.key);
    assert.deepEqual(readTls(paths), one);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("files that change are handed on once they are a pair; until then the log says why", async () => {
  const folder = await Deno.makeTempDir();
  const paths = { cert: `${folder}/cert.pem`, key: `${folder}/key.pem` };
  const [one, other] = [await make(["a"]), await make(["b"])];
  const write = ({ cert, key }: { cert?: string; key?: string }) => {
    if (cert !== undefined) Deno.writeTextFileSync(paths.cert, cert);
    if (key !== undefined) Deno.writeTextFileSync(paths.key, key);
  };
  write(one);
  const { promise: renewed, resolve: isRenewed } = Promise.withResolvers<unknown>();
  const { promise: warned, resolve: isWarned } = Promise.withResolvers<unknown>();
  const stop = watchTls(
    paths,
    one,
    (level, _event, fields) => {
      if (level === "warn") isWarned(fields?.reason);
    },
    isRenewed,
    5,
  );
  try {
    write({ cert: other.cert });
    assert.match(String(await warned), /another certificate's/);
    write({ key: other.key });
    assert.deepEqual(await renewed, other);
  } finally {
    stop();
    await Deno.remove(folder, { recursive: true });
  }
});
