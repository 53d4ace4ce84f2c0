/** Real metric systems against a real server: each is skipped, with a message, where the machine doesn't have it. */
import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { findPromtool, isThere } from "./promtool.ts";
import { SMALL_SERVER, startProgram, startRedpkt } from "../child_process.ts";

/** Ends a test that has failed already. */
const LIMIT_MS = 60_000;
const hasPromtool = await findPromtool() !== undefined;
const hasPrometheus = await isThere("prometheus");
if (!hasPrometheus) {
  console.log("no prometheus found: tests with it are skipped (Debian: apt-get install prometheus)");
}

async function startServer(env: Record<string, string> = {}) {
  const server = await startRedpkt(SMALL_SERVER, /"admin":"([^"]+)"/, env);
  return { admin: server.match[1], stop: server.stop };
}

/** Asks until the answer is there. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += 200) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await sleep(200);
  }
  throw new Error("no answer in time");
}

Deno.test({
  name: "promtool accepts the metrics of a server",
  ignore: !hasPromtool,
  async fn() {
    const server = await startServer();
    try {
      // One sponsor: of which of several a few packets are is left to chance.
      const order = JSON.stringify({ ratePerS: 1000, total: 10, sponsors: 1 });
      await (await fetch(`http://${server.admin}/packets`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: order,
      })).body?.cancel();
      const text = await until(async () => {
        const metrics = await (await fetch(`http://${server.admin}/metrics`)).text();
        return metrics.includes('sponsor="1"') ? new TextEncoder().encode(metrics) : undefined;
      });
      const promtool = new Deno.Command("promtool", {
        args: ["check", "metrics"],
        stdin: "piped",
        stderr: "piped",
      })
        .spawn();
      const writer = promtool.stdin.getWriter();
      await writer.write(text);
      await writer.close();
      const { code, stderr } = await promtool.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    } finally {
      await server.stop();
    }
  },
});

Deno.test({
  name: "a real Prometheus scrapes a real server and answers queries, by our alert rules too",
  ignore: !hasPrometheus,
  async fn() {
    const server = await startServer();
    const dir = await Deno.makeTempDir();
    const rules = new URL("../../docs/monitoring/alerts.yml", import.meta.url).pathname;
    await Deno.writeTextFile(
      `${dir}/prometheus.yml`,
      `global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: ["${rules}"]\nscrape_configs:\n` +
        `  - job_name: redpkt\n    static_configs: [{ targets: ["${server.admin}"] }]\n`,
    );
    const prometheus = await startProgram("prometheus", [
      `--config.file=${dir}/prometheus.yml`,
      `--storage.tsdb.path=${dir}/data`,
      "--web.listen-address=127.0.0.1:0",
    ], /msg="Listening on" address=(\S+)/);
    try {
      const api = `http://${prometheus.match[1]}/api/v1`;
      const scrapes = await until(async () => {
        const query = encodeURIComponent("count_over_time(redpkt_build_info[1m])");
        const { data } = await (await fetch(`${api}/query?query=${query}`)).json();
        const count = Number(data.result[0]?.value[1] ?? 0);
        return count >= 3 ? count : undefined;
      });
      assert.ok(scrapes >= 3);
      const query = encodeURIComponent("redpkt_connections");
      const { data } = await (await fetch(`${api}/query?query=${query}`)).json();
      assert.equal(data.result[0].value[1], "0");
      const { data: { groups } } = await (await fetch(`${api}/rules`)).json();
      const broken = groups.flatMap(({ rules }: { rules: { health: string; name: string }[] }) => rules)
        .filter(({ health }: { health: string }) => health === "err");
      assert.deepEqual(broken, []);
    } finally {
      await prometheus.stop();
      await server.stop();
      await Deno.remove(dir, { recursive: true });
    }
  },
});

Deno.test("OpenTelemetry gets the metrics through the runtime's exporter", async () => {
  const { promise: got, resolve } = Promise.withResolvers<string>();
  const collector = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const text = await request.text();
    if (text.includes("redpkt_connections_opened")) resolve(text);
    return Response.json({});
  });
  const server = await startServer({
    OTEL_DENO: "true",
    OTEL_SERVICE_NAME: "redpkt",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
    OTEL_METRIC_EXPORT_INTERVAL: "100",
    OTEL_DENO_CONSOLE: "ignore",
  });
  try {
    const text = await got;
    assert.match(text, /"redpkt_connections"/);
    assert.match(text, /"role"/);
  } finally {
    await server.stop();
    await collector.shutdown();
  }
});
