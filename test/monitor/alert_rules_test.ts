/** The alert rules against metrics as the program itself writes them, judged by promtool. */
import assert from "node:assert/strict";
import { prometheusText } from "../../core/admin/telemetry/prometheus.ts";
import { Counters, type MetricDefinition, MetricLayout } from "../../core/counters/counters.ts";
import { bucketOf } from "../../core/counters/histogram.ts";
import { GATEWAY_METRICS } from "../../core/gateway/relay/metrics.ts";
import { fleetMetrics } from "../../core/client/state/metrics.ts";
import { MemoryLedger } from "../../core/ledger/judge/memory_ledger.ts";
import type { Balances } from "../../core/ledger/record/ledger.ts";
import { PROJECTION_METRICS } from "../../core/ledger/thread/metrics.ts";
import { MoneyTally } from "../../core/ledger/registry/money_tally.ts";
import { MoneyBoard } from "../../core/ledger/ring/money_board.ts";
import { HostMoney } from "../../core/server/money/host_money.ts";
import { MONEY_GAUGES, moneyGauges } from "../../core/server/money/money_metrics.ts";
import { UPLINK_METRICS } from "../../core/books/uplink/metrics.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { findPromtool } from "./promtool.ts";

const RULES = new URL("../../docs/monitoring/alerts.yml", import.meta.url).pathname;
const SERVER: Record<string, MetricDefinition> = {
  ...MONEY_GAUGES,
  ...PROJECTION_METRICS,
  ...UPLINK_METRICS,
  ...throttle.metrics,
};
const promtool = await findPromtool();
/** A server whose money is as it must be. */
const SOUND: Balances = {
  sourceFen: -1_000,
  poolFen: 300,
  heldFen: 100,
  packetFen: 50,
  userFen: 450,
  returnedFen: 100,
};

/** What a server says of money that a ledger of these accounts shows. */
function moneyMetrics(balances: Balances): Record<string, number> {
  const money = new HostMoney(undefined);
  new MoneyBoard(money.place.board).publish(new MoneyTally([]), balances);
  return moneyGauges(money.balances()!);
}

/** `/metrics` of a process that counted this. */
function metricsOf(definitions: Record<string, MetricDefinition>, values: Record<string, number>): string {
  const counters = new Counters(new MetricLayout(definitions), 1);
  for (const [name, value] of Object.entries(values)) counters.block(0)[counters.layout.handle(name)] = value;
  return prometheusText(counters, { role: "server", cpuMs: 0, rssBytes: 0 });
}

/** Names of the alerts that fire after a minute and a half, by a metrics text for each scrape. */
async function firing(scrapeAt: (second: number) => string): Promise<string[]> {
  const values = new Map<string, string[]>();
  for (let second = 0; second <= 120; second += 5) {
    for (const [, series, value] of scrapeAt(second).matchAll(/^(redpkt_[^ ]+) (\S+)$/gm)) {
      values.set(series, [...values.get(series) ?? [], value]);
    }
  }
  const inputs = [...values].map(([series, samples]) => ({
    series: series.includes("{") ? series.replace("{", '{instance="a",') : `${series}{instance="a"}`,
    values: samples.join(" "),
  }));
  const names = [...(await Deno.readTextFile(RULES)).matchAll(/alert: (\w+)/g)].map(([, name]) => name);
  const dir = await Deno.makeTempDir();
  try {
    const fires = await Promise.all(names.map(async (alertname) => {
      // A test that expects silence fails exactly if the alert fires.
      const test = {
        input_series: inputs,
        alert_rule_test: [{ eval_time: "90s", alertname, exp_alerts: [] }],
      };
      const file = `${dir}/${alertname}.yml`;
      const body = { rule_files: [RULES], evaluation_interval: "5s", tests: [{ interval: "5s", ...test }] };
      await Deno.writeTextFile(file, JSON.stringify(body));
      const { code, stdout, stderr } = await new Deno.Command(promtool!, { args: ["test", "rules", file] })
        .output();
      const told = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.ok(code === 0 || /alertname: ?\w+, time: 1m30s/.test(told), told);
      return code === 0 ? [] : [alertname];
    }));
    return fires.flat();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const server = (values: Record<string, number>) => firing(() => metricsOf(SERVER, values));
const fleet = (perS: Record<string, number>) =>
  firing((second) =>
    metricsOf(
      fleetMetrics.definitions,
      Object.fromEntries(Object.entries(perS).map(([name, n]) => [name, n * second])),
    )
  );

Deno.test({
  name: "promtool accepts the alert rules",
  ignore: promtool === undefined,
  async fn() {
    const { code, stderr } = await new Deno.Command(promtool!, { args: ["check", "rules", RULES] }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  },
});

Deno.test({
  name: "money that is nowhere, or paid and never put in, is an alert, and sound money is none",
  ignore: promtool === undefined,
  async fn() {
    const empty = new MemoryLedger().balances();
    for (const balances of [empty, SOUND]) assert.deepEqual(await server(moneyMetrics(balances)), []);
    assert.deepEqual(await server(moneyMetrics({ ...SOUND, userFen: 449 })), ["RedpktMoneyOff"]);
    assert.deepEqual(await server(moneyMetrics({ ...SOUND, poolFen: 301 })), ["RedpktMoneyOff"]);
    // The sum is 0, and yet users have more than there ever was.
    assert.deepEqual(await server(moneyMetrics({ ...SOUND, userFen: 900, poolFen: -150 })), [
      "RedpktOverpaid",
    ]);
  },
});

Deno.test({
  name: "a projection that falls behind, and SETs that shed by what they measured, are alerts",
  ignore: promtool === undefined,
  async fn() {
    assert.deepEqual(await server({ projectionLagMs: 9_000, throttleSetsStrained: 4 }), []);
    assert.deepEqual(await server({ projectionLagMs: 11_000 }), ["RedpktProjectionBehind"]);
    // It may be over before anybody scrapes.
    const rises = (second: number) => metricsOf(SERVER, { throttleLevelRises: second < 60 ? 0 : 2 });
    assert.deepEqual(await firing(rises), ["RedpktShedding"]);
    assert.deepEqual(await server({ throttleSetsReadingLess: 1 }), ["RedpktShedding"]);
    assert.deepEqual(await server({ throttleSetsClaimsOnly: 1 }), ["RedpktShedding"]);
  },
});

Deno.test({
  name: "a gateway that can't reach a server, or refuses users, is an alert",
  ignore: promtool === undefined,
  async fn() {
    const gateway = (of: (second: number) => Record<string, number>) =>
      firing((second) => metricsOf(GATEWAY_METRICS, of(second)));
    assert.deepEqual(await gateway((second) => ({ serversUp: 2, refusedRate: second / 2 })), []);
    assert.deepEqual(await gateway(() => ({ serversUp: 1, serversDown: 1 })), ["RedpktGatewayLostServers"]);
    assert.deepEqual(await gateway((second) => ({ refusedFull: 2 * second })), ["RedpktGatewayRefuses"]);
  },
});

Deno.test({
  name: "books a minute behind, and books that refuse a ledger, are alerts",
  ignore: promtool === undefined,
  async fn() {
    assert.deepEqual(await server({ uplinkLagMs: 59_000 }), []);
    assert.deepEqual(await server({ uplinkLagMs: 61_000 }), ["RedpktBooksBehind"]);
    assert.deepEqual(await server({ uplinkRefused: 1 }), ["RedpktBooksRefuse"]);
  },
});

Deno.test({
  name: "shakes of a fleet that are not sent, or lost, are alerts from one in a hundred on",
  ignore: promtool === undefined,
  async fn() {
    assert.deepEqual(await fleet({ shakesDue: 1_000, ticksLate: 5, ticksUnconnected: 4, shakesLost: 9 }), []);
    assert.deepEqual(await fleet({ shakesDue: 1_000, ticksLate: 6, ticksOverrun: 5 }), ["RedpktNotSent"]);
    assert.deepEqual(await fleet({ shakesDue: 1_000, shakesLost: 6, shakesGivenUp: 5 }), ["RedpktLost"]);
  },
});

Deno.test({
  name: "a fleet whose users wait half a second at p99 is an alert",
  ignore: promtool === undefined,
  async fn() {
    const waits = (us: number) =>
      firing((second) => {
        const counters = new Counters(new MetricLayout(fleetMetrics.definitions), 1);
        const handle = counters.layout.handle("shakeLatencyUs");
        counters.histogram(0, handle)[bucketOf(us)] = 100 * second;
        return prometheusText(counters, { role: "client", cpuMs: 0, rssBytes: 0 });
      });
    assert.deepEqual(await waits(300_000), []);
    assert.deepEqual(await waits(900_000), ["RedpktUsersWait"]);
  },
});

Deno.test({
  name: "a lost cluster is one alert and not one a host, and a lost host is one of its own",
  ignore: promtool === undefined,
  async fn() {
    const up = (instance: string, cluster: string, values: string) => ({
      series: `up{job="redpkt", instance="${instance}", cluster="${cluster}", city="north"}`,
      values,
    });
    const unit = {
      rule_files: [RULES],
      evaluation_interval: "5s",
      tests: [{
        interval: "5s",
        input_series: [
          ...["a1", "a2", "a3"].map((name) => up(name, "a", "1 1 0x20")),
          up("b1", "b", "1 1 0x20"),
          up("b2", "b", "1x22"),
        ],
        promql_expr_test: [
          {
            expr: 'count(ALERTS{alertname="RedpktDown", alertstate="firing"})',
            eval_time: "60s",
            exp_samples: [{ labels: "{}", value: 1 }],
          },
          {
            expr: 'count by (cluster) (ALERTS{alertname="RedpktClusterLost", alertstate="firing"})',
            eval_time: "60s",
            exp_samples: [{ labels: '{cluster="a"}', value: 1 }],
          },
        ],
      }],
    };
    const file = await Deno.makeTempFile({ suffix: ".yml" });
    await Deno.writeTextFile(file, JSON.stringify(unit));
    const { code, stdout, stderr } = await new Deno.Command(promtool!, { args: ["test", "rules", file] })
      .output();
    await Deno.remove(file);
    assert.equal(code, 0, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  },
});
