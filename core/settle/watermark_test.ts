import assert from "node:assert/strict";
import type { Cursor } from "../books/contract/intake.ts";
import { watermarkOf } from "./watermark.ts";

function host(host: number, caughtUpMs: number, isRetired = false): Cursor {
  return {
    host,
    name: `host ${host}`,
    ledger: String(host),
    epoch: 1,
    seq: 0,
    headHex: "",
    caughtUpMs,
    isRetired,
  };
}

const WALL_MS = 100_000;
const PATIENCE_MS = 30_000;

function watermark(...hosts: Cursor[]): [beforeS: number, behind: number | undefined, silent: number[]] {
  const { beforeS, behind, silent } = watermarkOf(hosts, WALL_MS, PATIENCE_MS);
  return [beforeS, behind?.host, silent.map(({ host }) => host)];
}

Deno.test("a second is judged once every host has brought all of it", () => {
  assert.deepEqual(watermark(host(1, 99_999), host(2, 95_999)), [95, 2, []]);
  assert.deepEqual(watermark(host(1, 99_999), host(2, 96_000)), [96, 2, []]);
});

Deno.test("a silent host is passed over once the patience is over, and named", () => {
  assert.deepEqual(watermark(host(1, 99_000), host(2, 70_000)), [70, 2, []]);
  assert.deepEqual(watermark(host(1, 99_000), host(2, 69_999)), [99, 1, [2]]);
  assert.deepEqual(watermark(host(1, 0), host(2, 69_999)), [70, undefined, [1, 2]]);
});

Deno.test("nobody waits for a retired host", () => {
  assert.deepEqual(watermark(host(1, 99_000), host(2, 80_000, true)), [99, 1, []]);
  assert.deepEqual(watermark(host(1, 0, true)), [Infinity, undefined, []]);
  assert.deepEqual(watermark(), [Infinity, undefined, []]);
});
