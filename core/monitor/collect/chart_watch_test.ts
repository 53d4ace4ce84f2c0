import assert from "node:assert/strict";
import { delta } from "../../charts/chart.ts";
import { CHARTS_VERSION } from "../../charts/declared.ts";
import { watchCharts } from "./chart_watch.ts";
import { MonitorCore } from "./monitor_core.ts";
import { makeSnapshot, settle, TestWorld } from "./testing.ts";

const TARGET = { url: "http://server:1", name: "server" };
const TOLD = {
  schemaVersion: CHARTS_VERSION,
  plugins: [{
    plugin: "dice",
    charts: [{ id: "dice", title: "Dice", unit: "count", lines: [delta("rolls", "server", "diceRolls")] }],
    warnings: [],
  }],
};

function watched(answer: () => Response | Promise<Response>) {
  const world = new TestWorld();
  world.answer = answer;
  const core = new MonitorCore(world);
  watchCharts(core, world);
  let readAtMs = 1;
  const tell = async (pid: number, role: "server" | "client" = "server") => {
    core.replay(TARGET, makeSnapshot(100, { role, pid, readAtMs: readAtMs++ }));
    await settle();
  };
  const asked = () => world.requests.map(({ url }) => url);
  return { core, tell, asked };
}

const troubles = ({ marks }: MonitorCore) => marks.all.filter(({ kind }) => kind === "trouble").length;

Deno.test("a server is asked for its charts once in its life, and a fleet never", async () => {
  const { core, tell, asked } = watched(() => Response.json(TOLD));
  await tell(1, "client");
  assert.deepEqual(asked(), []);
  await tell(1);
  await tell(1);
  assert.deepEqual(asked(), ["http://server:1/charts"]);
  assert.equal(core.table.chart("dice")?.lines.length, 1);
  await tell(2);
  assert.equal(asked().length, 2, "another process may have other plugins");
});

Deno.test("a server that is too old to have charts is no trouble", async () => {
  const { core, tell, asked } = watched(() => new Response("no route", { status: 404 }));
  await tell(1);
  await tell(1);
  assert.deepEqual([asked().length, troubles(core)], [1, 0]);
});

Deno.test("charts that can't be read are told of once, and nothing is shown of them", async () => {
  for (const rubbish of [{ ...TOLD, schemaVersion: 2 }, { ...TOLD, plugins: [{ plugin: "dice" }] }, []]) {
    const { core, tell, asked } = watched(() => Response.json(rubbish));
    await tell(1);
    await tell(1);
    assert.deepEqual([asked().length, troubles(core)], [1, 1]);
    assert.equal(core.table.chart("dice"), undefined);
  }
});

Deno.test("a server that doesn't answer is asked again", async () => {
  let isDown = true;
  const { core, tell, asked } = watched(() =>
    isDown ? Promise.reject(new TypeError("connection refused")) : Response.json(TOLD)
  );
  await tell(1);
  isDown = false;
  await tell(1);
  assert.deepEqual([asked().length, troubles(core)], [2, 0]);
  assert.ok(core.table.chart("dice") !== undefined);
});

Deno.test("what comes with the program is replaced by what a server says of the same plugin", () => {
  const world = new TestWorld();
  const [{ charts: [chart] }] = TOLD.plugins;
  const builtIn = [{
    plugin: "dice",
    charts: [{ ...chart, title: "Old", unit: "count" as const }],
    warnings: [],
  }];
  const core = new MonitorCore(world, "", builtIn);
  let changes = 0;
  core.watch({ charts: () => changes++ });
  core.declare(builtIn);
  assert.equal(changes, 0, "the same is no change");
  core.declare([{ ...builtIn[0], charts: [{ ...builtIn[0].charts[0], title: "New" }] }]);
  assert.equal(core.table.charts.filter(({ id }) => id === "dice").length, 1);
});
