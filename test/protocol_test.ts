/** Every example of `docs/protocol.md` is decoded by the document's own tables, and written by our writers. */
import assert from "node:assert/strict";
import text from "../docs/protocol.md" with { type: "text" };
import { CloseCode, Opcode1, Result } from "../core/wire/codes.ts";
import { responseFrames1 } from "../core/wire/version1.ts";
import { FrameCursor, WHOLE_FRAME } from "../core/wire/frame_cursor.ts";
import { frameBytes1, readU64, TIMESTAMP_AT } from "../core/wire/version1.ts";
import * as money from "../core/wire/version1_money.ts";
import * as session from "../core/wire/version1_session.ts";

const AT_MS = 1_424_268_000_000;

type Value = number | string | number[];

interface Example {
  readonly name: string;
  readonly opcode: number;
  /** As the text says it: one number, or the least and the most. */
  readonly bytesSaid: readonly number[];
  readonly fields: readonly { readonly at: number; readonly type: string; readonly name: string }[];
  readonly frame: Uint8Array<ArrayBuffer>;
  readonly values: Readonly<Record<string, string>>;
}

function examples(): Example[] {
  return text.split(/^### /m).slice(1).flatMap((section) => {
    const [, name, opcode] = section.match(/^`(\w+)` 0x([0-9a-f]{4})/)!;
    const [, least, most] = section.match(/([\d,]+)(?: to (\d+))? bytes\./)!;
    const fields = [...section.matchAll(/^\| (\d+) +\| ([^|]+?) +\| `(\w+)` +\|$/gm)]
      .map(([, at, type, field]) => ({ at: Number(at), type, name: field }));
    return [...section.matchAll(/^```frame\n([^`]+)\n```/gm)].map(([, example]) => {
      const [hex, ...lines] = example.split("\n");
      const frame = Uint8Array.fromHex(hex.replaceAll(" ", "")) as Uint8Array<ArrayBuffer>;
      return {
        name,
        opcode: parseInt(opcode, 16),
        bytesSaid: [Number(least), Number(most ?? least)],
        // A short frame lacks the last fields; its values say that, too.
        fields: fields.filter(({ at }) => at < frame.length),
        frame,
        values: Object.fromEntries(lines.map((line) => line.split(" = "))),
      };
    });
  });
}

/** A field by its type in the document's table. */
function decode(view: DataView, at: number, type: string): Value {
  if (type === "u32") return view.getUint32(at);
  if (type === "u64") return readU64(view, at);
  const rest = new Uint8Array(view.buffer, at);
  if (type.endsWith("UTF-8")) return new TextDecoder().decode(rest);
  if (type === "32 bytes") return rest.subarray(0, 32).toHex();
  return Array.from({ length: rest.length / 4 }, (_, i) => view.getUint32(at + 4 * i));
}

type Values = Record<string, Value>;
const n = (value: Value) => value as number;
const list = (value: Value) => value as number[];
const utf8 = (value: Value) => new TextEncoder().encode(value as string);

/** How each frame is written from an example's fields. */
const writers: Record<string, (view: DataView, v: Values) => number> = {
  login: (view, v) => {
    const token = new Uint8Array(session.TOKEN_BYTES);
    const tokenView = new DataView(token.buffer);
    tokenView.setUint32(0, n(v.keyId));
    tokenView.setBigUint64(4, BigInt(n(v.expiresMs)));
    token.set(Uint8Array.fromHex(v.mac as string), 12);
    return session.writeLogin(view, 0, AT_MS, n(v.user), token);
  },
  loginResult: (view, v) => session.writeLoginResult(view, 0, AT_MS, n(v.user)),
  ping: (view) => session.writePing(view, 0, AT_MS),
  pong: (view, v) => session.writePong(view, 0, AT_MS, n(v.pingMs)),
  delivered: (view, v) => session.writeDelivered(view, 0, AT_MS, n(v.packetId)),
  close: (view, v) => session.writeClose(view, 0, AT_MS, n(v.code), n(v.retryMs)),
  shake: (view, v) => session.writeShake(view, 0, AT_MS, n(v.requestId)),
  shakeResult: (view, v) =>
    v.result === Result.greeting
      ? session.writeShakeGreeting(view, 0, AT_MS, n(v.requestId), n(v.sponsor), n(v.resource))
      : session.writeShakeResult(
        view,
        0,
        AT_MS,
        n(v.requestId),
        n(v.result),
        n(v.packetId),
        n(v.amountFen),
        n(v.retryMs),
      ),
  open: (view, v) => session.writeOpen(view, 0, AT_MS, n(v.packetId)),
  openResult: (view, v) =>
    session.writeOpenResult(
      view,
      0,
      AT_MS,
      n(v.packetId),
      n(v.result),
      n(v.amountFen),
      n(v.retryMs),
    ),
  send: (view, v) =>
    money.writeSend(
      view,
      0,
      AT_MS,
      n(v.requestId),
      n(v.amountFen),
      n(v.shares),
      n(v.mode),
      n(v.group),
      list(v.users),
    ),
  sendResult: (view, v) =>
    money.writeSendResult(
      view,
      0,
      AT_MS,
      n(v.requestId),
      n(v.result),
      n(v.packetId),
      n(v.expiresMs),
      n(v.retryMs),
    ),
  notice: (view, v) =>
    money.writeNotice(
      view,
      0,
      AT_MS,
      n(v.packetId),
      n(v.sender),
      n(v.amountFen),
      n(v.shares),
      n(v.mode),
      n(v.group),
      n(v.expiresMs),
    ),
  claim: (view, v) => money.writeClaim(view, 0, AT_MS, n(v.packetId)),
  claimResult: (view, v) =>
    money.writeClaimResult(view, 0, AT_MS, n(v.packetId), n(v.result), n(v.amountFen), n(v.retryMs)),
  detail: (view, v) => money.writeDetail(view, 0, AT_MS, n(v.packetId), n(v.from)),
  detailResult: (view, v) =>
    money.writeDetailResult(
      view,
      0,
      AT_MS,
      n(v.packetId),
      n(v.result),
      n(v.shares),
      n(v.claimed),
      n(v.luckiest),
      n(v.luckiestFen),
      n(v.first),
      list(v.claims),
    ),
  balance: (view) => money.writeBalance(view, 0, AT_MS),
  balanceResult: (view, v) =>
    money.writeBalanceResult(view, 0, AT_MS, n(v.result), n(v.balanceFen), n(v.retryMs)),
  expired: (view, v) => money.writeExpired(view, 0, AT_MS, n(v.packetId), n(v.returnedFen)),
  chat: (view, v) => money.writeChat(view, 0, AT_MS, n(v.requestId), n(v.group), utf8(v.text)),
  chatResult: (view, v) => money.writeChatResult(view, 0, AT_MS, n(v.requestId), n(v.result), n(v.retryMs)),
  chatMessage: (view, v) => money.writeChatMessage(view, 0, AT_MS, n(v.group), n(v.sender), utf8(v.text)),
};

for (const [i, { name, opcode, bytesSaid, fields, frame, values }] of examples().entries()) {
  Deno.test(`the example of ${name} (the page's ${i + 1}.) says what its fields say, and is what is written`, () => {
    const view = new DataView(frame.buffer);
    assert.deepEqual([view.getUint16(0), view.getUint16(2)], [frame.length, opcode]);
    assert.equal(readU64(view, TIMESTAMP_AT), AT_MS);
    const decoded = Object.fromEntries(fields.map(({ at, type, name }) => [name, decode(view, at, type)]));
    const said = Object.fromEntries(
      Object.entries(decoded).map((
        [key, value],
      ) => [key, Array.isArray(value) ? value.join(" ") : `${value}`]),
    );
    assert.deepEqual(said, values);
    const bytes = new Uint8Array(256).fill(0xaa);
    const size = writers[name](new DataView(bytes.buffer), decoded);
    assert.equal(bytes.subarray(0, size).toHex(), frame.toHex());
    assert.ok(bytes.subarray(size).every((byte) => byte === 0xaa), "nothing behind it is touched");
    assert.deepEqual(bytesSaid, frameBytes1(opcode));
  });
}

Deno.test("the document has every frame, result and close code of version 1, and no other", () => {
  assert.deepEqual(
    [...new Set(examples().map(({ name, opcode }) => `${name} ${opcode}`))].sort(),
    Object.entries(Opcode1).map(([name, opcode]) => `${name} ${opcode}`).sort(),
  );
  const rows = (heading: string) => {
    const section = text.split(`\n## ${heading}\n`)[1].split("\n## ")[0];
    return [...section.matchAll(/^\| (\d+) +\| `(\w+)`/gm)].map(([, code, name]) => [name, Number(code)]);
  };
  assert.deepEqual(Object.fromEntries(rows("Results")), Result);
  assert.deepEqual(Object.fromEntries(rows("Close codes")), CloseCode);
});

Deno.test("a client takes the server's frames, joined or split anywhere, and no client's", () => {
  const all = examples();
  const server = all.filter(({ opcode }) => (opcode & 0x80) !== 0);
  const stream = Uint8Array.from(server.flatMap(({ frame }) => [...frame]));
  for (const step of [1, 3, 17, stream.length]) {
    const cursor = new FrameCursor(responseFrames1(), 1, stream.length);
    const seen: number[] = [];
    for (let at = 0; at < stream.length; at += step) {
      cursor.load(0, stream, new DataView(stream.buffer), at, Math.min(at + step, stream.length));
      while (cursor.next() === WHOLE_FRAME) seen.push(cursor.opcode);
    }
    assert.deepEqual(seen, server.map(({ opcode }) => opcode));
  }
  for (const { frame } of all.filter(({ opcode }) => (opcode & 0x80) === 0)) {
    const cursor = new FrameCursor(responseFrames1(), 1, frame.length);
    cursor.load(0, frame, new DataView(frame.buffer), 0, frame.length);
    assert.equal(cursor.next(), -CloseCode.unknownOpcode);
  }
});
