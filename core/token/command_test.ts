import assert from "node:assert/strict";
import type { Host } from "../cli/host.ts";
import { ManualClock } from "../base/clock.ts";
import { CloseCode } from "../wire/codes.ts";
import { command } from "./command.ts";
import { Tokens } from "./token.ts";
import { readTokenKeys } from "./token_keys.ts";

const NOW_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

/** Runs `redpkt token` and returns what it prints. */
async function run(...args: readonly string[]): Promise<string> {
  let text = "";
  const host = {
    clock: new ManualClock(NOW_MS),
    env: () => undefined,
    out: (more: string) => text += more,
  } as unknown as Host;
  assert.equal(await command.run(host, args), 0);
  return text;
}

async function withKeys(test: (keys: string) => Promise<void>): Promise<void> {
  const keys = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(keys, await run("--new-key"));
    await test(keys);
  } finally {
    await Deno.remove(keys);
  }
}

Deno.test("tokens are made for these users, this event and so many hours, and for no others", () =>
  withKeys(async (keys) => {
    const lines = (await run("--keys", keys, "--event", "gala", "--users", "5-7", "--hours", "3")).trim()
      .split("\n");
    assert.deepEqual(lines.map((line) => line.split(" ")[0]), ["5", "6", "7"]);
    const check = (user: number, unixMs: number, event = "gala") => {
      const token = Uint8Array.fromHex(lines[1].split(" ")[1]);
      const tokens = new Tokens({ keys: readTokenKeys(keys, "--keys"), event });
      return tokens.check(new DataView(token.buffer), 0, user, unixMs);
    };
    assert.equal(check(6, NOW_MS + 3 * HOUR_MS - 1), 0);
    assert.equal(check(6, NOW_MS + 3 * HOUR_MS), CloseCode.tokenExpired);
    assert.equal(check(7, NOW_MS), CloseCode.tokenForged);
    assert.equal(check(6, NOW_MS, ""), CloseCode.tokenForged);
  }));

Deno.test("a new key is another one each time", async () => {
  const keys = [await run("--new-key"), await run("--new-key")];
  for (const key of keys) assert.match(key, /^1700000000 [0-9a-f]{64}\n$/);
  assert.notEqual(keys[0], keys[1]);
});
