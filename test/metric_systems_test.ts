/** Real metric systems against a real server: each is skipped, with a message, where the machine doesn't have it. */
import assert from "node:assert/strict";
import { sleep } from "../core/time/clock.ts";

const MAIN = new URL("../main.ts", import.meta.url).pathname;
/** Ends a test that has failed already. */
const LIMIT_MS = 60_000;
const hasPromtool = await isThere("promtool");
const hasPrometheus = await isThere("prometheus");
if (!hasPromtool || !hasPrometheus) {
  console.log(
    "no promtool or prometheus found: tests with them are skipped (Debian: apt-get install prometheus)",
  );
}

async function isThere(program: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    })
      .output();
    return success;
  } catch {
    return false;
  }
}

/** Runs a child, and waits for a line on its standard error that holds what is asked for. */
async function startChild(program: string, args: string[], found: RegExp, env: Record<string, string> = {}) {
  const child = new Deno.Command(program, { args, env, stdin: "null", stdout: "null", stderr: "piped" })
    .spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let match: RegExpExecArray | null = null;
  while (match === null) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${program} ended early: ${text}`);
    text += value;
    match = found.exec(text);
  }
  const drained = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    match,
    async stop(): Promise<void> {
      child.kill("SIGTERM");
      await child.status;
      await drained;
    },
  };
}

async function startServer(env: Record<string, string> = {}) {
  const flags = ["--port", "0", "--admin", "127.0.0.1:0", "--workers", "1", "--engine", "deno"];
  const args = ["run", "-A", MAIN, "server", ...flags, "--drain-seconds", "0"];
  const server = await startChild(Deno.execPath(), args, /"admin":"([^"]+)"/, env);
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
      const text = await (await fetch(`http://${server.admin}/metrics`)).bytes();
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
    const rules = new URL("../docs/monitoring/alerts.yml", import.meta.url).pathname;
    await Deno.writeTextFile(
      `${dir}/prometheus.yml`,
      `global: { scrape_interval: 1s, evaluation_interval: 1s }\nrule_files: ["${rules}"]\nscrape_configs:\n` +
        `  - job_name: redpkt\n    static_configs: [{ targets: ["${server.admin}"] }]\n`,
    );
    const prometheus = await startChild("prometheus", [
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
