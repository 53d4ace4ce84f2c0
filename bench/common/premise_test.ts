import assert from "node:assert/strict";
import { figure } from "./bench_result.ts";
import { fileSystemOf } from "./disk.ts";
import { type Played, PremiseFailed, wasServed } from "./premise.ts";

const SERVED: Played = {
  ...{ name: "window", due: 60_000, sent: 60_000, answered: 60_000, overloaded: 0, disconnects: 0 },
};
const OTHERS: readonly [change: Partial<Played>, says: RegExp][] = [
  [{ due: 0, sent: 0, answered: 0 }, /no shake was due/],
  [{ sent: 50_000, answered: 50_000 }, /the fleet sent 50000 of 60000/],
  [{ answered: 59_000 }, /59000 of 60000 shakes were answered/],
  [{ overloaded: 1 }, /1 answers were refusals/],
  [{ disconnects: 2 }, /2 users were disconnected/],
];

for (const [change, says] of OTHERS) {
  Deno.test(`a window in which ${JSON.stringify(change)} has no figure`, () => {
    wasServed(SERVED);
    assert.throws(() => wasServed({ ...SERVED, ...change }), says);
    assert.throws(() => wasServed({ ...SERVED, ...change }), PremiseFailed);
  });
}

Deno.test("shakes that are under way at the end of a window are no loss, more are", () => {
  wasServed({ ...SERVED, answered: 59_900 }, 100);
  assert.throws(() => wasServed({ ...SERVED, answered: 59_899 }, 100), PremiseFailed);
});

Deno.test("what isn't a number is no figure, and neither is nothing", () => {
  assert.deepEqual(figure("p99", "ms", [3, 1, 2]), {
    ...{ name: "p99", unit: "ms", least: 1, median: 2, most: 3, values: [3, 1, 2] },
  });
  assert.throws(() => figure("p99", "ms", []), PremiseFailed);
  assert.throws(() => figure("p99", "ms", [1, NaN]), PremiseFailed);
});

Deno.test("the file system of a folder is that of its nearest mount", () => {
  const mounts = [
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
    "25 22 0:22 / /tmp rw,nosuid - tmpfs tmpfs rw",
    "26 22 0:23 / /tmp/disk rw shared:3 master:2 - xfs /dev/sdb rw",
  ].join("\n");
  assert.equal(fileSystemOf("/home/x", mounts), "ext4");
  assert.equal(fileSystemOf("/tmp/x", mounts), "tmpfs");
  assert.equal(fileSystemOf("/tmpx", mounts), "ext4");
  assert.equal(fileSystemOf("/tmp/disk/a", mounts), "xfs");
  assert.equal(fileSystemOf("/tmp", ""), "unknown");
});
