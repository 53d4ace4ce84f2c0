/** Engines dial IPv6 addresses too. The listener is Deno's own, on ::1. */
import assert from "node:assert/strict";
import { systemClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { chooseEngine, openEngine } from "../../core/engine/choose.ts";
import type { CloseCause, EngineHandler, EngineName } from "../../core/engine/common/engine.ts";
import { nextTurn } from "../../core/base/event_loop.ts";
import { formatIpv6, parseIpv6 } from "../../core/os/address.ts";
import { Waker } from "../../core/threads/waker.ts";

const HELLO = new TextEncoder().encode("hello over six");

/** Whether this machine has an IPv6 loopback. */
function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** Whether an engine runs here. */
function canRun(name: EngineName): boolean {
  try {
    return chooseEngine(name as Exclude<EngineName, "sim">, () => {}) === name;
  } catch {
    return false;
  }
}

for (const name of ["uring", "epoll", "deno"] as const) {
  Deno.test({
    name: `${name}: a peer on ::1 is dialed, spoken to and heard`,
    ignore: !hasIpv6() || !canRun(name),
    async fn() {
      using listener = Deno.listen({ hostname: "::1", port: 0 });
      const echo = (async () => {
        const peer = await listener.accept();
        await peer.write((await readSome(peer)).subarray());
        return peer;
      })();
      const engine = openEngine(name, { capacity: 4, clock: systemClock, waker: new Waker() });
      let heard = "";
      const handler: EngineHandler = {
        onWake() {},
        onAccept() {},
        onDrain() {},
        onConnect(connection) {
          const at = engine.reserve(connection, HELLO.length);
          engine.output.bytes.set(HELLO, at);
          engine.commit(connection, HELLO.length);
        },
        onBytes(_connection, start, end) {
          heard += new TextDecoder().decode(engine.input.bytes.slice(start, end));
        },
        onEnd() {},
        onClose: (_connection, cause: CloseCause) => assert.fail(`closed: ${cause}`),
      };
      engine.attach(handler);
      const { port } = listener.addr as Deno.NetAddr;
      engine.dial({ address: 0, ipv6: [...parseIpv6("::1")!], port, source: 0 });
      const limitMs = systemClock.monotonicMs() + 60_000;
      while (heard.length < HELLO.length) {
        assert.ok(systemClock.monotonicMs() < limitMs, "the echo comes");
        await engine.poll(5);
        await nextTurn();
      }
      assert.equal(heard, "hello over six");
      engine.shutdown();
      (await echo).close();
    },
  });
}

async function readSome(peer: Deno.Conn): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(64);
  return bytes.subarray(0, await peer.read(bytes) ?? 0);
}

Deno.test("an IPv6 address is written in its one short form, and read back", () => {
  const short = ["::", "::1", "2001:db8::1", "1:2:3:4:5:6:7:8", "fe80::", "2001:db8::1:0:0:1"];
  for (const text of short) assert.equal(formatIpv6(parseIpv6(text)!), text);
  const random = new Random(6);
  for (let i = 0; i < 200; i++) {
    const bytes = Array.from({ length: 16 }, () => random.below(3) === 0 ? random.below(256) : 0);
    assert.deepEqual([...parseIpv6(formatIpv6(bytes))!], bytes);
  }
});
