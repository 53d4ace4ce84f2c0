import assert from "node:assert/strict";
import { parseAddress } from "../../os/address.ts";
import { openListener } from "../../engine/common/listener.ts";
import { libc, whyNoLibc } from "../../os/posix.ts";
import { HeldPort } from "./held_port.ts";

const ignore = whyNoLibc() !== null;
const LOOPBACK = parseAddress("127.0.0.1")!;

Deno.test("a server listens on a held port, and again after it has ended", { ignore }, () => {
  using held = HeldPort.take();
  for (const address of [LOOPBACK, 0, LOOPBACK]) {
    const { fd, port } = openListener(address, held.port);
    assert.equal(port, held.port);
    libc().close(fd);
  }
  using listener = Deno.listen({ hostname: "127.0.0.1", port: held.port });
  assert.equal(listener.addr.port, held.port, "engine deno too");
});

Deno.test("a held port is told apart from one that somebody listens on", { ignore }, () => {
  using held = HeldPort.take();
  const { fd } = openListener(LOOPBACK, held.port);
  try {
    assert.throws(() => openListener(LOOPBACK, held.port), /the port is taken/);
  } finally {
    libc().close(fd);
  }
});

Deno.test("two that hold ports hold different ones", { ignore }, () => {
  using one = HeldPort.take();
  using other = HeldPort.take();
  assert.notEqual(one.port, other.port);
});

Deno.test("a port that is let go can be had by anybody", () => {
  const held = HeldPort.take();
  held[Symbol.dispose]();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: held.port });
  assert.equal(listener.addr.port, held.port);
});
