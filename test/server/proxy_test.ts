/** Servers behind proxies: whose a connection is, by the PROXY protocol, and nobody else's word. */
import assert from "node:assert/strict";
import { readSnapshots } from "../../core/admin/telemetry/snapshot_stream.ts";
import { Random } from "../../core/base/random.ts";
import { ENGINE_CHOICES } from "../../core/engine/choose.ts";
import { whyNoLibc } from "../../core/os/posix.ts";
import { formatAddress, parseAddress } from "../../core/os/address.ts";
import { parseAddressRange } from "../../core/os/address_ranges.ts";
import { whyNoUring } from "../../core/engine/uring/ring/support.ts";
import { writeProxyHeader } from "../../core/wire/proxy_protocol.ts";
import { Opcode1, TOKEN_BYTES } from "../../core/wire/v1/frames.ts";
import { writeLogin } from "../../core/wire/v1/writers.ts";
import shake from "../../plugins/shake/mod.ts";
import { startServer } from "../processes.ts";
import { SimClient, type SimPeer } from "../sim/sim_client.ts";
import { World } from "../sim/sim_world.ts";

const CLIENT = "203.0.113.9";
const PROXY = parseAddress("10.0.0.5")!;
const LOCAL = Uint8Array.fromHex("0d0a0d0a000d0a515549540a20000000");

/** The header that a proxy writes for a client, and a login behind it. */
function headerAndLogin(source = CLIENT): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(200);
  const view = new DataView(bytes.buffer);
  const path = {
    source: parseAddress(source)!,
    sourcePort: 4_711,
    destination: PROXY,
    destinationPort: 1025,
  };
  const size = writeProxyHeader(bytes, 0, path);
  return bytes.subarray(0, size + writeLogin(view, size, 0, 7, new Uint8Array(TOKEN_BYTES)));
}

/** A host behind a proxy at 10.0.0.5, that proxy, and somebody who is none. */
class ProxyWorld extends World {
  readonly proxy = new SimClient(this.network, 12_000, 1025, PROXY);

  constructor(splitProbability = 0) {
    super({ proxies: [parseAddressRange("10.0.0.0/24")!], plugins: [{ plugin: shake }] }, {
      splitProbability,
    });
  }

  override until(isDone: () => boolean): void {
    const untilMs = this.network.clock.monotonicMs() + 60_000;
    assert.ok(this.network.run([this.host, this.client, this.proxy], isDone, untilMs), "it happens in time");
  }

  /** A connection of the proxy, with what it says first. */
  through(bytes: Uint8Array): SimPeer {
    return this.proxy.dial().send([...bytes]);
  }

  /** The addresses that the host knows its open connections by. */
  get addresses(): string[] {
    const [{ engine, connections }] = this.host.loops;
    return Array.from(
      engine.peerAddress,
      (address, i) => connections.phase[i] === 0 ? "" : formatAddress(address),
    )
      .filter((text) => text !== "");
  }
}

function isOver(peer: SimPeer): boolean {
  return peer.hasEnded || peer.closeCause !== undefined;
}

Deno.test("a connection through a proxy is its client's, however the header is cut", () => {
  const world = new ProxyWorld(0.7);
  const peers = Array.from({ length: 20 }, (_, i) => world.through(headerAndLogin(`198.51.100.${i}`)));
  world.until(() => peers.every((peer) => peer.of(Opcode1.loginResult).length === 1));
  assert.deepEqual(world.addresses.sort(), peers.map((_, i) => `198.51.100.${i}`).sort());
  assert.equal(world.total("closedBadProxyHeader"), 0);
});

Deno.test("a proxy that speaks for itself keeps its own address", () => {
  const world = new ProxyWorld();
  const peer = world.through(LOCAL).login1(1);
  world.until(() => peer.of(Opcode1.loginResult).length === 1);
  assert.deepEqual(world.addresses, ["10.0.0.5"]);
});

Deno.test("a listed proxy without a header, or with a bad one, is refused; so is a header from elsewhere", () => {
  const world = new ProxyWorld();
  const bystander = world.through(headerAndLogin());
  const bare = world.proxy.dial().login1(1);
  const bad = headerAndLogin();
  bad[12] = 0x31;
  const wrong = world.through(bad);
  const forged = world.client.dial().send([...headerAndLogin()]);
  world.until(() => [bare, wrong, forged].every(isOver));
  assert.equal(world.total("closedBadProxyHeader"), 3);
  assert.equal(world.total("logins"), 1);
  const direct = world.client.dial().login1(2);
  world.until(() => direct.of(Opcode1.loginResult).length === 1);
  assert.ok(!isOver(bystander));
  assert.deepEqual(world.addresses.sort(), ["127.0.0.1", CLIENT].sort(), "who isn't listed needs none");
});

Deno.test("half a header is waited for as long as a login, and no longer", () => {
  const world = new ProxyWorld();
  const peer = world.through(headerAndLogin().subarray(0, 20));
  world.pass(5_000);
  assert.ok(!isOver(peer));
  world.until(() => isOver(peer));
  assert.equal(world.total("closedLoginTimeout"), 1);
});

Deno.test("10,000 damaged headers end their connections or name a client, and disturb nobody", () => {
  const world = new ProxyWorld();
  const bystander = world.through(headerAndLogin());
  world.until(() => bystander.of(Opcode1.loginResult).length === 1);
  const random = new Random(20150218);
  const good = headerAndLogin();
  for (let round = 0; round < 100; round++) {
    const peers = Array.from({ length: 100 }, () => {
      const bytes = good.slice(0, random.below(2) === 0 ? good.length : random.between(1, good.length));
      for (let flips = random.between(1, 4); flips > 0; flips--) {
        bytes[random.below(Math.min(28, bytes.length))] ^= 1 << random.below(8);
      }
      return world.through(bytes);
    });
    world.until(() => peers.every((peer) => isOver(peer) || peer.frames.length > 0 || peer.isOpen));
    world.pass(5);
    for (const peer of peers) if (!isOver(peer)) peer.abort();
    world.until(() => peers.every(isOver));
  }
  const opened = world.total("connectionsOpened");
  assert.ok(world.total("closedBadProxyHeader") > 5_000, "most are refused as what they are");
  assert.ok(opened > 9_000 && world.total("logins") > 100, "some only name another client");
  bystander.shake1();
  world.until(() => bystander.of(Opcode1.shakeResult).length === 1);
  world.until(() => world.total("connections") === 1);
  assert.deepEqual(world.addresses, [CLIENT]);
});

const whyNot: Readonly<Record<string, string | null>> = { uring: whyNoUring(), epoll: whyNoLibc() };

for (const engine of ENGINE_CHOICES.filter((name) => name !== "auto")) {
  Deno.test({
    name: `engine ${engine}: a proxied client is among the client hosts by their own address`,
    ignore: typeof whyNot[engine] === "string",
    async fn() {
      const proxies = ["127.0.0.0/31", "192.0.2.1"];
      await using server = await startServer(["--engine", engine, "--proxy-protocol", proxies.join(",")]);
      const { port, get } = server;
      assert.deepEqual((await get("/config")).server["proxy-protocol"], proxies);
      using proxy = await Deno.connect({ port, hostname: "127.0.0.1" });
      const bytes = headerAndLogin();
      await proxy.write(bytes.subarray(0, 9));
      proxy.setNoDelay(true);
      await proxy.write(bytes.subarray(9));
      assert.ok(await proxy.read(new Uint8Array(1_000)), "logged in");
      for await (const { clientHosts = [] } of readSnapshots(server.api, {})) {
        if (clientHosts.length === 0) continue;
        assert.deepEqual(clientHosts, [[CLIENT, 1]]);
        break;
      }
    },
  });
}
