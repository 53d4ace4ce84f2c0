import assert from "node:assert/strict";
import {
  Field,
  FRAME_BYTES,
  requestFrames,
  responseFrames,
  writeClaimRequest,
  writeClaimResponse,
  writeLoginRequest,
  writeLoginResponse,
  writeSendNotice,
  writeShakeRequest,
  writeShakeResponse,
} from "./version0.ts";
import { LoginResult, Opcode, ShakeResult } from "./codes.ts";
import { HEADER_BYTES } from "./schema.ts";
import { MAX_OPCODE } from "./frame_table.ts";

/** 2015-02-18 14:00:00 UTC, the evening of the event. */
const AT = 0x54e4_9ae0;

/** Every frame as the Go prototype's encoder puts it on the wire, field by field. */
const examples: readonly { name: string; write: (view: DataView, at: number) => number; hex: string }[] = [
  {
    name: "LoginRequest",
    write: (view, at) => writeLoginRequest(view, at, AT, 123_456),
    hex: "0010 0000 0000000054e49ae0 0001e240",
  },
  {
    name: "LoginResponse",
    write: (view, at) => writeLoginResponse(view, at, AT, 123_456, LoginResult.ok),
    hex: "0014 0001 0000000054e49ae0 0001e240 00000000",
  },
  {
    name: "ShakeRequest",
    write: (view, at) => writeShakeRequest(view, at, AT, 0xffff_ffff),
    hex: "0010 0002 0000000054e49ae0 ffffffff",
  },
  {
    name: "ShakeResponse that won",
    write: (view, at) => writeShakeResponse(view, at, AT, 7, ShakeResult.won, 0x8000_0001, 499),
    hex: "001c 0003 0000000054e49ae0 00000007 0000000e 80000001 000001f3",
  },
  {
    name: "ShakeResponse with nothing",
    write: (view, at) => writeShakeResponse(view, at, AT, 7, ShakeResult.nothing, 0, 0),
    hex: "001c 0003 0000000054e49ae0 00000007 0000000f 00000000 00000000",
  },
  {
    name: "ShakeResponse, all gone",
    write: (view, at) => writeShakeResponse(view, at, AT, 7, ShakeResult.allGone, 0, 0),
    hex: "001c 0003 0000000054e49ae0 00000007 00000010 00000000 00000000",
  },
  {
    name: "ShakeResponse, overloaded",
    write: (view, at) => writeShakeResponse(view, at, AT, 7, ShakeResult.overloaded, 0, 0),
    hex: "001c 0003 0000000054e49ae0 00000007 00000011 00000000 00000000",
  },
  {
    name: "SendNotice to three",
    write: (view, at) => writeSendNotice(view, at, AT, 9, 100, 1, 2, 3),
    hex: "0024 0004 0000000054e49ae0 00000009 00000064 00000003 00000001 00000002 00000003",
  },
  {
    name: "SendNotice to one",
    write: (view, at) => writeSendNotice(view, at, AT, 9, 100, 1),
    hex: "0024 0004 0000000054e49ae0 00000009 00000064 00000001 00000001 00000000 00000000",
  },
  {
    name: "ClaimRequest",
    write: (view, at) => writeClaimRequest(view, at, AT, 0, 9),
    hex: "0014 0005 0000000054e49ae0 00000000 00000009",
  },
  {
    name: "ClaimResponse",
    write: (view, at) => writeClaimResponse(view, at, AT, 9, 33),
    hex: "0014 0006 0000000054e49ae0 00000009 00000021",
  },
];

for (const { name, write, hex } of examples) {
  Deno.test(`${name} is byte for byte the prototype's, and nothing around it is touched`, () => {
    const at = 5;
    const bytes = new Uint8Array(64).fill(0xaa);
    const size = write(new DataView(bytes.buffer), at);
    assert.equal(bytes.subarray(at, at + size).toHex(), hex.replaceAll(" ", ""));
    assert.ok(bytes.subarray(0, at).every((byte) => byte === 0xaa));
    assert.ok(bytes.subarray(at + size).every((byte) => byte === 0xaa));
  });
}

Deno.test("a timestamp past 2106 keeps its upper half", () => {
  const view = new DataView(new ArrayBuffer(64));
  writeShakeRequest(view, 0, 0x1_0000_0002, 1);
  assert.equal(view.getBigUint64(Field.timestamp), 0x1_0000_0002n);
});

Deno.test("fields are read back by their offsets", () => {
  const view = new DataView(new ArrayBuffer(64));
  writeShakeResponse(view, 0, AT, 11, ShakeResult.won, 12, 13);
  assert.deepEqual(
    [Field.userId, Field.result, Field.shakePacketId, Field.shakeAmount].map((at) => view.getUint32(at)),
    [11, ShakeResult.won, 12, 13],
  );
  writeClaimRequest(view, 0, AT, 11, 12);
  assert.deepEqual([Field.userId, Field.claimPacketId].map((at) => view.getUint32(at)), [11, 12]);
  writeClaimResponse(view, 0, AT, 12, 13);
  assert.deepEqual([Field.claimedPacketId, Field.claimedAmount].map((at) => view.getUint32(at)), [12, 13]);
  writeSendNotice(view, 0, AT, 12, 13, 1, 2, 3);
  assert.deepEqual(
    [Field.noticePacketId, Field.noticeAmount, Field.noticeCount, Field.noticeUsers].map((at) =>
      view.getUint32(at)
    ),
    [12, 13, 3, 1],
  );
  assert.equal(view.getUint16(Field.opcode), Opcode.sendNotice);
});

Deno.test("every frame's body is 4 to 40 bytes, which the prototype's reader demands", () => {
  assert.equal(FRAME_BYTES.length, Object.keys(Opcode).length);
  for (const bytes of FRAME_BYTES) assert.ok(bytes - HEADER_BYTES >= 4 && bytes - HEADER_BYTES <= 40);
});

Deno.test("a server accepts the client's three frames, a client the server's four, and nobody anything else", () => {
  function accepted(table: { minBytes: Uint16Array; maxBytes: Uint16Array }): [number, number, number][] {
    const rows: [number, number, number][] = [];
    for (let opcode = 0; opcode < MAX_OPCODE; opcode++) {
      if (table.minBytes[opcode] > 0) rows.push([opcode, table.minBytes[opcode], table.maxBytes[opcode]]);
    }
    return rows;
  }
  assert.deepEqual(accepted(requestFrames()), [[0, 16, 16], [2, 16, 16], [5, 20, 20]]);
  assert.deepEqual(accepted(responseFrames()), [[1, 20, 20], [3, 28, 28], [4, 36, 36], [6, 20, 20]]);
});
