import assert from "node:assert/strict";
import { ExitCode } from "../base/user_error.ts";

Deno.test("the table of exit codes has every code, and no other", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/machine-output.md", import.meta.url));
  const table = page.split("## Exit codes")[1].split("\n## ")[0];
  const told = [...table.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  assert.deepEqual(told, [...new Set(Object.values(ExitCode))].sort((a, b) => a - b));
});
