/** A real server and real commands: over a folder, over its admin API, and over NATS where the machine has it. */
import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { NATS_SERVER, NatsCluster } from "../../core/rehearse/show/nats_cluster.ts";
import { ShowPlace } from "./show_place.ts";

/** Ends a test that has failed already. */
const MAX_MS = 120_000;

interface WaveState {
  readonly wave: string;
  readonly state: string;
  readonly start: string;
}

async function waveIs(
  server: { get(path: string): Promise<unknown> },
  wave: string,
  isSo: (wave: WaveState) => boolean,
): Promise<WaveState> {
  const untilMs = performance.now() + MAX_MS;
  for (;;) {
    // Tickets that are still being read have no waves yet.
    const waves = await server.get("/waves") as readonly WaveState[] | { errors: unknown };
    const found = Array.isArray(waves) ? waves.find((one) => one.wave === wave) : undefined;
    if (found !== undefined && isSo(found)) return found;
    assert.ok(performance.now() < untilMs, `${wave}: ${JSON.stringify(waves)}`);
    await sleep(50);
  }
}

Deno.test("a show over a folder: shifted, held, cut by two, taken over; a host that was killed plays it on", async () => {
  await using place = new ShowPlace();
  await place.make();
  const anna = ["--keys", "anna", "--bus", "file:bus"];
  let planned = "";
  {
    await using server = await place.server(["--bus", `file:${place.path}/bus`]);
    planned = (await waveIs(server, "first", () => true)).start;
    await place.show(["init", "--plan", "plan.json", "--event", "gala", "--approve", "ben", ...anna]);
    assert.match(await place.show(["shift", "+40s", ...anna]), /first: begins 40 s later/);
    await waveIs(server, "first", ({ start }) => Date.parse(start) === Date.parse(planned) + 40_000);
    assert.match(await place.show(["cut", "second", ...anna], 1), /second person must approve/);
    await place.show(["approve", "console/proposals/1.4.json", "--keys", "ben"]);
    await place.show(["send", "console/proposals/1.4.json", ...anna]);
    await waveIs(server, "second", ({ state }) => state === "stopped");
    await place.show(["hold", ...anna]);
    await waveIs(server, "first", ({ state }) => state === "paused");
  }
  await using server = await place.server(["--bus", `file:${place.path}/bus`]);
  await waveIs(server, "first", ({ state }) => state === "paused");
  assert.match(
    await place.show([
      "takeover",
      "--console",
      "two",
      "--event",
      "gala",
      "--keys",
      "ben",
      "--bus",
      "file:bus",
    ]),
    /2\.1/,
  );
  assert.match(await place.show(["level", "1", ...anna], 1), /taken over: 2\.1/);
  await place.show(["go", "--console", "two", "--keys", "ben", "--bus", "file:bus"]);
  await waveIs(server, "first", ({ state }) => state === "planned");
  assert.match(
    await place.show(["status", "--console", "two", "--keys", "ben", "--bus", "file:bus"]),
    /1 of 1 have it/,
  );
  assert.match(await place.show(["journal", "--keys", "anna"]), /hold/);
  const orders = await server.get("/orders") as { count: number };
  // Of each wave that changed, one: two shifted, one cut, two held, two gone on.
  assert.ok(orders.count <= 7, `${orders.count} orders`);
});

Deno.test("without any bus the admin API is the path, and a document that is carried there is proven like any other", async () => {
  await using place = new ShowPlace();
  await place.make();
  await using server = await place.server([]);
  const http = ["--bus", `http://${new URL(server.api).host}`];
  await waveIs(server, "first", () => true);
  await place.show([
    "init",
    "--plan",
    "plan.json",
    "--event",
    "gala",
    "--approve",
    "ben",
    "--keys",
    "anna",
    ...http,
  ]);
  await place.show(["level", "1", "--keys", "anna", ...http]);
  const { show } = await server.get("/show") as { show: { version: string; level: number } };
  assert.deepEqual([show.version, show.level], ["1.3", 1]);
  await place.show(["push", "--out", "carried.show", "--keys", "anna", ...http]);
  const text = (await Deno.readTextFile(`${place.path}/carried.show`)).replace('"level":1', '"level":2');
  const { body } = await server.post("/show/exchange", {
    schemaVersion: 1,
    values: [{ subject: "gala.show", text }],
    messages: [],
  });
  assert.match(body.values[0].text, /"level":1/);
  const { counters } = await server.get("/counters") as { counters: Record<string, number> };
  assert.equal(counters.showForged, 1);
});

Deno.test({
  name: `a server hears a show by NATS, by the cluster that is left${
    NATS_SERVER ? "" : " (no nats-server here)"
  }`,
  ignore: NATS_SERVER === undefined,
  async fn() {
    await using place = new ShowPlace();
    await place.make();
    await using a = await NatsCluster.start("a", 1);
    await using b = await NatsCluster.start("b", 1);
    const buses = ["--bus", a.url, "--bus", b.url];
    await using server = await place.server(buses);
    await waveIs(server, "first", () => true);
    await place.show([
      "init",
      "--plan",
      "plan.json",
      "--event",
      "gala",
      "--approve",
      "ben",
      "--keys",
      "anna",
      ...buses,
    ]);
    await a.killAll();
    await place.show(["hold", "--keys", "anna", ...buses]);
    await waveIs(server, "first", ({ state }) => state === "paused");
    assert.match(await place.show(["status", "--keys", "anna", ...buses], 1), /DOWN/);
  },
});
