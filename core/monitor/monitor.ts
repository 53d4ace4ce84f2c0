import { TOKEN_VARIABLE } from "../admin/serve.ts";
import { parseBuses } from "../bus/open_bus.ts";

import { commandOf } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { type Log, openLog } from "../cli/log.ts";
import { Stages } from "../cli/progress.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { tightenHeap } from "../os/tight_heap.ts";
import { after, every, ManualClock } from "../base/clock.ts";
import { nextTurn } from "../base/event_loop.ts";
import { headlessJson, headlessLine, headlessMoney } from "./headless.ts";
import { ShowDesk } from "../show/console/desk.ts";
import { openConsole } from "../show/console/open_console.ts";
import { MONITOR_FLAGS, type MonitorOptions } from "./monitor_flags.ts";
import { keepGoing, liveCore, liveMoney, servePage } from "./live_page.ts";
import type { MoneyWatch } from "./money/money_watch.ts";
import type { MonitorCore } from "./collect/monitor_core.ts";
import { Recording } from "./record/recording.ts";
import { Replay } from "./record/replay.ts";
import { replayInTime } from "./record/replay_all.ts";
import { TargetFile } from "./collect/target_file.ts";
import type { TerminalOptions } from "./terminal/terminal.tsx";
import { HostListFile } from "../hosts/list/list_file.ts";
import { placeFindings } from "./collect/places.ts";
import { parseTarget, targetsOfHosts, type TargetSpec } from "./collect/target_list.ts";

/** How often the file of targets is looked at, and a record written, in ms. */
const SLOW_TICK_MS = 1_000;
/** Batches of a record that are shown without a look at keys and pages. */
const BATCHES_A_TURN = 10;

/** `redpkt monitor`: shows what servers and fleets do, second by second. */
export const command = commandOf({
  name: "monitor",
  about: "Shows what servers and fleets do, in the terminal and on a page.",
  flags: MONITOR_FLAGS,
  examples: [
    { line: "redpkt monitor", shows: "watches the server of this machine" },
    {
      line: "redpkt monitor --target 10.0.0.1:8989-8992 --record show.db",
      shows: "watches four servers, and records",
    },
    {
      line: "redpkt monitor --hosts hosts.signed",
      shows: "watches every host of a list, by cluster and city",
    },
    { line: "redpkt monitor --replay show.db --speed 10", shows: "plays that record ten times as fast" },
  ],
}, async (host, values) => {
  const isGiven = values.target.length > 0 || values.targets !== undefined || values.hosts !== undefined;
  if (values.replay !== undefined && isGiven) {
    throw new UserError(
      "--replay shows what a record has: leave --target, --targets and --hosts out, or --replay",
    );
  }
  if (values.bus.length > 0 && values.console === undefined) {
    throw new UserError("--bus: goes with --console DIR, the console that directs by it");
  }
  return await run(host, values);
});

async function run(realHost: Host, options: MonitorOptions): Promise<number> {
  const isTerminal = !options.headless && !options.json && hasTerminal();
  // The terminal's view has the screen for itself: what happens is told there as events.
  const host: Host = isTerminal && realHost.isTerminal ? { ...realHost, err: () => {} } : realHost;
  const log = openLog(host, "monitor");
  tightenHeap();
  const replay = options.replay === undefined ? undefined : new Replay(options.replay);
  const clock = replay === undefined ? host.clock : new ManualClock(0);
  const core = await liveCore({ ...host, clock });
  const money = liveMoney(host, core);
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  const ends: (() => void | Promise<void>)[] = [];
  let signals = 0;
  ends.push(host.onStopSignal((signal) => {
    if (++signals > 1) host.exit(ExitCode.interrupted);
    stop(signal);
  }));
  if (options.seconds > 0) ends.push(after(options.seconds * 1000, () => stop("--seconds")));
  const show = options.console === undefined ? undefined : openDesk(host, options.console, options);
  if (show !== undefined) ends.push(() => show.stop());
  const page = options["no-web"]
    ? undefined
    : await servePage(host, { core, money, show, address: options.web, names: options["allow-host"], log });
  if (page !== undefined) ends.push(page.stop);
  ends.push(
    ...isTerminal
      ? [await showTerminalView(host, { core, money, pageUrl: page?.url, onQuit: () => stop("key") })]
      : showLines(host, core, options),
  );
  if (replay !== undefined) {
    // What is printed shows by itself how far it is; a screen of its own has no place for a line.
    const stages = Deno.stdout.isTerminal() ? undefined : new Stages(host);
    await play(replay, core, clock as ManualClock, options, { log, money, stopped, stages });
    // Lines of a record are for a file or another program: when they are written, that's it.
    if (options.headless) stop("end of the record");
  } else ends.push(...watchTargets(host, core, money, options, log), keepGoing(host, core, money));
  await stopped;
  for (const end of ends.reverse()) await end();
  await core.stop();
  return ExitCode.ok;
}

/** A console that stays: it answers hosts' clocks, whether there is a page or not. */
function openDesk(host: Host, folder: string, { keys, bus }: MonitorOptions): ShowDesk {
  const open = openConsole({
    folder,
    keys,
    buses: parseBuses("--bus", bus),
    event: undefined,
    who: host.env("USER") ?? "operator",
    token: host.env(TOKEN_VARIABLE) || undefined,
  }, host.clock);
  return new ShowDesk(open, host.clock);
}

/** Whether there is a screen to draw on, and keys to read. */
function hasTerminal(): boolean {
  return Deno.stdout.isTerminal() && Deno.stdin.isTerminal();
}

async function showTerminalView(host: Host, shown: Omit<TerminalOptions, "hasColor">): Promise<() => void> {
  const { showTerminal } = await import("./terminal/terminal.tsx");
  return showTerminal({ ...shown, hasColor: !host.env("NO_COLOR") && host.env("TERM") !== "dumb" });
}

/** Subscribes to the targets, and records them if wanted. */
function watchTargets(
  host: Host,
  core: MonitorCore,
  money: MoneyWatch,
  options: MonitorOptions,
  log: Log,
): (() => void)[] {
  const file = options.targets === undefined ? undefined : new TargetFile(options.targets, log);
  const hosts = options.hosts === undefined
    ? undefined
    : new HostListFile(options.hosts, options["hosts-keys"]);
  let fromFile: readonly TargetSpec[] = [];
  const setTargets = () => {
    const listed = hosts === undefined ? [] : targetsOfHosts(hosts.list);
    const given = [...options.target, ...fromFile, ...listed];
    core.setTargets(given.length > 0 || file !== undefined ? given : defaultTargets());
  };
  setTargets();
  const recording = options.record === undefined ? undefined : record(options.record, core, money);
  function lookAround(): void {
    const changed = file?.changed();
    const news = hosts?.look();
    if (news?.is === "refused") log("warn", "host list refused", { why: `${news.fault}: ${news.why}` });
    fromFile = changed ?? fromFile;
    if (changed !== undefined || news?.is === "newer") setTargets();
    if (changed !== undefined) {
      log("info", "targets", { file: options.targets, count: core.targets.length });
    }
    recording?.flush(host.clock.wallMs());
  }
  lookAround();
  log("info", "watching", { targets: core.targets.length, record: options.record });
  return [
    () => recording?.close(host.clock.wallMs()),
    every(SLOW_TICK_MS, lookAround),
  ];
}

function defaultTargets(): readonly TargetSpec[] {
  const list = parseTarget("127.0.0.1:8989");
  return "targets" in list ? list.targets : [];
}

function record(path: string, core: MonitorCore, money: MoneyWatch): Recording {
  const recording = new Recording(path);
  core.watch({ declared: (told) => recording.charts(told) });
  core.watch({ snapshot: (target, { text }) => recording.add(target.spec, text) });
  core.marks.subscribe((mark) => recording.mark(mark));
  money.subscribe((view) => recording.money(view));
  return recording;
}

function showLines(host: Host, core: MonitorCore, { json }: MonitorOptions): (() => void)[] {
  const line = json ? headlessJson : headlessLine;
  const time = (atMs: number) => new Date(atMs).toISOString().slice(11, 19);
  let isMoneyTold = false;
  return [
    core.watch({
      second(_point, shown) {
        const money = json || isMoneyTold ? undefined : headlessMoney(shown);
        isMoneyTold ||= money !== undefined;
        host.out(`${money ?? ""}${line(shown, core.table.warnings, placeFindings(core.targets))}`);
      },
    }),
    core.marks.subscribe((mark) => {
      const { atMs, kind, text, who = "" } = mark;
      host.out(
        json ? JSON.stringify({ mark }) + "\n" : `${time(atMs)}  ${kind}: ${text} ${who}`.trimEnd() + "\n",
      );
    }),
  ];
}

interface PlayParts {
  readonly log: Log;
  readonly money: MoneyWatch;
  readonly stopped: Promise<unknown>;
  readonly stages: Stages | undefined;
}

/** Shows a record, as fast as it goes or so many of its seconds a second, until its end or till stopped. */
async function play(
  replay: Replay,
  core: MonitorCore,
  clock: ManualClock,
  { speed }: MonitorOptions,
  { log, money, stopped, stages }: PlayParts,
) {
  let isStopped = false;
  void stopped.then(() => isStopped = true);
  let sinceTurn = 0;
  /** Without a pause whoever looks and presses keys would wait for the end. */
  async function pause(ms: number): Promise<void> {
    if (speed > 0) return await sleepUnless(ms / speed, stopped);
    if (++sinceTurn % BATCHES_A_TURN === 0) await nextTurn();
  }
  const count = await replayInTime(replay, core, clock, {
    pause,
    isStopped: () => isStopped,
    money,
    ...(stages === undefined ? {} : { onStage: stages.on }),
  });
  stages?.end();
  for (const problem of replay.problems) log("warn", "record", { problem });
  log("info", "replayed", { snapshots: count });
  replay.close();
}

/** Waits so long, or till stopped. */
async function sleepUnless(ms: number, stopped: Promise<unknown>): Promise<void> {
  let cancel = () => {};
  await Promise.race([new Promise<void>((resolve) => cancel = after(ms, resolve)), stopped]);
  cancel();
}
