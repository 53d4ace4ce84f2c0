/** A monitor of a real server with a seed file: what its tables say is what happens, and what the ledger holds. */
import assert from "node:assert/strict";
import { MonitorCore } from "../../core/monitor/collect/monitor_core.ts";
import { MoneyWatch } from "../../core/monitor/money/money_watch.ts";
import { clientHosts } from "../../core/monitor/view/page_state.ts";
import { Control } from "../../core/monitor/collect/control.ts";
import type { PlanInput } from "../../core/seed/plan/plan_schema.ts";
import { TestSet } from "../../core/seed/make/testing.ts";
import { after, every, systemClock } from "../../core/base/clock.ts";
import { SMALL_SERVER, startRedpkt } from "../child_process.ts";
import { redpkt } from "../processes.ts";

/** Ends a test that has failed already. */
const LIMIT_MS = 60_000;
const DAY_MS = 86_400_000;

/** Two sponsors; one wave that an operator calls, and one that nobody does. */
function plan(): PlanInput {
  const time = (ms: number) => new Date(systemClock.wallMs() + ms).toISOString();
  return {
    name: "monitored",
    expires: time(3 * DAY_MS),
    sponsors: [
      { number: 3, name: "Tea", budgetFen: 6_000, amounts: { kind: "fixed", amountFen: 100 } },
      { number: 5, name: "Rice", budgetFen: 3_000, amounts: { kind: "fixed", amountFen: 50 } },
    ],
    waves: [
      { name: "called", start: time(DAY_MS), lengthS: 2 },
      { name: "planned", start: time(2 * DAY_MS), lengthS: 2 },
    ],
    hosts: { count: 1 },
  };
}

Deno.test("waves, sponsors and limits of a real event are what the monitor shows, to the fen", async () => {
  using set = new TestSet(plan());
  const dir = await Deno.makeTempDir();
  const server = await startRedpkt([
    ...SMALL_SERVER,
    ...["--ledger", `${dir}/ledger`, "--ledger-sync", "off"],
    ...["--seed", set.path("host-000"), "--host-id", "host-000", "--seed-keys", set.keys.path],
    ...["--claims", `${dir}/claims`],
  ], /"port":(\d+),"admin":"([^"]+)"/);
  const [, port, admin] = server.match;
  const fleet = await startRedpkt([
    "client",
    ...["--server", `127.0.0.1:${port}`, "--users", "0-99", "--qps", "300", "--engine", "deno"],
    ...["--workers", "1", "--control", "127.0.0.1:0"],
  ], /"control":"([^"]+)"/);
  const core = new MonitorCore({ clock: systemClock, fetch: (url, init) => fetch(url, init), after }, "me");
  const money = new MoneyWatch(core, (url, init) => fetch(url, init), undefined);
  const control = new Control(core, (url, init) => fetch(url, init), () => {}, undefined);
  const endTicks = every(50, () => {
    core.tick();
    void money.ask(systemClock.wallMs());
  });
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const cancel = after(LIMIT_MS, () => {
        leave();
        reject(new Error(`it never held: ${holds}\n${JSON.stringify(money.last, null, 1)}`));
      });
      const leave = money.subscribe(() => {
        if (!holds()) return;
        leave();
        cancel();
        resolve();
      });
    });
  const wave = (name: string) => money.last!.waves.find((one) => one.wave === name)!;
  const places = (name: string) => money.last!.places.filter(({ wave }) => wave === name);
  try {
    core.setTargets([{ url: `http://${admin}`, name: "access" }]);
    await until(() => money.last!.waves.length === 2 && money.last!.inAll.madeFen === 9_000);
    assert.deepEqual([wave("called").state, wave("planned").state], ["planned", "planned"]);
    assert.deepEqual(
      places("called").map(({ sponsor, poolFen, due, awards }) => [sponsor, poolFen, due, awards]),
      [[3, 3_000, 0, 0], [5, 1_500, 0, 0]],
    );

    const order = { action: "POST /waves/move", body: { wave: "called", inS: 0 }, targets: ["access"] };
    assert.deepEqual(await control.run({ ...order, who: "ann" }), [{ target: "access", ok: true }]);
    // 100 users may have 1 packet of each sponsor: everything of the wave can be won.
    await until(() => places("called").every(({ awardedFen, madeFen }) => awardedFen === madeFen));
    await until(() => money.last!.inAll.delivered === 60 && wave("called").state === "over");
    assert.deepEqual(
      places("called").map(({ sponsor, poolFen, dueFen, awards, openedFen, offByFen }) => [
        sponsor,
        poolFen,
        dueFen,
        awards,
        openedFen,
        offByFen,
      ]),
      [[3, 0, 0, 30, 3_000, 0], [5, 0, 0, 30, 1_500, 0]],
    );
    assert.deepEqual(places("planned").map(({ poolFen, awards }) => [poolFen, awards]), [
      [3_000, 0],
      [1_500, 0],
    ]);
    assert.equal(wave("called").released, 60);
    assert.equal(wave("planned").state, "planned");
    assert.deepEqual(clientHosts(core), [["127.0.0.1", 100]]);
    const marks = (kind: string) =>
      core.marks.all.filter((mark) => mark.kind === kind).map(({ text, who }) => [text, who]);
    assert.deepEqual(marks("action"), [["waves/move wave called, inS 0 on access", "ann"]], "once");
    assert.deepEqual(marks("phase").map(([text]) => text), ["wave called playing", "wave called over"]);
    // What is done by hand is marked too.
    const body = JSON.stringify({ wave: "planned", inS: 1000 });
    const headers = { "content-type": "application/json", "x-redpkt-who": encodeURIComponent("小明") };
    const moved = await fetch(`http://${admin}/waves/move`, { method: "POST", body, headers });
    assert.equal(moved.status, 200, await moved.text());
    const refused = await fetch(`http://${admin}/waves/move`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    assert.equal(refused.status, 400, await refused.text());
    await until(() => marks("action").length > 1);
    assert.deepEqual(marks("action")[1], ["waves/move wave planned, inS 1000 on access", "小明"]);
    const metrics = await (await fetch(`http://${admin}/metrics`)).text();
    assert.match(metrics, /^redpkt_sponsor_fen\{sponsor="3",state="awarded"\} 3000$/m);
    assert.match(metrics, /^redpkt_sponsor_fen\{sponsor="5",state="pending"\} 0$/m);

    await until(() => money.last!.sumFen === 0 && money.last!.sums.userFen === 4_500);
    await fleet.stop();
    await server.stop();
    const { log } = await server.ended;
    assert.match(
      log,
      /"time":"[^"]+".*"event":"action","action":"waves\/move wave planned, inS 1000","who":"小明"/,
    );
    assert.equal(log.match(/"event":"action"/g)!.length, 2, "what was refused is no action");
    const check = await redpkt(["ledger", "check", `${dir}/ledger`, "--claims", `${dir}/claims`]);
    assert.equal(check.code, 0, check.stdout);
  } finally {
    endTicks();
    await core.stop();
    await fleet.stop();
    await server.stop();
    await Deno.remove(dir, { recursive: true });
  }
});
