/** The example of `docs/seed-format.md`: decoded by hand, as the page says, and by the program. */
import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { crc32 } from "node:zlib";
import { auditFile } from "../../core/seed/file/audit.ts";
import { KeyFolder } from "../../core/seed/file/keys.ts";
import { Layout } from "../../core/seed/plan/layout.ts";
import { parsePlan } from "../../core/seed/plan/plan.ts";
import { SeedFile } from "../../core/seed/file/seed_file.ts";

const page = await Deno.readTextFile(new URL("../../docs/seed-format.md", import.meta.url));

function fenced(language: string): string {
  return new RegExp("```" + language + "\n(.*?)```", "s").exec(page)![1];
}

const bytes = Uint8Array.from(
  fenced("hex").trimEnd().split("\n").flatMap((line) =>
    line.slice(6, 41).match(/[0-9a-f]{2}/g)!.map((byte) => parseInt(byte, 16))
  ),
);
const table = page.slice(page.indexOf("| id  | amount in fen")).trim().split("\n").slice(2)
  .map((row) => row.split("|").slice(1, -1).map(Number));

Deno.test("the page's tables decode its example", () => {
  const view = new DataView(bytes.buffer);
  const text = (at: number, length: number) => new TextDecoder().decode(bytes.subarray(at, at + length));
  assert.equal(text(0, 8), "RPKTSEED");
  const [version, descriptionBytes, descriptionCrc, ticketBytes, perBlock, tickets, blocks] = [
    ...[8, 12, 16, 20, 24, 28, 32].map((at) => view.getUint32(at, true)),
  ];
  assert.deepEqual([version, ticketBytes, perBlock, tickets, blocks], [1, 16, 4096, table.length, 1]);
  assert.equal(view.getUint32(60, true), crc32(bytes.subarray(0, 60)));
  assert.equal(crc32(bytes.subarray(64, 64 + descriptionBytes)), descriptionCrc);
  const description = JSON.parse(text(64, descriptionBytes));
  assert.deepEqual(description.groups, [[0, 5, 100, 3, 600]]);

  const block = 64 + descriptionBytes;
  const digests = block + 16 * blocks + 16 * tickets;
  const records = bytes.subarray(block + 16, digests);
  assert.equal(view.getUint32(block + 12, true), crc32(records, crc32(bytes.subarray(block, block + 12))));
  const read = table.map((_, i) => {
    const at = block + 16 + 16 * i;
    const words = [0, 4, 8].map((offset) => view.getUint32(at + offset, true));
    return [...words, view.getUint16(at + 12, true), view.getUint16(at + 14, true)];
  });
  assert.deepEqual(read, table);

  const footer = digests + 32 * blocks;
  assert.equal(bytes.length, footer + 128);
  assert.equal(text(footer, 8), "RPKTSEAL");
  const sha256 = (...parts: Uint8Array[]) => {
    const hash = createHash("sha256");
    parts.forEach((part) => hash.update(part));
    return new Uint8Array(hash.digest());
  };
  assert.deepEqual(bytes.subarray(digests, footer), sha256(bytes.subarray(block, digests)));
  const hash = sha256(bytes.subarray(0, block), bytes.subarray(digests, footer));
  assert.deepEqual(bytes.subarray(footer + 8, footer + 40), hash);
  const key = createPublicKey(fenced("pem"));
  const keyId = sha256(key.export({ type: "spki", format: "der" }) as Uint8Array).subarray(0, 8);
  assert.deepEqual(bytes.subarray(footer + 40, footer + 48), keyId);
  const signed = new Uint8Array([...new TextEncoder().encode("redpkt seed file 1\n"), ...hash]);
  assert.ok(verify(null, signed, key, bytes.subarray(footer + 48, footer + 112)));
});

Deno.test("the program reads the page's example", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/example.seed`, bytes);
    const keys = new KeyFolder(`${folder}/keys`);
    keys.trust(fenced("pem"), "the page");
    const file = new SeedFile(`${folder}/example.seed`);
    try {
      file.checkSignature(keys.trusted());
      file.checkUse("host-000", Date.UTC(2034, 0));
      assert.deepEqual(auditFile(file).problems, []);
    } finally {
      file.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the plan in the guide is one", async () => {
  const guide = await Deno.readTextFile(new URL("../../docs/seeds.md", import.meta.url));
  const plan = parsePlan(JSON.parse(/```json\n(.*?)```/s.exec(guide)![1]), "the guide");
  assert.equal(new Layout(plan).tickets, 10_000);
});
