/** Slow peers and levels on a real server, over real sockets. */
import assert from "node:assert/strict";
import * as posix from "../../core/os/posix.ts";
import { libc, whyNoLibc } from "../../core/os/posix.ts";
import { whyNoUring } from "../../core/engine/uring/ring/support.ts";
import { writeLoginRequest, writeShakeRequest } from "../../core/wire/version0.ts";
import { sleep } from "../../core/base/clock.ts";
import { startServer } from "../processes.ts";

const LOGIN_RESPONSE_BYTES = 20;

/** Bytes of one frame. */
function frame(write: (view: DataView) => number): Uint8Array<ArrayBuffer> {
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

Deno.test({
  name: "who shakes and never reads is closed once the kernel's buffers are full",
  ignore: whyNoLibc() !== null,
}, async () => {
  await using server = await startServer(["--engine", "epoll", "--workers", "1", "--read-seconds", "1"]);
  const c = libc();
  const fd = c.socket(posix.AF_INET, posix.SOCK_STREAM | posix.SOCK_NONBLOCK | posix.SOCK_CLOEXEC, 0);
  try {
    const smallest = new Uint8Array(new Int32Array([1]).buffer);
    c.setsockopt(fd, posix.SOL_SOCKET, posix.SO_RCVBUF, smallest, 4);
    c.connect(fd, posix.socketAddress(0x7f00_0001, server.port), 16);
    const write = (bytes: Uint8Array<ArrayBuffer>) => c.write(fd, bytes, bytes.length);
    while (write(frame((view) => writeLoginRequest(view, 0, 1, 7))) < 0) await sleep(1);
    const shake = frame((view) => writeShakeRequest(view, 0, 1, 7));
    for (;;) {
      write(shake);
      await sleep(1);
      const { counters } = await server.get("/counters");
      if (counters.closedSlowReader === 1) break;
    }
  } finally {
    c.close(fd);
  }
});

Deno.test("an operator's level is refused if it is none, and shown when it is set", async () => {
  await using server = await startServer(["--workers", "1"]);
  assert.equal((await server.post("/level", { level: 4 })).status, 400);
  assert.deepEqual((await server.post("/level", { level: 2 })).body, { wantedLevel: 2, meaning: "readLess" });
  assert.equal((await server.get("/level")).wantedLevel, 2);
});
