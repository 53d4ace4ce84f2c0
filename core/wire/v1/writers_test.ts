import assert from "node:assert/strict";
import { Result } from "../codes.ts";
import { writeFrame } from "../frame_codec.ts";
import { frames, TOKEN_BYTES } from "./frames.ts";
import * as w from "./writers.ts";

/** A timestamp beyond 32 bits. */
const AT_MS = 1_424_268_000_123;
const [A, B, C, D, E] = [0xffff_fffe, 2, 0x8000_0003, 4, 5];

type Write = (view: DataView, at: number) => number;

/** Each writer that is by place, beside the same by names. */
const pairs: Record<keyof typeof w, readonly [Write, Write]> = {
  writeLogin: [
    (view, at) => {
      const token = Uint8Array.from({ length: TOKEN_BYTES }, (_, i) => i < 4 ? 0 : i < 12 ? +(i === 11) : i);
      return w.writeLogin(view, at, AT_MS, A, token, 7);
    },
    (view, at) => {
      const mac = Uint8Array.from({ length: 32 }, (_, i) => 12 + i);
      return writeFrame(frames.login, view, at, AT_MS, { version: 7, user: A, keyId: 0, expiresMs: 1, mac });
    },
  ],
  writeLoginResult: [
    (view, at) => w.writeLoginResult(view, at, AT_MS, A, B),
    (view, at) => writeFrame(frames.loginResult, view, at, AT_MS, { user: A, version: B }),
  ],
  writePing: [
    (view, at) => w.writePing(view, at, AT_MS),
    (view, at) => writeFrame(frames.ping, view, at, AT_MS, {}),
  ],
  writePong: [
    (view, at) => w.writePong(view, at, AT_MS, AT_MS - 1),
    (view, at) => writeFrame(frames.pong, view, at, AT_MS, { pingMs: AT_MS - 1 }),
  ],
  writeDelivered: [
    (view, at) => w.writeDelivered(view, at, AT_MS, A),
    (view, at) => writeFrame(frames.delivered, view, at, AT_MS, { packetId: A }),
  ],
  writeMove: [
    (view, at) => w.writeMove(view, at, AT_MS, A, B),
    (view, at) => writeFrame(frames.move, view, at, AT_MS, { withinMs: A, scope: B }),
  ],
  writeShake: [
    (view, at) => w.writeShake(view, at, AT_MS, A),
    (view, at) => writeFrame(frames.shake, view, at, AT_MS, { requestId: A }),
  ],
  writeShakeResult: [
    (view, at) => w.writeShakeResult(view, at, AT_MS, A, B, C, D, E),
    (view, at) => {
      const values = { requestId: A, result: B, packetId: C, amountFen: D, retryMs: E };
      return writeFrame(frames.shakeResult, view, at, AT_MS, values);
    },
  ],
  writeShakeWon: [
    (view, at) => w.writeShakeWon(view, at, AT_MS, A, B, C, D, E),
    (view, at) => {
      const won = { packetId: B, amountFen: C, retryMs: 0, sponsor: D, resource: E };
      return writeFrame(frames.shakeResult, view, at, AT_MS, { requestId: A, result: Result.ok, ...won });
    },
  ],
  writeShakeGreeting: [
    (view, at) => w.writeShakeGreeting(view, at, AT_MS, A, B, C),
    (view, at) => {
      const nothing = { packetId: 0, amountFen: 0, retryMs: 0 };
      const values = { requestId: A, result: Result.greeting, ...nothing, sponsor: B, resource: C };
      return writeFrame(frames.shakeResult, view, at, AT_MS, values);
    },
  ],
  writeOpen: [
    (view, at) => w.writeOpen(view, at, AT_MS, A),
    (view, at) => writeFrame(frames.open, view, at, AT_MS, { packetId: A }),
  ],
  writeOpenResult: [
    (view, at) => w.writeOpenResult(view, at, AT_MS, A, B, C, D),
    (view, at) => {
      const values = { packetId: A, result: B, amountFen: C, retryMs: D };
      return writeFrame(frames.openResult, view, at, AT_MS, values);
    },
  ],
  writeClaim: [
    (view, at) => w.writeClaim(view, at, AT_MS, A),
    (view, at) => writeFrame(frames.claim, view, at, AT_MS, { packetId: A }),
  ],
  writeClaimResult: [
    (view, at) => w.writeClaimResult(view, at, AT_MS, A, B, C, D),
    (view, at) => {
      const values = { packetId: A, result: B, amountFen: C, retryMs: D };
      return writeFrame(frames.claimResult, view, at, AT_MS, values);
    },
  ],
  writeNotice: [
    (view, at) => w.writeNotice(view, at, AT_MS, A, B, C, D, E, 6, AT_MS + 1),
    (view, at) => {
      const values = {
        packetId: A,
        sender: B,
        amountFen: C,
        shares: D,
        mode: E,
        group: 6,
        expiresMs: AT_MS + 1,
      };
      return writeFrame(frames.notice, view, at, AT_MS, values);
    },
  ],
  writeCue: [
    (view, at) => w.writeCue(view, at, AT_MS, A, B, C, D, E, AT_MS + 1, 6),
    (view, at) => {
      const values = { epoch: A, number: B, state: C, wave: D, resource: E, startMs: AT_MS + 1, lengthMs: 6 };
      return writeFrame(frames.cue, view, at, AT_MS, values);
    },
  ],
  writePolicy: [
    (view, at) => w.writePolicy(view, at, AT_MS, A, B, C, D, E, 6),
    (view, at) => {
      const values = { epoch: A, number: B, minShakeMs: C, jitterMs: D, retryFirstMs: E, retryMostMs: 6 };
      return writeFrame(frames.policy, view, at, AT_MS, values);
    },
  ],
  writeChatResult: [
    (view, at) => w.writeChatResult(view, at, AT_MS, A, B, C),
    (view, at) => writeFrame(frames.chatResult, view, at, AT_MS, { requestId: A, result: B, retryMs: C }),
  ],
};

for (const [name, [byPlace, byName]] of Object.entries(pairs)) {
  Deno.test(`${name} writes what its frame's declaration says, and nothing around it`, () => {
    const [ours, theirs] = [byPlace, byName].map((write) => {
      const bytes = new Uint8Array(128).fill(0xaa);
      return [write(new DataView(bytes.buffer), 5), bytes.toHex()];
    });
    assert.deepEqual(ours, theirs);
  });
}
