import assert from "node:assert/strict";
import { delta, total } from "../../charts/chart.ts";
import { ChartTable } from "../../charts/chart_table.ts";
import type { PluginChart } from "../../charts/declared.ts";
import { makeSnapshot } from "../collect/testing.ts";
import { History } from "./history.ts";
import { MergedSecond } from "./merge.ts";

const CORE = {
  charts: [{
    id: "rate",
    title: "Rate",
    unit: "count",
    lines: [delta("sent", "server", "sent"), total("sum", "server", "sent")],
  }],
  warnings: [],
} as const;

function tableWith(...charts: PluginChart[]): ChartTable {
  return new ChartTable(CORE, [{ plugin: "p", charts, warnings: [] }]);
}

function shown(second: number, sent: number) {
  const merged = new MergedSecond(second);
  merged.add(makeSnapshot(second, { role: "server", deltas: { sent, won: sent / 2 } }), "t");
  return { merged, reporting: 1, expected: 1, isAmended: false };
}

Deno.test("lines that come keep the past of those that were there, and sums go on", () => {
  const history = new History(tableWith());
  history.put(shown(1, 10));
  history.put(shown(2, 20));
  assert.deepEqual(history.points.map(({ values }) => values), [[10, 10], [20, 30]]);
  history.use(tableWith({
    id: "rate",
    lines: [
      { ...delta("won", "server", "won"), before: "sent" },
      { ...total("won in all", "server", "won"), before: "sum" },
    ],
  }));
  history.put(shown(3, 30));
  assert.deepEqual(history.points.map(({ values }) => values), [
    [null, 10, null, 10],
    [null, 20, null, 30],
    [15, 30, 15, 60],
  ]);
  history.put(shown(2, 22));
  assert.deepEqual(history.last?.values, [15, 30, 26, 62], "an amended second counts in the sums behind it");
  history.use(tableWith());
  assert.deepEqual(history.last?.values, [30, 62], "a line that goes takes nothing with it");
});
