import assert from "node:assert/strict";
import { claimsDirectory } from "./claims_directory.ts";

function directory(env: Record<string, string>, given?: string): string {
  return claimsDirectory({ env: (name) => env[name] }, given);
}

Deno.test("claims are kept where the flag says, the unit, or the user keeps state, in this order", () => {
  const all = { STATE_DIRECTORY: "/var/lib/a:/var/lib/b", XDG_STATE_HOME: "/x", HOME: "/home/u" };
  assert.equal(directory(all, "here"), "here");
  assert.equal(directory(all), "/var/lib/a/claims");
  assert.equal(directory({ ...all, STATE_DIRECTORY: "" }), "/x/redpkt/claims");
  assert.equal(directory({ XDG_STATE_HOME: "x", HOME: "/home/u" }), "/home/u/.local/state/redpkt/claims");
  assert.equal(directory({ LOCALAPPDATA: "C:\\u", HOME: "/c/u" }), "C:\\u/redpkt/claims");
  for (const env of [{}, { HOME: "" }]) assert.throws(() => directory(env), /Name one: --claims DIR/);
});
