import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { headerSum, LOG_HEADER_BYTES, LogHeader } from "./log_header.ts";

/** The header of a log as SQLite writes it. */
function realHeader(): Uint8Array<ArrayBuffer> {
  const folder = Deno.makeTempDirSync();
  try {
    const db = new DatabaseSync(`${folder}/db`);
    db.exec("pragma journal_mode = wal; create table t (x)");
    const header = Deno.readFileSync(`${folder}/db-wal`).slice(0, LOG_HEADER_BYTES);
    db.close();
    return header;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const isWhole = (bytes: Uint8Array<ArrayBuffer>) => headerSum(new DataView(bytes.buffer)) !== undefined;

Deno.test("the header that SQLite writes is whole, and with any flipped bit or cut off it isn't", () => {
  const header = realHeader();
  assert.equal(isWhole(header), true);
  for (let bit = 0; bit < LOG_HEADER_BYTES * 8; bit++) {
    const wrong = header.slice();
    wrong[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(isWhole(wrong), false, `bit ${bit}`);
  }
  assert.equal(isWhole(header.slice(0, -1)), false);
});

Deno.test("sums of words in either order of bytes, as other machines write them, are added up", () => {
  for (const isLittleEndian of [true, false]) {
    for (let seed = 1; seed <= 16; seed++) {
      const bytes = new Uint8Array(LOG_HEADER_BYTES);
      const view = new DataView(bytes.buffer);
      view.setUint32(LogHeader.magic, isLittleEndian ? 0x377f0682 : 0x377f0683);
      for (let at = 4; at < LogHeader.checksum; at += 4) {
        view.setUint32(at, Math.imul(at * seed, 0x9e37_79b1));
      }
      const word = (at: number) => BigInt(view.getUint32(at, isLittleEndian));
      // As the format's page says: s0 += x(i) + s1; s1 += x(i + 1) + s0.
      let [s0, s1] = [0n, 0n];
      for (let at = 0; at < LogHeader.checksum; at += 8) {
        s0 = BigInt.asUintN(32, s0 + word(at) + s1);
        s1 = BigInt.asUintN(32, s1 + word(at + 4) + s0);
      }
      view.setUint32(LogHeader.checksum, Number(s0));
      view.setUint32(LogHeader.checksum + 4, Number(s1));
      assert.equal(isWhole(bytes), true, `seed ${seed}`);
      bytes[LogHeader.checksum + seed % 8] ^= 1;
      assert.equal(isWhole(bytes), false, `seed ${seed}`);
    }
  }
});
