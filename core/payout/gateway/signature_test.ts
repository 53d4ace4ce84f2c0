import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Random } from "../../base/random.ts";
import { UserError } from "../../base/user_error.ts";
import { payRequest } from "./messages.ts";
import { readGatewayKey, signatureProblem, signRequest } from "./signature.ts";

const KEY = new Uint8Array(32).fill(7);
const WALL_MS = 1_763_600_000_000;

Deno.test("a request counts for five minutes to either side of the gateway's clock", () => {
  const problemAt = (timestamp: string) => {
    const request = { method: "POST", path: "/v1/payments", timestamp, body: "{}" };
    return signatureProblem(KEY, request, signRequest(KEY, request), WALL_MS);
  };
  for (const offMs of [0, 300_000, -300_000]) assert.equal(problemAt(String(WALL_MS + offMs)), undefined);
  const late = "redpkt-timestamp is more than 300 s away from the gateway's time";
  for (const offMs of [300_001, -300_001]) assert.equal(problemAt(String(WALL_MS + offMs)), late);
  for (const timestamp of ["", "now", "-5", `${WALL_MS}.5`, `000${WALL_MS}`]) {
    assert.equal(problemAt(timestamp), late, timestamp);
  }
});

Deno.test("a key is read from a file of at least 32 bytes in hexadecimal digits, and nothing else", () => {
  const path = Deno.makeTempFileSync();
  const read = (text: string) => {
    Deno.writeTextFileSync(path, text);
    return readGatewayKey(path, "--gateway-key");
  };
  const isRefused = (what: RegExp) => (error: unknown) =>
    error instanceof UserError && what.test(error.message);
  try {
    assert.deepEqual(read("07".repeat(32) + "\n"), KEY);
    assert.equal(read("aF".repeat(33)).length, 33);
    for (
      const text of ["07".repeat(31), "07".repeat(32) + "0", "0g".repeat(32), "", `${"07".repeat(32)}\n07`]
    ) {
      assert.throws(() => read(text), isRefused(/must hold at least 32 bytes.*openssl rand -hex 32/), text);
    }
    assert.throws(() => readGatewayKey(`${path}.none`, "--gateway-key"), isRefused(/there is no such file/));
    assert.throws(
      () => readGatewayKey("/", "--gateway-key"),
      isRefused(/--gateway-key \/: cannot be read: (?!there)/),
    );
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("an order names its key, a user and an amount, within their bounds", () => {
  const good = { key: "gala/1", user: 0, amountFen: 1 };
  for (const order of [good, { ...good, user: 0xffff_ffff, key: "k".repeat(200), amountFen: 2 ** 50 }]) {
    assert.ok(payRequest.safeParse(order).success);
  }
  for (
    const bad of [
      { user: -1 },
      { user: 0x1_0000_0000 },
      { user: 1.5 },
      { amountFen: 0 },
      { amountFen: 0.5 },
      { key: "" },
      { key: "k".repeat(201) },
      { more: 1 },
    ]
  ) assert.ok(!payRequest.safeParse({ ...good, ...bad }).success, JSON.stringify(bad));
});

Deno.test("a signature is the HMAC-SHA256 of the four lines, whatever key and body", () => {
  const random = new Random(4);
  for (let i = 0; i < 300; i++) {
    const key = Uint8Array.from({ length: 32 + random.below(60) }, () => random.below(256));
    const body = "a付款".repeat(random.below(40));
    const request = { method: "POST", path: `/v1/${i}`, timestamp: String(i), body };
    const wanted = createHmac("sha256", key).update(`POST\n/v1/${i}\n${i}\n${body}`).digest("hex");
    assert.equal(signRequest(key, request), wanted);
    assert.equal(signRequest(key, request), wanted, "a key can be used again");
  }
});
