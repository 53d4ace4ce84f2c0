import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import { type LogFields, openLog } from "./log.ts";

function logged(isTerminal: boolean, event: string, fields: Record<string, unknown>): string {
  let text = "";
  const log = openLog(
    { clock: new ManualClock(0), isTerminal, err: (line) => void (text += line) },
    "server",
  );
  log("warn", event, fields as LogFields);
  return text;
}

Deno.test("no field writes over the head of a line, whatever it is called", () => {
  const fields = { time: "noon", level: 3, process: "p", event: "e", plugin: "mine" };
  assert.deepEqual(JSON.parse(logged(false, "level set", fields)), {
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    process: "server",
    event: "level set",
    timeField: "noon",
    levelField: 3,
    processField: "p",
    eventField: "e",
    plugin: "mine",
  });
  // @ts-expect-error: our own code can't even be written so.
  openLog({ clock: new ManualClock(0), isTerminal: false, err: () => {} }, "p")("info", "e", { level: 3 });
});

Deno.test("on a terminal a line is words, without what isn't known, and groups stand below it", () => {
  assert.equal(
    logged(true, "ledger ready", { rows: 3, checkpointFault: undefined, orders: 0 }),
    "00:00:00.000 server WARN ledger ready rows=3 orders=0\n",
  );
  const stopped = {
    allWinnersAnswered: true,
    shake: { made: 10, wonFen: 5 },
    throttle: {
      hostPerS: 9,
      sets: { all: 8, strained: 0 },
      none: undefined,
      waves: [{ wave: "20:00" }, { wave: "b c" }],
    },
  };
  assert.equal(
    logged(true, "stopped", stopped),
    "00:00:00.000 server WARN stopped allWinnersAnswered=true\n" +
      "    shake: made=10 wonFen=5\n" +
      '    throttle: hostPerS=9 sets.all=8 sets.strained=0 waves=(wave=20:00),(wave="b c")\n',
  );
});
