/** What a plugin's one file declares is seen everywhere: in metrics, on the page, in the terminal and in reports. */
import assert from "node:assert/strict";
import { MonitorCore } from "../core/monitor/collect/monitor_core.ts";
import { Replay } from "../core/monitor/record/replay.ts";
import { replayAll } from "../core/monitor/record/replay_all.ts";
import { screen } from "../core/monitor/terminal/views.ts";
import { FIRST_STATE } from "../core/monitor/terminal/view_state.ts";
import { health, type PageHistory, pageHistory } from "../core/monitor/view/page_state.ts";
import { after, ManualClock } from "../core/base/clock.ts";
import { redpkt, Running, startServer } from "./processes.ts";

const LUCKY = new URL("./fixtures/lucky_plugin.ts", import.meta.url).pathname;
/** Ends a test that has failed already. */
const MOST_MS = 60_000;
const PLUGINS = `throttle,shake,${LUCKY}`;
const SCENARIO = {
  name: "lucky",
  about: "a few users for two seconds",
  users: 50,
  server: { flags: { plugins: PLUGINS } },
  phases: [{
    name: "shake",
    seconds: 2,
    shakesPerS: 200,
    packets: { ratePerS: 20 },
    thresholds: { luckyPerS: { atLeast: 1 }, won: { atLeast: 1 } },
  }],
};

/** What the terminal's view of charts says. */
function terminalText(core: MonitorCore): string {
  const lines = screen({ core }, { ...FIRST_STATE, view: "charts" }, { columns: 120, rows: 300 });
  return lines.map((line) => line.map(({ text }) => text).join("")).join("\n");
}

/** Reads a stream of events until one of this name comes. */
async function eventCame(events: Response, name: string): Promise<void> {
  let text = "";
  for await (const piece of events.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes(`event: ${name}\n`)) return;
  }
  assert.fail(`the stream ended without ${name}`);
}

Deno.test("a server tells a monitor without its plugin which charts it has, and the monitor records it", async () => {
  await using server = await startServer(["--workers", "1", "--plugins", PLUGINS]);
  assert.match(await (await fetch(`${server.api}/metrics`)).text(), /^redpkt_lucky_frames_total/m);
  const { schemaVersion, plugins } = await server.get("/charts");
  assert.equal(schemaVersion, 1);
  assert.deepEqual(plugins.map(({ plugin }: { plugin: string }) => plugin), ["throttle", "shake", "lucky"]);

  const folder = await Deno.makeTempDir();
  try {
    const record = `${folder}/run.db`;
    const where = ["--target", server.api.replace("http://", ""), "--web", "127.0.0.1:0", "--record", record];
    await using monitor = new Running(["monitor", "--headless", ...where]);
    const { url } = await monitor.event("page");
    const page = async (): Promise<PageHistory> => await (await fetch(`${url}api/history`)).json();
    const isThere = ({ charts }: PageHistory) => charts.some(({ id }) => id === "lucky");
    // Heard from before it looks: the charts may come in between.
    const events = await fetch(`${url}events`, { signal: AbortSignal.timeout(MOST_MS) });
    if (isThere(await page())) await events.body!.cancel();
    else await eventCame(events, "charts");
    const { charts } = await page();
    assert.equal(charts[1].title, "Frames of luck", "it stands where it wants to");
    assert.equal(charts[0].lines[0], "lucky ones");
    assert.ok(charts.some(({ id }) => id === "sends"), "what the server hasn't is there from the program");
    monitor.process.kill("SIGTERM");
    assert.equal(await monitor.ended(), 0);
    const replay = new Replay(record);
    assert.deepEqual(replay.charts().map(({ plugin }) => plugin), ["throttle", "shake", "lucky"]);
    replay.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a rehearsal measures what a plugin declares, and its record and report show it", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/lucky.ts`, `export default ${JSON.stringify(SCENARIO)};`);
    const { code, stdout, stderr } = await redpkt(["rehearse", "./lucky.ts"], { cwd });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^ *lucky frames a second +\d/m);
    const folder = `${cwd}/${/^PASS .* (\S+)\/report\.html$/m.exec(stdout)![1]}`;
    const summary = JSON.parse(await Deno.readTextFile(`${folder}/summary.json`));
    assert.ok(summary.phases[0].measures.luckyPerS.value > 100, "each shake is a frame");
    assert.equal(summary.environment.settings["lucky.least"], 0, "a rehearsal sets what the plugin wants");
    assert.match(await Deno.readTextFile(`${folder}/series.csv`), /,lucky_frames,/);
    assert.match(await Deno.readTextFile(`${folder}/report.md`), /\| lucky frames a second \| \d/);
    const html = await Deno.readTextFile(`${folder}/report.html`);
    for (const word of ["Frames of luck", "lucky frames a second", "lucky ones"]) {
      assert.ok(html.includes(word), word);
    }

    const replay = new Replay(`${folder}/run.db`);
    const clock = new ManualClock(0);
    const core = new MonitorCore({ clock, fetch: () => Promise.reject(new Error("no network")), after });
    const warned = new Set<string>();
    core.watch({ second: () => health(core).texts.forEach((text) => warned.add(text.replace(/^\S+ /, ""))) });
    replayAll(replay, core, clock);
    replay.close();
    assert.ok(warned.has("frames have luck"));
    assert.match(terminalText(core), /^Frames of luck *\n +frames with luck/m);
    const { charts, columns } = pageHistory(core, null, 1_000);
    assert.equal(charts[1].title, "Frames of luck");
    const line = core.table.indexOf("lucky", "frames with luck");
    assert.ok(Math.max(...columns[line]!.map((value) => value ?? 0)) > 0);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("a threshold about what nobody measures is one line that says what is meant", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    const phases = [{ ...SCENARIO.phases[0], thresholds: { luckPerS: { atLeast: 1 } } }];
    await Deno.writeTextFile(`${cwd}/lucky.ts`, `export default ${JSON.stringify({ ...SCENARIO, phases })};`);
    const { code, stderr } = await redpkt(["rehearse", "./lucky.ts"], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /phases\.0\.thresholds\.luckPerS: nothing measures this\. Did you mean luckyPerS\?/);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
