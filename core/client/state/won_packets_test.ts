import assert from "node:assert/strict";
import { Award, WonPackets } from "./won_packets.ts";

Deno.test("a ticket counts once, and a second user's is found out", () => {
  const won = new WonPackets();
  assert.equal(won.addTicket(1, 10), Award.fresh);
  assert.equal(won.addTicket(1, 10), Award.repeated);
  assert.equal(won.addTicket(1, 11), Award.double);
  assert.equal(won.addTicket(2, 0), Award.fresh);
  assert.equal(won.addTicket(2, 0), Award.repeated);
  assert.equal(won.size, 2);
});

Deno.test("each share of a packet counts once", () => {
  const won = new WonPackets();
  for (const user of [0, 1, 2]) assert.equal(won.addShare(9, user), Award.fresh);
  for (const user of [0, 1, 2]) assert.equal(won.addShare(9, user), Award.repeated);
  assert.equal(won.size, 3);
});

Deno.test("it grows and forgets nothing, up to the highest ids", () => {
  const won = new WonPackets();
  const packets = Array.from({ length: 50_000 }, (_, i) => i % 2 === 0 ? 1 + i : 0xffff_ffff - i);
  for (const packet of packets) assert.equal(won.addTicket(packet, packet >>> 3), Award.fresh);
  for (const packet of packets) assert.equal(won.addTicket(packet, packet >>> 3), Award.repeated);
  assert.equal(won.size, packets.length);
});
