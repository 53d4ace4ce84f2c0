/** Every bus runs the same kit. */
import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import type { Bus } from "../../core/bus/bus.ts";
import { FolderBus } from "../../core/bus/folder_bus.ts";
import { MemoryHub } from "../../core/bus/memory_hub.ts";
import { NatsBus } from "../../core/bus/nats_bus.ts";
import { parseBus, withoutPassword } from "../../core/bus/open_bus.ts";
import { SimNetwork } from "../../core/bus/sim_network.ts";
import { type BusStage, describeBus } from "./bus_conformance.ts";
import { NATS_SERVER, NatsCluster } from "../../core/rehearse/show/nats_cluster.ts";

/** Ends a test that has failed already. */
const MAX_MS = 180_000;

async function until(isSo: () => boolean, what: string): Promise<void> {
  const untilMs = performance.now() + MAX_MS;
  while (!isSo()) {
    assert.ok(performance.now() < untilMs, `${what}: never came`);
    await sleep(50);
  }
}

/** Closes every side at the end. */
function stageOf(join: () => Bus, more: Partial<BusStage> & { end?: () => Promise<void> }): BusStage {
  const buses: Bus[] = [];
  return {
    join() {
      const bus = join();
      buses.push(bus);
      return bus;
    },
    until,
    ...more,
    async [Symbol.asyncDispose]() {
      await Promise.all(buses.map((bus) => bus.close()));
      await more.end?.();
    },
  };
}

describeBus({
  name: "memory",
  start(order) {
    const hub = new MemoryHub(order);
    return stageOf(() => hub.join("memory"), {
      until: async (isSo, what) => {
        for (let i = 0; !isSo(); i++) {
          assert.ok(i < 100, `${what}: never came`);
          hub.retry();
          await Promise.resolve();
        }
      },
      forget: () => hub.forget(),
    });
  },
});

for (const seed of [1, 2, 3]) {
  describeBus({
    name: `model, seed ${seed}`,
    start(order) {
      const faults = { delayMs: 5, jitterMs: 200, lost: 0.2, repeated: 0.2 };
      const network = new SimNetwork(order, faults, new Random(seed));
      let nowMs = 0;
      return stageOf(() => network.hub.join("model"), {
        until: (isSo, what) => {
          for (let i = 0; !isSo(); i++) {
            assert.ok(i < 10_000, `seed ${seed}, ${what}: never came`);
            network.advanceTo(nowMs += 10);
          }
          return Promise.resolve();
        },
        forget: () => network.hub.forget(),
      });
    },
  });
}

describeBus({
  name: "folder",
  async start(order) {
    const path = await Deno.makeTempDir();
    return stageOf(() => new FolderBus(path, order), {
      forget: () => Deno.removeSync(`${path}/gala.show`),
      end: () => Deno.remove(path, { recursive: true }),
    });
  },
});

for (const size of [1, 3] as const) {
  describeBus({
    name: `NATS, ${size} node${size === 1 ? "" : "s"}${
      NATS_SERVER === undefined ? " (no nats-server here)" : ""
    }`,
    ignore: NATS_SERVER === undefined,
    async start(order) {
      const cluster = await NatsCluster.start("kit", size);
      return stageOf(() => new NatsBus({ servers: cluster.servers, isTls: false }, order), {
        forget: () => cluster.forget(),
        end: () => cluster[Symbol.asyncDispose](),
      });
    },
  });
}

Deno.test("a path is read from its flag, and a mistake says what it must be", () => {
  const nats = parseBus("nats://a1,a2:4223,a3");
  assert.ok(typeof nats === "object" && nats.kind === "nats");
  assert.deepEqual(nats.place.servers, ["a1:4222", "a2:4223", "a3:4222"]);
  const safe = parseBus("tls://me:s%40@h?credentials=/etc/x.creds&authority=/etc/ca.pem");
  assert.ok(typeof safe === "object" && safe.kind === "nats");
  assert.deepEqual(safe.place, {
    servers: ["h:4222"],
    isTls: true,
    user: "me",
    password: "s@",
    credentials: "/etc/x.creds",
    authority: "/etc/ca.pem",
  });
  assert.deepEqual(parseBus("file:/mnt/show"), { kind: "folder", path: "/mnt/show" });
  assert.deepEqual(parseBus("http://a:1,b:2"), { kind: "admin", targets: ["a:1", "b:2"] });
  assert.equal(withoutPassword("tls://me:s%40@h,i?credentials=x"), "tls://me:***@h,i?credentials=x");
  assert.equal(withoutPassword("nats://a:1,b:2"), "nats://a:1,b:2");
  for (const wrong of ["", "nats://", "nats://a b", "nats://a?x=1", "file:", "http://a", "ftp://a"]) {
    assert.equal(typeof parseBus(wrong), "string", wrong);
  }
});
