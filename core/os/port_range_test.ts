import assert from "node:assert/strict";
import {
  connectionsPerPair,
  DEFAULT_PORT_RANGE,
  mostConnectionsPerPair,
  parsePortRange,
  readPortRange,
} from "./port_range.ts";

Deno.test("a pair is planned with the ports of one parity, and not with the last of them", () => {
  assert.equal(connectionsPerPair(DEFAULT_PORT_RANGE), 13_127);
  assert.equal(connectionsPerPair({ first: 1_024, last: 65_535 }), 29_998);
  assert.equal(connectionsPerPair({ first: 5_000, last: 5_000 }), 1);
});

Deno.test("more of a pair come slowly, up to where nobody waits", () => {
  assert.equal(mostConnectionsPerPair(DEFAULT_PORT_RANGE), 26_255);
  assert.equal(mostConnectionsPerPair({ first: 1_024, last: 65_535 }), 30_000);
});

Deno.test("the kernel's range is read, and nonsense isn't one", () => {
  assert.deepEqual(parsePortRange("32768\t60999\n"), DEFAULT_PORT_RANGE);
  for (const text of ["", "1", "9 8", "0 5", "1 70000", "a b"]) assert.equal(parsePortRange(text), undefined);
  const { first, last } = readPortRange();
  assert.ok(first <= last);
});
