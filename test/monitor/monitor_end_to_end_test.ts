/** A real server, a real fleet, and a monitor: what the monitor adds up is what they themselves say at their ends. */
import assert from "node:assert/strict";
import { chartTable } from "../../core/monitor/timeline/chart_table.ts";
import type { Point } from "../../core/monitor/timeline/history.ts";
import { MonitorCore } from "../../core/monitor/collect/monitor_core.ts";
import { after, every, systemClock } from "../../core/base/clock.ts";
import { SMALL_SERVER, startRedpkt } from "../child_process.ts";

/** Ends a test that has failed already. */
const LIMIT_MS = 60_000;
const SENT = chartTable().lines.findIndex(({ label }) => label === "sent (fleet)");
const ANSWERED = chartTable().lines.findIndex(({ label }) => label === "answered (fleet)");

Deno.test("totals and seconds of the monitor equal those of server and fleet, to the last request", async () => {
  const server = await startRedpkt(SMALL_SERVER, /"port":(\d+),"admin":"([^"]+)"/);
  const [, port, admin] = server.match;
  const fleet = await startRedpkt([
    "client",
    ...[
      "--server",
      `127.0.0.1:${port}`,
      "--users",
      "0-29",
      "--qps",
      "0",
      "--engine",
      "deno",
      "--workers",
      "1",
    ],
    ...["--control", "127.0.0.1:0"],
  ], /"control":"([^"]+)"/);
  const [, control] = fleet.match;
  const core = new MonitorCore({ clock: systemClock, fetch: (url, init) => fetch(url, init), after });
  const bySecond = new Map<number, Point>();
  let look = () => {};
  core.watch({
    second(point) {
      bySecond.set(point.second, point);
      look();
    },
  });
  /** Resolves when it holds; looked at whenever a second is shown. */
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const cancel = after(LIMIT_MS, () => reject(new Error(`it never held: ${holds}`)));
      look = () => {
        if (!holds()) return;
        cancel();
        resolve();
      };
      look();
    });
  const sum = (line: number) =>
    [...bySecond.values()].reduce((total, { values }) => total + (values[line] ?? 0), 0);
  const endTicks = every(50, () => {
    core.tick();
    look();
  });
  try {
    core.setTargets([admin, control].map((address) => ({ url: `http://${address}`, name: address })));
    await until(() => core.targets.every(({ state }) => state === "live") && bySecond.size > 0);
    const post = (path: string, body: unknown) =>
      fetch(`http://${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }).then((answer) => answer.text());
    await post(`${admin}/packets`, { ratePerS: 50, total: 1000 });
    await post(`${control}/rate`, { qps: 300 });
    await until(() => sum(ANSWERED) > 600);
    await post(`${control}/stop`, {});
    const { out } = await fleet.ended;
    await until(() => core.targets[1].state === "ended");
    await post(`${admin}/drain`, {});
    const { log } = await server.ended;
    await until(() => core.targets[0].state === "ended");
    // The last second is shown when it is over.
    const lastSecond = core.targets[1].last!.second;
    await until(() => bySecond.has(lastSecond));

    const told = (label: string) =>
      Number(new RegExp(`^${label} +([\\d,]+)`, "m").exec(out)![1].replaceAll(",", ""));
    const client = core.totals("client");
    assert.deepEqual(
      [client.shakesSent, client.shakesAnswered, client.shakesWon],
      [told("sent"), told("answered"), told("won")],
      "totals of the fleet",
    );
    assert.deepEqual([sum(SENT), sum(ANSWERED)], [told("sent"), told("answered")], "sums of its seconds");
    const stopped = JSON.parse(log.split("\n").find((line) => line.includes('"event":"stopped"'))!);
    const { framesIn, framesOut } = core.totals("server");
    assert.deepEqual([framesIn, framesOut], [stopped.framesIn, stopped.framesOut], "totals of the server");
    assert.equal(
      core.histogram("client", "shakeLatencyUs").count,
      told("answered"),
      "every latency is in it",
    );
  } finally {
    endTicks();
    await core.stop();
    await fleet.stop();
    await server.stop();
  }
});
