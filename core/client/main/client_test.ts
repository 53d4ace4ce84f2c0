import assert from "node:assert/strict";
import { FakeServer } from "../../../test/sim/fake_server.ts";
import type { Host } from "../../cli/host.ts";
import { UserError } from "../../base/user_error.ts";
import { EpollEngine } from "../../engine/epoll/epoll.ts";
import { openListener } from "../../engine/common/listener.ts";
import { libc, whyNoLibc } from "../../os/posix.ts";
import { Waker } from "../../threads/waker.ts";
import { systemClock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";
import { command } from "./client.ts";

const ENTRY = new URL("../../../test/fleet/fleet_entry.ts", import.meta.url).href;

/** A host that keeps what was written, and lets a test send the signal. */
class TestHost implements Host {
  readonly args = [];
  readonly clock = systemClock;
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly program = {
    entry: ENTRY,
    command: ["redpkt"] as [string],
    plugins: {},
    defaultPlugins: [],
    ticketPlugin: "",
    scenarios: {},
  };
  output = "";
  /** What was written in order: results with an `=` in front. */
  readonly written: string[] = [];
  #errors = "";
  #onStop: ((signal: string) => void) | undefined;

  /** @param columns of a terminal; without it there is none */
  constructor(columns?: number) {
    this.isTerminal = columns !== undefined;
    this.columns = columns ?? 100;
  }

  env(): undefined {}

  out(text: string): void {
    this.output += text;
    this.written.push(`=${text}`);
  }

  err(text: string): void {
    this.#errors += text;
    this.written.push(text);
  }

  exit(code: number): never {
    throw new Error(`exit ${code}`);
  }

  onStopSignal(handler: (signal: string) => void): () => void {
    this.#onStop = handler;
    return () => this.#onStop = undefined;
  }

  stop(): void {
    this.#onStop!("SIGTERM");
  }

  /** The fields of a log line, once it was written. */
  logged(event: string): Record<string, unknown> | undefined {
    return this.#errors.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))
      .find((line) => line.event === event);
  }
}

/** A server on a free port that is served between the turns of this thread's event loop. */
function serve(capacity: number) {
  const engine = new EpollEngine({ capacity, clock: systemClock, waker: new Waker() });
  const listener = openListener(0x7f00_0001, 0);
  const server: FakeServer = new FakeServer(engine, {
    shake: (userId) => userId === 3 ? { packetId: 1 + server.shakes.length, amountFen: 100 } : 15,
  });
  engine.listen({ kind: "descriptor", ...listener });
  return {
    port: listener.port,
    server,
    async until(isDone: () => boolean): Promise<void> {
      while (!isDone()) {
        engine.poll(1);
        await nextTurn();
      }
    },
    /** Serves while something is under way. */
    async during<T>(promise: Promise<T>): Promise<T> {
      let isOver = false;
      const over = () => isOver = true;
      promise.then(over, over);
      await this.until(() => isOver);
      return await promise;
    },
    dispose(): void {
      engine.shutdown();
      libc().close(listener.fd);
    },
  };
}

Deno.test({
  name: "redpkt client: plays, is controlled over HTTP, ends at a signal with a summary",
  ignore: whyNoLibc() !== null,
  async fn() {
    const host = new TestHost();
    const world = serve(40);
    const awardsFile = await Deno.makeTempFile();
    // A busy machine sends some too late, which isn't what this is about.
    const flags =
      "--users 0-39 --workers 2 --qps 400 --engine epoll --control 127.0.0.1:0 --least-answered 0";
    const args = `${flags} --server 127.0.0.1:${world.port}`;
    const running = command.run(host, [...args.split(" "), "--awards", awardsFile]);
    let hasEnded = false;
    running.finally(() => hasEnded = true);
    await world.until(() =>
      hasEnded || (host.logged("connected") && world.server.shakes.length > 200) === true
    );
    assert.equal(host.logged("thread died"), undefined);
    const base = `http://${host.logged("ready")!.control}`;

    const request = async (method: string, path: string, body?: unknown) => {
      const init = body === undefined ? { method } : {
        method,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      };
      const response = await world.during(fetch(base + path, init));
      return await world.during(response.json());
    };
    assert.deepEqual(await request("GET", "/health"), { ok: true });
    const { outstanding: _, ...status } = await request("GET", "/status");
    assert.deepEqual(status, {
      users: 40,
      total: 40,
      segment: "1/1",
      engine: "epoll",
      workers: 2,
      pacing: "smooth",
      qps: 400,
      paused: false,
      stopping: false,
      connected: 40,
      ready: 40,
      behaving: 40,
      misbehaving: 0,
      openClaims: 0,
      openSends: 0,
    });
    assert.deepEqual(await request("POST", "/rate", { qps: -1, rate: 3 }), {
      errors: ["qps: must be at least 0", 'body: Unrecognized key: "rate"'],
    });
    await request("POST", "/rate", { qps: 800 });
    await request("POST", "/pause");
    const paused = await request("GET", "/status");
    assert.deepEqual([paused.qps, paused.paused], [800, true]);
    await request("POST", "/resume");
    const { counters } = await request("GET", "/counters");
    assert.ok(counters.shakesAnswered > 0 && counters.dials === 40);
    const { paths } = await request("GET", "/openapi.json");
    for (
      const path of ["/health", "/status", "/rate", "/pause", "/resume", "/stop", "/counters", "/metrics"]
    ) {
      assert.ok(path in paths, path);
    }

    host.stop();
    assert.equal(await world.during(running), 0);
    await world.until(() => world.server.open === 0);
    const sent = Number(/^sent +([\d,]+)$/m.exec(host.output)![1].replaceAll(",", ""));
    assert.equal(sent, world.server.shakes.length);
    assert.match(host.output, /\n\nexit code 0: .*shakes that were due.*\n$/);
    assert.match(host.output, /^p99\.9 +[\d.]+ (us|ms|s)$/m);
    const awards = (await Deno.readTextFile(awardsFile)).trimEnd().split("\n");
    assert.equal(awards[0], "user,packet_id,amount_fen,kind,seen_at_ms");
    const won = world.server.shakes.filter((userId) => userId === 3).length;
    assert.match(awards[1], /^0,1,40,users,\d{13}$/);
    assert.match(awards[2], /^3,\d+,100,shake,\d{13}$/);
    assert.match(awards.at(-1)!, new RegExp(`^${won},\\d+,${won * 100},end,\\d{13}$`));
    assert.equal(awards.length, won + 3);
    await Deno.remove(awardsFile);
    world.dispose();
  },
});

Deno.test("nobody there: exit code 3, and --json is one object that says so", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const host = new TestHost();
  const flags = "--users 0-9 --qps 100 --seconds 1 --engine deno --control 127.0.0.1:0 --json";
  assert.equal(await command.run(host, [...flags.split(" "), "--server", `127.0.0.1:${port}`]), 3);
  const { schemaVersion, exitCode, verdict, due, sent, answered, notSent } = JSON.parse(host.output);
  assert.deepEqual([schemaVersion, exitCode, sent, answered], [1, 3, 0, 0]);
  assert.ok(due > 0 && notSent.connecting === due);
  assert.match(verdict, /^nobody was served: 0 logins of \d+ dials$/);
});

Deno.test("on a terminal: the status line is never wider than it, and is gone before the results", async () => {
  const host = new TestHost(40);
  const flags = "--users 0-9 --qps 100 --seconds 2 --engine deno --control 127.0.0.1:0 --server 127.0.0.1:1";
  assert.equal(await command.run(host, flags.split(" ")), 3);
  const shown = host.written.filter((text) => / connected {2}/.test(text));
  assert.ok(shown.length > 0);
  for (const text of shown) {
    assert.ok(text.startsWith("\r\x1b[K") && text.length <= "\r\x1b[K".length + 39, text);
  }
  const results = host.written.findIndex((text) => text.startsWith("="));
  assert.equal(host.written[results - 1], "\r\x1b[K");
  assert.equal(host.written.length, results + 1, "nothing is written over them");
});

Deno.test("more users than the host can carry, and too few addresses: refused before anything starts", async () => {
  await assert.rejects(
    command.run(new TestHost(), ["--users", "0-99999999", "--control", "127.0.0.1:0"]),
    (error: unknown) => {
      assert.ok(error instanceof UserError);
      const lines = error.message.split("\n");
      assert.match(
        lines[0],
        /^(descriptors: .*: ulimit -n \d+|fs.file-max: .*sysctl|memory: .* fewer users)/,
      );
      assert.match(lines.at(-1)!, /^100,000,000 users need \d+ pairs .* \d+ server addresses lacking/);
      return error.exitCode === 2;
    },
  );
});

Deno.test("an awards file that can't be written is said in one line", async () => {
  await assert.rejects(
    command.run(new TestHost(), ["--awards", "/nowhere/at/all.csv", "--control", "127.0.0.1:0"]),
    new UserError("--awards /nowhere/at/all.csv: cannot be written: its folder doesn't exist"),
  );
});

Deno.test("help names every flag", async () => {
  const host = new TestHost();
  assert.equal(await command.run(host, ["--help"]), 0);
  for (
    const name of [
      "users",
      "segment",
      "server",
      "source",
      "connect-rate",
      "qps",
      "pacing",
      "claim",
      "control",
    ]
  ) {
    assert.ok(host.output.includes(`--${name}`), name);
  }
  assert.doesNotMatch(host.output, /object Object/);
});
