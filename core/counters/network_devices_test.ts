import assert from "node:assert/strict";
import { deviceGrowth, parseDevices } from "./network_devices.ts";

const TEXT = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
  eth0:5000000000 7 0 0 0 0 0 0 600 3 0 0 0 0 0 0
  bad0: 1 2 3
`;

Deno.test("the kernel's table of interfaces is read, with and without a space behind the name", () => {
  assert.deepEqual(parseDevices(TEXT), {
    lo: { rxBytes: 1000, rxPackets: 10, txBytes: 1000, txPackets: 10 },
    eth0: { rxBytes: 5_000_000_000, rxPackets: 7, txBytes: 600, txPackets: 3 },
  });
});

Deno.test("growth leaves out idle interfaces, new ones, and those that count anew", () => {
  const counts = (bytes: number, packets: number) => ({
    rxBytes: bytes,
    rxPackets: packets,
    txBytes: 2 * bytes,
    txPackets: packets,
  });
  const before = { lo: counts(10, 1), eth0: counts(100, 2), wlan0: counts(500, 5) };
  const now = { lo: counts(10, 1), eth0: counts(150, 4), wlan0: counts(3, 1), tun0: counts(9, 9) };
  assert.deepEqual(deviceGrowth(now, before), {
    eth0: { rxBytes: 50, rxPackets: 2, txBytes: 100, txPackets: 2 },
  });
});
