import assert from "node:assert/strict";
import text from "../../docs/protocol.md" with { type: "text" };
import { UserError } from "../base/user_error.ts";
import { CloseCode } from "../wire/codes.ts";
import { frames, TOKEN_BYTES } from "../wire/v1/frames.ts";
import { Tokens } from "./token.ts";
import { readTokenKeys } from "./token_keys.ts";

const OLD = { id: 1, secret: new Uint8Array(16).fill(1) };
const NEW = { id: 2, secret: new Uint8Array(16).fill(2) };
const UNTIL = 1_700_000_000_000;
const tokens = new Tokens({ keys: [NEW, OLD], event: "gala" });

function check(token: Uint8Array, user = 7, unixMs = UNTIL - 1, by = tokens): number {
  const bytes = new Uint8Array(3 + TOKEN_BYTES);
  bytes.set(token, 3);
  return by.check(new DataView(bytes.buffer), 3, user, unixMs);
}

function keysFile(content: string): string {
  const path = Deno.makeTempFileSync();
  Deno.writeTextFileSync(path, content);
  return path;
}

Deno.test("a token is good for its user and event until its last millisecond is over", () => {
  const token = tokens.make(7, UNTIL);
  assert.equal(check(token), 0);
  assert.equal(check(token, 7, UNTIL), CloseCode.tokenExpired);
  assert.equal(check(token, 8), CloseCode.tokenForged);
  const elsewhere = new Tokens({ keys: [NEW], event: "gala2" });
  assert.equal(check(token, 7, 0, elsewhere), CloseCode.tokenForged);
});

Deno.test("every changed bit is found", () => {
  const token = tokens.make(7, UNTIL);
  for (let bit = 0; bit < TOKEN_BYTES * 8; bit++) {
    const changed = token.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    assert.ok(
      [CloseCode.tokenForged, CloseCode.tokenKeyUnknown].includes(check(changed) as 209),
      `bit ${bit}`,
    );
  }
});

Deno.test("an expiry that a number can't hold is no way to two tokens of one signature", () => {
  const token = tokens.make(7, 2 ** 53);
  const rounded = token.slice();
  rounded[11] = 1;
  assert.deepEqual([check(token), check(rounded)], [CloseCode.tokenForged, CloseCode.tokenForged]);
  assert.equal(check(tokens.make(7, 2 ** 53 - 1)), 0);
});

Deno.test("keys rotate: the first makes tokens, all of them check, a removed one is unknown", () => {
  const old = new Tokens({ keys: [OLD], event: "gala" }).make(7, UNTIL);
  assert.equal(check(old), 0);
  assert.equal(new DataView(tokens.make(7, UNTIL).buffer).getUint32(0), NEW.id);
  assert.equal(
    check(old, 7, 0, new Tokens({ keys: [NEW], event: "gala" })),
    CloseCode.tokenKeyUnknown,
  );
});

Deno.test("the login in docs/protocol.md has the token that its key makes", () => {
  const path = keysFile(text.match(/^```keys\n([^`]+)```/m)![1]);
  const login = text.match(/^```frame\n(0040 0100 [^\n]+)/m)![1];
  const frame = Uint8Array.fromHex(login.replaceAll(" ", ""));
  const documented = new Tokens({ keys: readTokenKeys(path, "--keys"), event: "gala-2015" });
  const at = frames.login.at.keyId;
  assert.equal(
    documented.make(123_456, 1_424_275_200_000).toHex(),
    frame.subarray(at, at + TOKEN_BYTES).toHex(),
  );
  Deno.removeSync(path);
});

Deno.test("every bad line of a file of keys is told", () => {
  const path = keysFile(
    "# ours\n1 00\nx\n\n2 00112233445566778899aabbccddeeff\n2 00112233445566778899aabbccddeeff\n",
  );
  assert.throws(() => readTokenKeys(path, "--keys"), (error: UserError) => {
    assert.deepEqual(error.message.split("\n").map((line) => line.slice(path.length)), [
      ":2: the secret must have at least 16 bytes",
      ":3: must be an id and a secret in hex, such as 1 00112233445566778899aabbccddeeff",
      ":6: key 2 is there already",
    ]);
    return error instanceof UserError;
  });
  Deno.removeSync(path);
  const unread = (where: string) => (error: UserError) => {
    const isNamed = error.message.includes("there is no such file");
    return error.message.startsWith(`--keys ${where}: cannot be read: `) && isNamed === (where === path);
  };
  assert.throws(() => readTokenKeys(path, "--keys"), unread(path));
  const folder = Deno.makeTempDirSync();
  assert.throws(() => readTokenKeys(folder, "--keys"), unread(folder));
  Deno.removeSync(folder);
});

Deno.test("a file of keys has one at least, and ids are 32 bits", () => {
  const secret = "00112233445566778899aabbccddeeff";
  const read = (content: string) => {
    const path = keysFile(content);
    try {
      return readTokenKeys(path, "--keys").map(({ id }) => id);
    } catch (error) {
      return (error as UserError).message.replaceAll(path, "");
    } finally {
      Deno.removeSync(path);
    }
  };
  assert.deepEqual(read(`0 ${secret}\n4294967295 ${secret}\n`), [0, 4294967295]);
  assert.match(String(read(`4294967296 ${secret}\n`)), /^:1: must be an id and a secret in hex[^\n]*$/);
  assert.equal(read("# none\n\n"), ": holds no key");
  assert.match(String(read("x\n")), /^:1: must be an id[^\n]*$/, "what is wrong is told, and nothing else");
});

Deno.test("an end that no number tells exactly is no end", () => {
  assert.equal(check(tokens.make(7, Number.MAX_SAFE_INTEGER)), 0);
  assert.equal(check(tokens.make(7, 2 ** 53)), CloseCode.tokenForged);
});

Deno.test("a file without a key, and an id that has no room in a token", () => {
  const path = keysFile("# none\n\n");
  assert.throws(() => readTokenKeys(path, "--keys"), /holds no key/);
  const secret = "00".repeat(16);
  Deno.writeTextFileSync(path, `4294967296 ${secret}\n`);
  assert.throws(() => readTokenKeys(path, "--keys"), /:1: must be an id/);
  Deno.writeTextFileSync(path, `4294967295 ${secret}\n`);
  assert.deepEqual(readTokenKeys(path, "--keys").map(({ id }) => id), [4_294_967_295]);
  Deno.removeSync(path);
});
