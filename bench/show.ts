/**
 * How fast a change reaches every host: real links in processes, two real NATS clusters of three, and a real console that
 * prepares, confirms and issues. A node, a cluster and hosts are killed meanwhile: `deno task bench:show`.
 */
import { z } from "zod";
import { sleep, systemClock } from "../core/base/clock.ts";
import { openBus, parseBuses } from "../core/bus/open_bus.ts";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { UserError } from "../core/base/user_error.ts";
import { showOrder } from "../core/link/show_order.ts";
import { ConsoleFolder } from "../core/show/console/console_folder.ts";
import { Director } from "../core/show/console/director.ts";
import type { OpenConsole } from "../core/show/console/open_console.ts";
import { perform } from "../core/show/console/perform.ts";
import { ShowConsole } from "../core/show/console/show_console.ts";
import type { SignedShow } from "../core/show/signed.ts";
import { TestKeys, testShow } from "../core/show/testing.ts";
import { NATS_SERVER, NatsCluster } from "../core/rehearse/show/nats_cluster.ts";
import { benchFlags } from "./bench_flags.ts";
import { type Figure, figure, type Outcome, runBench } from "./common/bench_result.ts";
import { premise } from "./common/premise.ts";
import { processCpuS } from "./process_cpu.ts";
import type { AgentsInit, Applied } from "./show/agents.ts";

const { hosts: HOSTS, changes: CHANGES, out } = benchFlags(
  "deno task bench:show",
  "How fast a change reaches every host, with parts of the buses killed.",
  {
    hosts: flag("N", "hosts' links", wholeNumber(1, 600).default(50)),
    changes: flag("N", "changes in each phase", wholeNumber(1, 100).default(8)),
    out: flag("FILE", "the results as JSON", z.string().default("out/show.json")),
  },
);
/** So that one process is about 5 % of the hosts. */
const PER_PROCESS = Math.max(1, Math.round(HOSTS / 20));
const EVENT = "bench";
const IDLE_MS = 5_000;
/** Every change is to be prepared and acknowledged by all within this. */
const BAR_MS = 1_000;
/** What counts at a time counts everywhere within this, from the first host to the last. */
const SPREAD_BAR_MS = 50;
/** How far ahead such a time is. */
const LEAD_MS = 1_500;
/** Ends a bench that can't succeed. */
const MAX_START_MS = 120_000;
const CONFIRM_MS = 10_000;

/** The console, the clusters and the processes of a run. */
class Stage {
  readonly #children: Deno.ChildProcess[] = [];
  readonly #init: Omit<AgentsInit, "hosts">;
  readonly #names: readonly string[][];
  readonly open: OpenConsole;
  /** Approves the plan. */
  readonly second: TestKeys["second"];
  /** By a document's number: how late it counted at each host, in ms. */
  readonly #late = new Map<number, Map<string, number>>();
  #level = 0;

  constructor(readonly a: NatsCluster, readonly b: NatsCluster, keys: TestKeys) {
    this.second = keys.second;
    const pems = [...keys.trusted].map(([id, key]) =>
      [id, key.export({ type: "spki", format: "pem" }) as string] as const
    );
    this.#init = { event: EVENT, buses: [a.url, b.url], keys: pems, folder: keys.folder() };
    const names = Array.from({ length: HOSTS }, (_, i) => `host-${String(i).padStart(3, "0")}`);
    this.#names = Array.from(
      { length: Math.ceil(HOSTS / PER_PROCESS) },
      (_, i) => names.slice(i * PER_PROCESS, (i + 1) * PER_PROCESS),
    );
    this.#names.forEach((_, i) => this.startProcess(i));
    const { trusted, director: key } = keys;
    const order = showOrder(trusted, EVENT);
    const director = new Director({
      event: EVENT,
      name: "bench",
      buses: parseBuses("--bus", [a.url, b.url]).map((place) => openBus(place, order, undefined)),
      trusted,
      key,
      clock: systemClock,
    });
    director.start();
    const folder = new ConsoleFolder(keys.folder());
    const console = new ShowConsole({
      ...{ folder, director, trusted, key, who: "bench", clock: systemClock },
      pause: () => sleep(1),
    });
    this.open = { console, folder, director, key, trusted, event: EVENT, close: () => Promise.resolve() };
  }

  startProcess(i: number): void {
    const init: AgentsInit = { ...this.#init, hosts: this.#names[i] };
    const file = new URL("./show/agents.ts", import.meta.url).pathname;
    const flags = ["run", "--allow-all", "--v8-flags=--max-semi-space-size=1"];
    this.#children[i] = new Deno.Command(Deno.execPath(), {
      args: [...flags, file, JSON.stringify(init)],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    void this.#read(this.#children[i].stdout);
  }

  /** Hears when documents count at the hosts of a process. */
  async #read(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const { host, number, lateMs } = JSON.parse(line) as Applied;
        const hosts = this.#late.get(number) ?? new Map();
        this.#late.set(number, hosts.set(host, lateMs));
      }
    }
  }

  /** Changes that count at a time which is to come: from the first host to the last, and how late that was. */
  async spread(name: string, changes = CHANGES): Promise<{ figures: Figure[]; most: number }> {
    const spreads: number[] = [];
    const lasts: number[] = [];
    for (let i = 0; i < changes; i++) {
      const { show } = await this.change(systemClock.wallMs() + LEAD_MS);
      const { number } = show.document;
      const hosts = () => this.#late.get(number)?.size ?? 0;
      await this.open.console.until(() => hosts() === HOSTS, LEAD_MS + CONFIRM_MS);
      premise(hosts() === HOSTS, `${name}: it counts at ${hosts()} of ${HOSTS} hosts`);
      const late = [...this.#late.get(number)!.values()];
      spreads.push(Math.max(...late) - Math.min(...late));
      lasts.push(Math.max(...late));
    }
    const all = figure(`${name}: from the first host at which it counts to the last`, "ms", spreads);
    const last = figure(`${name}: how late the last one is`, "ms", lasts);
    for (const { name, median, most } of [all, last]) {
      console.log(`${name}: median ${median} ms, most ${most} ms`);
    }
    return { figures: [all, last], most: all.most };
  }

  async killProcess(i: number): Promise<readonly string[]> {
    this.#children[i].kill("SIGKILL");
    await this.#children[i].status;
    return this.#names[i];
  }

  get cpuS(): number {
    return this.#children.reduce((sum, { pid }) => sum + processCpuS(pid), 0);
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map((_, i) => this.killProcess(i)));
    await Promise.all(this.open.director.buses.map((bus) => bus.close()));
  }

  /** Prepares, confirms and issues a change; how long both rounds of acknowledgements took, in ms. */
  async change(atMs?: number): Promise<
    {
      readonly ms: number;
      readonly issueMs: number;
      readonly missing: readonly string[];
      readonly show: SignedShow;
    }
  > {
    this.#level = (this.#level + 1) % 3;
    const result = await perform(this.open, {
      action: "level",
      operands: [String(this.#level)],
      atMs,
      quorumPercent: 90,
      confirmMs: CONFIRM_MS,
      isReplacing: false,
      approvers: [],
    }, systemClock.wallMs());
    premise(result.kind === "issued", "the change was issued");
    const { prepared, acknowledged, show } = result;
    return {
      ms: prepared!.tookMs + acknowledged.tookMs,
      issueMs: acknowledged.tookMs,
      missing: acknowledged.missing,
      show,
    };
  }

  async phase(name: string, changes = CHANGES): Promise<{ figures: Figure[]; most: number }> {
    const all: number[] = [];
    const issues: number[] = [];
    for (let i = 0; i < changes; i++) {
      const { ms, issueMs, missing } = await this.change();
      premise(
        missing.length === 0,
        `${name}: ${missing.length} of ${HOSTS} hosts acknowledged nothing in ${CONFIRM_MS} ms`,
      );
      all.push(ms);
      issues.push(issueMs);
      await sleep(100);
    }
    const both = figure(`${name}: prepared and acknowledged by all ${HOSTS}`, "ms", all);
    const issued = figure(`${name}: issued until acknowledged by all`, "ms", issues);
    for (const { name, median, most } of [both, issued]) {
      console.log(`${name}: median ${median} ms, most ${most} ms`);
    }
    return { figures: [both, issued], most: both.most };
  }
}

async function play(): Promise<Outcome> {
  if (NATS_SERVER === undefined) {
    throw new UserError("bench:show: there is no nats-server here (Debian: apt-get install nats-server)");
  }
  using keys = new TestKeys();
  await using a = await NatsCluster.start("a", 3);
  await using b = await NatsCluster.start("b", 3);
  const stage = new Stage(a, b, keys);
  try {
    return await measure(stage);
  } finally {
    await stage.end();
  }
}

async function measure(stage: Stage): Promise<Outcome> {
  const { a, b, open } = stage;
  const { console: show, director } = open;
  const startMs = systemClock.monotonicMs();
  await show.until(() => director.hosts.size === HOSTS, MAX_START_MS);
  premise(director.hosts.size === HOSTS, `${director.hosts.size} of ${HOSTS} hosts said something`);
  console.log(`${HOSTS} hosts there after ${((systemClock.monotonicMs() - startMs) / 1000).toFixed(1)} s`);
  const { plan: { waves } } = testShow({}, systemClock.wallMs());
  const approver = { quorumPercent: 100, confirmMs: CONFIRM_MS, isReplacing: false };
  await perform(open, { action: "init", operands: [], waves, approvers: [stage.second], ...approver }, 0);
  director.isAsking = false;
  await sleep(2_000);
  const cpuS = stage.cpuS;
  await sleep(IDLE_MS);
  const idlePercent = (stage.cpuS - cpuS) / HOSTS / (IDLE_MS / 1000) * 100;
  console.log(`idle: ${idlePercent.toFixed(3)} % of a core a host`);

  const phases = [await stage.phase("all well")];
  const spread = await stage.spread("a time that is to come");
  await a.kill(0);
  phases.push(await stage.phase("a node killed"));
  a.revive(0);
  const restarted = await restartingHosts(stage);
  await a.killAll();
  phases.push(await stage.phase("a cluster killed"));
  [0, 1, 2].forEach((node) => a.revive(node));
  // Both at once, within the same seconds, would be another fault.
  const isWhole = () =>
    [...director.hosts.values()].every(({ paths }) => paths.every(({ isConnected }) => isConnected));
  await show.until(() => director.buses[0].state.isConnected && isWhole(), MAX_START_MS);
  premise(isWhole(), "every host has both paths again");
  await b.killAll();
  phases.push(await stage.phase("that one back, the other killed"));
  const most = Math.max(...phases.map((phase) => phase.most));
  return {
    figures: [
      figure("idle", "% of a core a host", [idlePercent]),
      ...phases.flatMap(({ figures }) => figures),
      ...spread.figures,
      ...restarted,
    ],
    isPass: most <= BAR_MS && spread.most <= SPREAD_BAR_MS && idlePercent < 0.5,
    details: { hosts: HOSTS, barMs: BAR_MS, spreadBarMs: SPREAD_BAR_MS },
  };
}

/** 5 % of the hosts are starting anew: all others have the change within the bar, and those at once when they are back. */
async function restartingHosts(stage: Stage): Promise<Figure[]> {
  const { console: show, director } = stage.open;
  const gone = await stage.killProcess(0);
  const others = [...director.hosts.keys()].filter((host) => !gone.includes(host));
  const changing = perform(stage.open, {
    ...{
      action: "hold",
      operands: [],
      quorumPercent: 90,
      confirmMs: 2_000,
      isReplacing: false,
      approvers: [],
    },
  }, systemClock.wallMs());
  stage.startProcess(0);
  const result = await changing;
  premise(result.kind === "issued", "the hold was issued");
  const { acknowledged: { missing }, show: held } = result;
  premise(missing.every((host) => gone.includes(host)), `${missing.join(", ")} acknowledged nothing in 2 s`);
  premise(others.every((host) => director.has(host, held, "newest")), "all others have it");
  const fromMs = systemClock.monotonicMs();
  await show.until(() => gone.every((host) => director.has(host, held, "newest")), MAX_START_MS);
  premise(gone.every((host) => director.has(host, held, "newest")), "who came back has it");
  const backMs = systemClock.monotonicMs() - fromMs;
  console.log(
    `${gone.length} hosts starting anew: the others had a hold in time, those ${Math.round(backMs)} ms later`,
  );
  await perform(stage.open, {
    ...{
      action: "go",
      operands: [],
      quorumPercent: 90,
      confirmMs: CONFIRM_MS,
      isReplacing: false,
      approvers: [],
    },
  }, systemClock.wallMs());
  return [figure("hosts starting anew: they have it after", "ms", [backMs])];
}

await runBench("bench:show", out, play);
