/** Slow peers and levels on a real server, over real sockets. */
import assert from "node:assert/strict";
import { whyNoLibc } from "../core/engine/posix.ts";
import { whyNoUring } from "../core/engine/uring_support.ts";
import { writeLoginRequest, writeShakeRequest } from "../core/wire/version0.ts";
import { startServer } from "./processes.ts";

const LOGIN_RESPONSE_BYTES = 20;

/** Bytes of one frame. */
function frame(write: (view: DataView) => number): Uint8Array {
  const view = new DataView(new ArrayBuffer(64));
  return new Uint8Array(view.buffer, 0, write(view));
}

/** Reads until the peer ends; returns how many bytes came. */
async function readAll(conn: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(4096);
  let bytes = 0;
  for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) bytes += read;
  return bytes;
}

for (const [engine, whyNot] of [["epoll", whyNoLibc], ["uring", whyNoUring]] as const) {
  const ignore = whyNot() !== null;
  Deno.test(
    { name: `engine ${engine}: who doesn't log in, or stops in a frame, is closed in time`, ignore },
    async () => {
      await using server = await startServer([
        ...["--engine", engine, "--workers", "1", "--login-seconds", "1", "--frame-seconds", "1"],
      ]);
      using silent = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      using half = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      await half.write(frame((view) => writeLoginRequest(view, 0, 1, 7)));
      await half.write(frame((view) => writeShakeRequest(view, 0, 1, 7)).subarray(0, 9));
      assert.deepEqual(await Promise.all([readAll(silent), readAll(half)]), [0, LOGIN_RESPONSE_BYTES]);
      const { counters } = await server.get("/counters");
      assert.deepEqual([counters.closedLoginTimeout, counters.closedFrameTimeout], [1, 1]);
    },
  );
}

Deno.test("an operator's level is refused if it is none, and shown when it is set", async () => {
  await using server = await startServer(["--workers", "1"]);
  assert.equal((await server.post("/level", { level: 4 })).status, 400);
  assert.deepEqual((await server.post("/level", { level: 2 })).body, { wantedLevel: 2, meaning: "readLess" });
  assert.equal((await server.get("/level")).wantedLevel, 2);
});
