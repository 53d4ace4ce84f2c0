/** Real processes: a server that answers nobody for a while, and what a fleet of either version books afterwards. */
import assert from "node:assert/strict";
import type { Totals } from "../../core/counters/series.ts";
import { whyNoLibc } from "../../core/os/posix.ts";
import { sleep } from "../../core/base/clock.ts";
import { Running, startServer } from "../processes.ts";

const USERS = 200;
const PER_S = 400;
/** Short, so that what was dropped is given up soon; answers on a busy machine are faster still. */
const PATIENCE_MS = 600;
const LOOK_MS = 50;

for (const protocol of [0, 1]) {
  Deno.test({
    name:
      `version ${protocol}: shakes that a server dropped are given up, and those after them have their own latency`,
    ignore: whyNoLibc() !== null,
    async fn() {
      await using server = await startServer(["--plugins", "throttle,shake", "--workers", "1"]);
      await using fleet = new Running([
        ...["client", "--users", `0-${USERS - 1}`, "--server", `127.0.0.1:${server.port}`, "--workers", "1"],
        ...["--qps", String(PER_S), "--protocol", String(protocol), "--control", "127.0.0.1:0"],
        ...["--patience-ms", String(PATIENCE_MS), "--in-time-ms", String(PATIENCE_MS / 2)],
      ]);
      const { control } = await fleet.event("ready");
      await fleet.event("connected");
      const counters = async () => {
        const response = await fetch(`http://${control}/counters`);
        return (await response.json() as Totals).counters;
      };
      const until = async (isDone: (counters: Record<string, number>) => boolean) => {
        for (;;) {
          const seen = await counters();
          if (isDone(seen)) return seen;
          await sleep(LOOK_MS);
        }
      };
      await until(({ shakesAnswered }) => shakesAnswered > PER_S);
      await server.post("/level", { level: 3 });
      await until(({ shakesGivenUp }) => shakesGivenUp >= USERS);
      await server.post("/level", { level: 0 });
      // By the schedule's own ticks: three seconds later no place is held any more.
      const { shakesDue } = await counters();
      const settled = await until((seen) => seen.shakesDue > shakesDue + 3 * PER_S);
      const end = await until((seen) => seen.shakesDue > settled.shakesDue + 2 * PER_S);
      const grew = (name: string) => end[name] - settled[name];
      // Every user has had a shake dropped. Were the answers booked to the shakes before, all would be late for ever;
      // a busy machine delays some.
      const [inTime, answered] = [grew("shakesInTime"), grew("shakesAnswered")];
      assert.ok(answered > 0 && inTime > 0.5 * answered, `${inTime} of ${answered} in time`);
      assert.equal(end.disconnects, 0);
      if (protocol === 1) assert.equal(end.latenciesUnknown, 0);
      else assert.ok(end.latenciesUnknown > 0 && end.latenciesUnknown <= end.shakesGivenUp);
    },
  });
}
