import assert from "node:assert/strict";
import { MonitorCore } from "../collect/monitor_core.ts";
import { makeSnapshot, TestWorld } from "../collect/testing.ts";
import { write } from "../timeline/unit_text.ts";
import { chart, type Line, spark } from "./lines.ts";
import { afterKey, FIRST_STATE, type KeyPress, VIEWS, type ViewState } from "./view_state.ts";
import { screen, type Size } from "./views.ts";

const S = 1_700_000_000;

function watched(): MonitorCore {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  for (let i = 0; i < 90; i++) {
    world.clock.advance(1000);
    const counts = {
      shakesDue: 100 + i,
      shakesSent: 100 + i,
      shakesAnswered: 100 + i,
      shakesWon: 3,
      shakesLost: 0,
    };
    core.replay(
      { url: "http://fleet:1", name: "a fleet with a very long name indeed" },
      makeSnapshot(S + i, { deltas: counts, totals: counts, latency: [[300, 5]] }),
    );
    core.replay(
      { url: "http://access:1", name: "access 1" },
      makeSnapshot(S + i, {
        role: "server",
        gauges: { connections: 12 },
        blocks: { connections: [4, 8, 0] },
        clientHosts: [["10.0.0.7", 9], ["others", 3]],
        deltas: { framesOut: 100 },
      }),
    );
    core.tick();
  }
  core.mark("phase", "wave 1");
  core.mark("trouble", "access 2 is down: connection refused");
  return core;
}

function text(lines: readonly Line[]): string[] {
  return lines.map((line) => line.map(({ text }) => text).join(""));
}

function draw(core: MonitorCore, size: Size, state: Partial<ViewState> = {}): string[] {
  return text(screen({ core, pageUrl: "http://127.0.0.1:8002/" }, { ...FIRST_STATE, ...state }, size));
}

Deno.test("every view fills any terminal exactly, be it 20 columns wide", () => {
  const empty = new MonitorCore(new TestWorld());
  for (const core of [watched(), empty]) {
    for (const view of VIEWS) {
      for (const [columns, rows] of [[80, 24], [20, 24], [20, 5], [1, 1], [200, 60], [40, 2]]) {
        const lines = draw(core, { columns, rows }, { view });
        assert.equal(lines.length, rows, `${view} at ${columns}x${rows}`);
        for (const line of lines) {
          assert.equal([...line].length, columns, `${view} at ${columns}x${rows}: ${line}`);
        }
      }
    }
  }
});

Deno.test("the overview says what matters in 80x24", () => {
  const screen = draw(watched(), { columns: 80, rows: 24 }).join("\n");
  for (
    const words of [
      "2 live",
      "due         189/s",
      "sent        189/s",
      "won         3/s",
      "access 2 is down",
      "latency p99",
    ]
  ) {
    assert.ok(screen.includes(words), `${words} in\n${screen}`);
  }
});

Deno.test("a dead server shows in the first line: what was due, and that nobody is served", () => {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  const deltas = {
    shakesDue: 1_000,
    shakesSent: 0,
    shakesAnswered: 0,
    ticksUnconnected: 1_000,
    shakesLost: 0,
  };
  world.clock.advance(1000);
  core.replay({ url: "http://fleet:1", name: "fleet" }, makeSnapshot(S, { deltas }));
  core.tick();
  const lines = draw(core, { columns: 80, rows: 24 });
  assert.match(lines[1], /^nobody is served: 1,000 shakes due, 0 answered, 1,000 not sent, 0 lost/);
  const tiles = lines.join("\n");
  for (const words of ["due         1,000/s", "sent        0/s", "not sent    1,000/s", "lost        0/s"]) {
    assert.ok(tiles.includes(words), `${words} in\n${tiles}`);
  }
});

Deno.test("the head names every view where there is room, else the one that is shown", () => {
  const head = (columns: number) => draw(watched(), { columns, rows: 24 }, { view: "money" })[0];
  assert.match(head(100), / 1 overview .* 4 money .* 6 events /);
  assert.match(head(60), / 1 {2}2 {2}3 {2}4 money {2}5 {2}6 /);
});

Deno.test("the page's address can be read to its end on any width: what doesn't fit goes on in the next line", () => {
  const pageUrl = `http://127.0.0.1:8002/#token=${"0123456789abcdef".repeat(4)}`;
  const core = watched();
  for (const columns of [20, 40, 80, 200]) {
    const lines = text(screen({ core, pageUrl }, FIRST_STATE, { columns, rows: 24 }));
    assert.equal(lines.length, 24);
    assert.ok(lines.map((line) => line.trimEnd()).join("").includes(pageUrl), `${columns} columns`);
  }
});

Deno.test("targets are sorted and filtered by keys", () => {
  const core = watched();
  const names = (state: Partial<ViewState>) =>
    draw(core, { columns: 80, rows: 10 }, { view: "targets", ...state }).slice(2, -1)
      .map((line) => line.slice(0, 8).trim()).filter((name) => /^(a fleet|access)/.test(name));
  assert.deepEqual(names({}), ["a fleet", "access 1"]);
  assert.deepEqual(names({ isReversed: true }), ["access 1", "a fleet"]);
  assert.deepEqual(names({ filter: "SERVER" }), ["access 1"]);
});

Deno.test("connections are told by client host, below the targets", () => {
  const lines = draw(watched(), { columns: 80, rows: 12 }, { view: "targets" });
  assert.ok(lines.some((line) => /^10\.0\.0\.7 +9 *$/.test(line)), lines.join("\n"));
  assert.ok(lines.some((line) => /^others +3 *$/.test(line)));
});

Deno.test("whoever scrolls past the end sees the end", () => {
  const lines = draw(watched(), { columns: 80, rows: 12 }, { view: "charts", top: 10_000 });
  assert.ok(lines.slice(1, -1).every((line) => line.trim() !== ""));
});

Deno.test("keys switch, hold, sort, scroll, filter and quit", () => {
  const after = (...keys: (string | KeyPress)[]) =>
    keys.reduce<ViewState>(
      (state, key) => afterKey(state, typeof key === "string" ? { input: key } : key),
      FIRST_STATE,
    );
  assert.equal(after("3").view, "charts");
  assert.equal(after({ input: "", name: "tab" }).view, "targets");
  assert.equal(after("6", { input: "", name: "tab" }).view, "overview");
  assert.equal(after(" ").isPaused, true);
  assert.equal(after("j", "j", "k").top, 1);
  assert.equal(after({ input: "", name: "up" }).top, 0);
  assert.equal(after("/", "q", "1").filter, "q1");
  assert.equal(after("/", "a", { input: "", name: "return" }, "2").filter, "a");
  assert.equal(after("/", "a", "b", { input: "", name: "backspace" }).filter, "a");
  assert.equal(after("/", "a", { input: "", name: "escape" }).filter, "");
  assert.equal(after("q").wantsQuit, true);
  assert.equal(after("/", { input: "c", isCtrl: true }).wantsQuit, true);
});

Deno.test("a chart reaches its highest value at the top, and shows gaps as gaps", () => {
  const lines = text(chart("x", [0, 4, null, 8], "count", { width: 14, height: 3, tone: "plain" }));
  assert.deepEqual(lines, ["x 8", "     8       █", "     0     █ █"]);
  assert.equal(spark([1, null, 8], 4), " ▁ █");
});

Deno.test("values are short, with their unit", () => {
  assert.deepEqual(
    [
      write(null, "us"),
      write(1234, "us"),
      write(1_500_000, "perSecond"),
      write(2.5e9, "bytes"),
      write(12, "percent"),
    ],
    ["-", "1.23 ms", "1.50 M/s", "2.5 GB", "12 %"],
  );
});

Deno.test("the first line says where all the money is, to the fen, and so does the page's", () => {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  const gauges = {
    moneyPutInFen: 1205,
    moneyPoolFen: 5,
    moneyHeldFen: 100,
    moneyUsersFen: 1000,
    moneyReturnedFen: 100,
  };
  world.clock.advance(1000);
  core.replay({ url: "http://a:1", name: "a" }, makeSnapshot(S, { role: "server", gauges }));
  core.tick();
  const line =
    "money OK: 12.05 yuan put in = 0.05 yuan pool + 1.00 yuan held + 10.00 yuan users + 1.00 yuan returned";
  assert.equal(draw(core, { columns: 120, rows: 24 })[1].trimEnd(), line);
  const narrow = draw(core, { columns: 60, rows: 24 });
  assert.equal(`${narrow[1].trimEnd()} ${narrow[2].trimEnd()}`, line, "no narrow screen cuts it");
});

Deno.test("the targets view begins with cities and clusters, and says what is lost of each", () => {
  const world = new TestWorld();
  const core = new MonitorCore(world);
  for (const [name, cluster] of [["n1", "north"], ["n2", "north"], ["s1", "south"]]) {
    core.replay(
      { url: `http://${name}:1`, name, cluster, city: "beijing" },
      makeSnapshot(S, { role: "server", gauges: { connections: 10 }, deltas: { framesOut: 100 } }),
    );
  }
  const size = { columns: 100, rows: 24 };
  const rows = () => draw(core, size, { view: "targets" }).filter((line) => / of \d/.test(line));
  assert.match(rows()[0], /^beijing +3 of 3 +30 /);
  assert.match(rows()[1], /^ {2}north \(beijing\) +2 of 2 +20 /);
  // Nothing more is heard of one of them.
  world.clock.advance(2_600);
  for (const name of ["n1", "s1"]) {
    const spec = { url: `http://${name}:1`, name };
    core.replay(spec, makeSnapshot(S + 2, { role: "server", gauges: { connections: 10 } }));
  }
  core.tick();
  assert.match(rows()[1], /^ {2}north \(beijing\) +1 of 2 +10 .*1 lost/);
  const overview = draw(core, size).join("\n");
  assert.match(overview, /host n2 of cluster north in beijing is lost: no snapshot for 2 s/);
});
