import { equal, ok } from "node:assert/strict";
import { openListener } from "../../common/listener.ts";
import {
  AF_INET,
  ENOBUFS,
  libc,
  mapMemory,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  socketAddress,
} from "../../../os/posix.ts";
import { mapWithin4GiB, POOLS_BYTES, SMALL_POOL } from "./buffers.ts";
import { UringRing } from "./ring.ts";
import { whyNoUring } from "./support.ts";
import { uringSyscalls } from "./syscalls.ts";
import { connectionOf, Kind, kindOf } from "./user_data.ts";

const why = whyNoUring();
const EBADF = 9;

Deno.test({
  name: "UringRing: keeps every completion in order while nobody reads, however many they are",
  ignore: why !== null,
  fn() {
    const input = mapWithin4GiB(POOLS_BYTES);
    const ring = new UringRing(uringSyscalls(), { first: 0, slots: 8, input, inputStart: 0 });
    let written = 0;
    let read = 0;
    function write(count: number): void {
      // Closing an empty slot is answered at once.
      while (count-- > 0) ring.submissions.close(3, written++);
      ring.submit();
      equal(ring.submissions.pending, 0);
    }
    function readSome(count: number): void {
      while (count-- > 0 && ring.isReady) {
        const { words } = ring.completions;
        const at = ring.completions.take();
        equal(kindOf(words[at]), Kind.close);
        equal(connectionOf(words[at]), 3);
        equal(words[at + 1], read++);
        equal(words[at + 2], -EBADF);
      }
      ring.giveBack();
    }
    for (let round = 0; round < 3; round++) {
      // Twice what the ring holds, then some reading in between, then all of it.
      for (let i = 0; i < 20; i++) write(1000);
      ok(written - read >= 20_000);
      readSome(5_000);
      write(700);
      readSome(Infinity);
      equal(read, written);
      write(10);
      readSome(Infinity);
      equal(read, written);
    }
    ring.shutdown();
    input.unmap();
  },
});

Deno.test({
  name: "UringRing: reads nothing while it has no buffers, and has each of them once afterwards",
  ignore: why !== null,
  fn() {
    const c = libc();
    const input = mapWithin4GiB(POOLS_BYTES);
    const message = mapMemory(16);
    const listener = openListener(0x7f00_0001, 0);
    const peer = c.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    equal(c.connect(peer, socketAddress(0x7f00_0001, listener.port), 16), 0);
    const taken = c.accept4(listener.fd, null, null, SOCK_CLOEXEC);
    const ring = new UringRing(uringSyscalls(), { first: 0, slots: 8, input, inputStart: 0 });
    ok(ring.install(0, taken));

    /** The next completion, as result and buffer. */
    function next(): { result: number; buffer: number } {
      while (!ring.isReady) ring.wait(1_000, 1, 0);
      const { words } = ring.completions;
      const at = ring.completions.take();
      return { result: words[at + 2], buffer: words[at + 3] >>> 16 };
    }
    function receive(): { result: number; buffer: number } {
      ring.submissions.receive(0, 0);
      equal(c.send(peer, message.pointer, 16, 0), 16);
      return next();
    }
    for (let round = 0; round < 3; round++) {
      ring.setReceiving(false);
      equal(receive().result, -ENOBUFS);
      ring.setReceiving(true);
      // What was left is still there; every further receive finds one more message.
      const seen = new Set<number>();
      ring.submissions.receive(0, 0);
      for (let i = 0; i < SMALL_POOL.count; i++) {
        const { result, buffer } = next();
        equal(result, 16);
        seen.add(buffer);
        if (i < SMALL_POOL.count - 1) c.send(peer, message.pointer, 16, 0);
      }
      equal(seen.size, SMALL_POOL.count, "no buffer is given out twice");
      c.send(peer, message.pointer, 16, 0);
      equal(next().result, -ENOBUFS, "they are used up");
      for (const buffer of seen) ring.pool.giveBack(buffer);
      ring.giveBack();
      ring.submissions.receive(0, 0);
      const { result, buffer } = next();
      equal(result, 16);
      ring.pool.giveBack(buffer);
      ring.submissions.cancel(0, 0, Kind.receive);
      ok(next().result < 0, "the receive ends");
      ring.giveBack();
    }
    ring.shutdown();
    for (const fd of [peer, taken, listener.fd]) c.close(fd);
    for (const memory of [input, message]) memory.unmap();
  },
});
