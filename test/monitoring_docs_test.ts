import assert from "node:assert/strict";
import { prometheusName } from "../core/admin/telemetry/prometheus.ts";
import { fleetMetrics } from "../core/client/state/metrics.ts";
import type { MetricDefinition } from "../core/counters/counters.ts";
import { MONEY_COLUMNS, type MoneyColumn } from "../core/ledger/record/money_columns.ts";
import { LEDGER_METRICS, PROJECTION_METRICS } from "../core/ledger/thread/metrics.ts";
import { UPLINK_METRICS } from "../core/books/uplink/metrics.ts";
import { LINK_METRICS } from "../core/link/link_metrics.ts";
import { CLAIM_METRICS } from "../core/server/host/claim_watch.ts";
import { MONEY_GAUGES, moneyMetrics } from "../core/server/money/money_metrics.ts";
import { GATEWAY_METRICS } from "../core/gateway/relay/metrics.ts";
import { SET_METRICS, WORKER_METRICS } from "../core/set/common/metrics.ts";
import { dashboard } from "../docs/monitoring/make_dashboard.ts";
import cue from "../plugins/cue/mod.ts";
import seed from "../plugins/seed/mod.ts";
import send from "../plugins/send/mod.ts";
import shake from "../plugins/shake/mod.ts";
import throttle from "../plugins/throttle/mod.ts";
import { machineGauge } from "../core/report/data/record_run.ts";
import { machineSchema } from "../core/report/data/summary_schema.ts";
import { chartTable } from "../core/monitor/timeline/chart_table.ts";
import { declaredBy } from "../core/plugin/declared.ts";

const DOCS = new URL("../docs/monitoring/", import.meta.url);
const server: Record<string, MetricDefinition> = {
  ...SET_METRICS,
  ...WORKER_METRICS,
  ...LEDGER_METRICS,
  ...PROJECTION_METRICS,
  ...CLAIM_METRICS,
  ...UPLINK_METRICS,
  ...LINK_METRICS,
  ...MONEY_GAUGES,
  ...seed.metrics,
  ...send.metrics,
  ...shake.metrics,
  ...throttle.metrics,
  ...cue.metrics,
};

/** Plugins count at doors, too. */
const gateway: Record<string, MetricDefinition> = { ...GATEWAY_METRICS, ...throttle.door?.metrics };

const ONE_PLACE = {
  ...Object.fromEntries(MONEY_COLUMNS.map((name) => [name, 1])) as Record<MoneyColumn, number>,
  sponsor: 1,
  wave: "",
  due: 1,
  dueFen: 1,
};

Deno.test("the Grafana dashboard is what its program makes", async () => {
  assert.equal(await Deno.readTextFile(new URL("grafana.json", DOCS)), dashboard());
});

Deno.test("every metric that dashboard and alerts name is one that a process has", async () => {
  const known = new Set(["redpkt_build_info"]);
  for (const [name] of moneyMetrics({ read: () => [ONE_PLACE] }).matchAll(/^redpkt_\w+/gm)) known.add(name);
  for (const definitions of [server, fleetMetrics.definitions, gateway]) {
    for (const [metric, definition] of Object.entries(definitions)) {
      const { name } = prometheusName(metric, definition);
      known.add(definition.kind === "histogram" ? `${name}_bucket` : name);
    }
  }
  const texts = [dashboard(), await Deno.readTextFile(new URL("alerts.yml", DOCS))];
  const named = texts.flatMap((text) => [...text.matchAll(/redpkt_\w+/g)].map(([name]) => name));
  assert.ok(named.length > 30);
  assert.deepEqual(named.filter((name) => !known.has(name)), []);
});

Deno.test("every metric that a chart names is one that a process or a rehearsal has", () => {
  const machine = Object.keys(machineSchema.shape).map((name) => [machineGauge(name), {}]);
  const fleet = { ...fleetMetrics.definitions, ...Object.fromEntries(machine) };
  const unknown = chartTable([cue, seed, send, shake, throttle].map(declaredBy)).lines.flatMap(
    ({ source }) => {
      const metrics = "metric" in source ? [source.metric] : "metrics" in source ? source.metrics : [];
      const known = { client: fleet, server, gateway }["role" in source ? source.role : "server"];
      return metrics.filter((metric) => !Object.hasOwn(known, metric));
    },
  );
  assert.deepEqual(unknown, []);
});

Deno.test("every alert leads to its section of the runbook, and no section is of none", async () => {
  const alerts = await Deno.readTextFile(new URL("alerts.yml", DOCS));
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const links = [...alerts.matchAll(/runbook_url: "docs\/runbook\.md#(\w+)"/g)].map(([, anchor]) => anchor);
  assert.deepEqual(links, names.map((name) => name.toLowerCase()));
  const runbook = await Deno.readTextFile(new URL("../runbook.md", DOCS));
  assert.deepEqual([...runbook.matchAll(/^## (\w+)$/gm)].map(([, name]) => name), names);
  for (const section of runbook.split(/^## /m).slice(1)) {
    assert.match(section, /Look at:[^]*Do: /, section.split("\n")[0]);
  }
});
