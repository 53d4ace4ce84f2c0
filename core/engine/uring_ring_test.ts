import { equal, ok } from "node:assert/strict";
import { mapWithin4GiB, POOLS_BYTES } from "./uring_buffers.ts";
import { UringRing } from "./uring_ring.ts";
import { whyNoUring } from "./uring_support.ts";
import { uringSyscalls } from "./uring_syscalls.ts";
import { connectionOf, Kind, kindOf } from "./uring_user_data.ts";

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
