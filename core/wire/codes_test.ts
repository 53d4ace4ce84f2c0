import assert from "node:assert/strict";
import { CloseCode, closeCodeName, PLUGIN_CLOSE_CODES, Result } from "./codes.ts";

Deno.test("close codes are unique, and none lies in the plugins' range", () => {
  const codes = Object.values(CloseCode);
  assert.equal(new Set(codes).size, codes.length);
  for (const code of codes) assert.ok(code >= 100 && code < PLUGIN_CLOSE_CODES.from);
});

Deno.test("results are unique, and none lies in the plugins' range", () => {
  const results = Object.values(Result);
  assert.equal(new Set<number>(results).size, results.length);
  for (const result of results) assert.ok(result >= 0 && result < PLUGIN_CLOSE_CODES.from);
});

Deno.test("a close code's name is its metric label", () => {
  assert.equal(closeCodeName(CloseCode.frameTooLong), "frameTooLong");
  assert.equal(closeCodeName(PLUGIN_CLOSE_CODES.from + 7), "plugin307");
});
