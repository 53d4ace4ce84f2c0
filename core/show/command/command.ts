import { didYouMean } from "../../base/did_you_mean.ts";
import { formatCount } from "../../base/units.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { parseBuses } from "../../bus/open_bus.ts";
import type { FlagValues } from "../../cli/flags.ts";
import { commandOf, commandOfActions } from "../../cli/command/command.ts";
import type { Host } from "../../cli/host.ts";
import { writeResult } from "../../cli/json_output.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import { keyCommand } from "../../seed/key_command.ts";
import { readPlan } from "../../seed/plan/plan.ts";
import { versionText } from "../document.ts";
import { CHANGES } from "../console/actions.ts";
import { rangesOf } from "../console/arguments.ts";
import { plannedWaves } from "../console/begin.ts";
import { CONSOLE_FLAGS } from "./command_flags.ts";
import { ConsoleFolder } from "../console/console_folder.ts";
import { dryRun, dryRunText } from "./dry_run.ts";
import { consoleKeys, type OpenConsole, openConsole } from "../console/open_console.ts";
import { perform, type Wish } from "../console/perform.ts";
import { readProposal, withApproval, writeProposal } from "../console/proposal.ts";
import type { Acknowledged, ChangeResult } from "../console/show_console.ts";
import { statusOf } from "../console/status.ts";
import { statusText } from "../console/status_text.ts";

type Options = FlagValues<typeof CONSOLE_FLAGS>;

/** What is no change of a show. */
const OTHERS: Readonly<Record<string, { readonly takes: string; readonly help: string }>> = {
  init: { takes: "", help: "begins a show out of a plan: --plan FILE --event NAME --approve DIR" },
  status: { takes: "", help: "the cue sheet, who has it, and what is wrong; exit code 1 if anything is" },
  approve: { takes: "FILE", help: "a second person approves a proposal with the key of --keys" },
  send: { takes: "FILE", help: "sends a proposal that is approved" },
  takeover: { takes: "", help: "directs the show from this console from now on; the other one is told" },
  push: { takes: "", help: "sends the newest document once more, by the paths that are given" },
  forget: { takes: "HOST ...", help: "no longer expects these hosts" },
  journal: { takes: "", help: "who did what, and when; proves every line" },
  keygen: { takes: "", help: "makes a key that signs, in --keys DIR" },
};

const KEYS = keyCommand("show key", "shows");

const console_ = commandOf({
  name: "show",
  about: "Directs a show: every change is signed, prepared by all hosts, and counts everywhere at one time.",
  takes: "ACTION ...",
  words: Object.fromEntries(
    Object.entries({ ...CHANGES, ...OTHERS }).map((
      [name, { takes, help }],
    ) => [`${name} ${takes}`.trim(), help]),
  ),
  flags: CONSOLE_FLAGS,
  examples: [
    { line: "redpkt show status", shows: "the cue sheet, and who has it" },
    { line: "redpkt show shift +40s", shows: "all that is to come begins 40 s later" },
    { line: "redpkt show hold --dry-run", shows: "what a hold would do, played against the simulator" },
  ],
}, async (host, values, [action, ...operands]) => {
  switch (action) {
    case undefined:
      throw new UserError("give an action, such as redpkt show status. See redpkt show --help");
    case "keygen":
      return await KEYS.run(host, ["new", "--keys", values.keys, ...(values.json ? ["--json"] : [])]);
    case "approve":
      return approve(host, values, operands);
    case "journal":
      return journal(host, values);
    case "forget":
      return await forget(host, values, operands);
  }
  if (!Object.hasOwn(CHANGES, action) && !Object.hasOwn(OTHERS, action)) {
    throw new UserError(
      `${action}: no such action.${didYouMean(action, Object.keys({ ...CHANGES, ...OTHERS }))}`,
    );
  }
  return await withConsole(host, values, action, operands);
});

/** `redpkt show`. */
export const command = commandOfActions(
  console_.form,
  { key: KEYS },
  // A time that is taken back would be read as a flag.
  (host, args) => console_.run(host, args.map((arg) => /^-\d/.test(arg) ? `\u2212${arg.slice(1)}` : arg)),
);

async function withConsole(
  host: Host,
  values: Options,
  action: string,
  operands: readonly string[],
): Promise<number> {
  const nowMs = host.clock.wallMs();
  const problems = flagProblems(values, action);
  const collect = <T>(read: () => T): T | undefined => collecting(problems, read);
  const buses = collect(() => parseBuses("--bus", values.bus));
  const approvers = collect(() => values.approve.map((path) => consoleKeys(path).key));
  const safe = collect(() => values.protect === undefined ? [] : rangesOf("--protect", values.protect));
  collect(() => CHANGES[action]?.make({ action, operands, atMs: undefined, nowMs, forMs: undefined }, []));
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  const wish: Wish = {
    action,
    operands,
    atMs: values.at ?? (values.in === undefined ? undefined : nowMs + values.in),
    forMs: values.for,
    quorumPercent: values.quorum,
    confirmMs: values["confirm-ms"],
    isReplacing: values.replace,
    approvers: approvers!,
    waves: values.plan === undefined
      ? undefined
      : plannedWaves((await readPlan(values.plan)).plan, values["needs-go"]),
    safe,
  };
  const place = {
    folder: values.console,
    keys: values.keys,
    event: values.event,
    who: values.who ?? host.env("USER") ?? "unknown",
    token: host.env("REDPKT_TOKEN"),
  };
  if (values["dry-run"]) {
    const result = await dryRun(place, wish, values.hosts, nowMs);
    writeResult(host, values.json, result, () => dryRunText(result));
    return result.problems.length === 0 ? ExitCode.ok : ExitCode.failed;
  }
  const open = openConsole({ ...place, buses: buses! }, host.clock);
  try {
    if (action === "status") return await status(host, open, values.json);
    const result = await perform(open, wish, nowMs);
    if (values.out !== undefined && result.kind === "issued") {
      Deno.writeFileSync(values.out, result.show.bytes);
    }
    writeResult(host, values.json, resultJson(result), () => resultText(wish, result));
    return result.kind === "issued" && result.acknowledged.missing.length === 0 &&
        result.acknowledged.refused.length === 0
      ? ExitCode.ok
      : ExitCode.failed;
  } finally {
    await open.close();
  }
}

/** Reads something whose mistakes are told together with others. */
function collecting<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

function flagProblems(values: Options, action: string): string[] {
  const needsPaths = !values["dry-run"] && !(action === "push" && values.out !== undefined);
  return [
    ...(values.in !== undefined && values.at !== undefined ? ["--in and --at: give one of them"] : []),
    ...(needsPaths && values.bus.length === 0
      ? ["--bus: is missing: give the paths to the hosts, such as --bus nats://a1,a2,a3 or http://HOST:8989"]
      : []),
    ...(action === "init" && values.plan === undefined
      ? ["--plan: is missing: init plays the waves of a plan"]
      : []),
    ...(action === "init" && values.event === undefined
      ? ["--event: is missing: init begins the show of an event"]
      : []),
    ...(values["dry-run"] && ["status", "push", "takeover", "send"].includes(action)
      ? [`--dry-run: ${action} changes nothing that could be played`]
      : []),
  ];
}

async function status(host: Host, open: OpenConsole, isJson: boolean): Promise<number> {
  const { console, director, folder } = open;
  await console.look();
  const shown = statusOf(director, console.newest(), folder.roster, host.clock.wallMs());
  writeResult(host, isJson, shown, () => statusText(shown));
  const isWell = shown.ownClockOffMs === 0 && shown.paths.every(({ isConnected }) => isConnected) &&
    shown.hosts.every((one) => one.isPresent && one.hasNewest && !one.isHolding);
  return isWell ? ExitCode.ok : ExitCode.failed;
}

function approve(host: Host, values: Options, [path, ...more]: readonly string[]): number {
  if (path === undefined || more.length > 0) throw new UserError("approve: give the proposal's file");
  const { key } = consoleKeys(values.keys);
  const proposal = withApproval(readProposal(path), key);
  writeProposal(path, proposal);
  const { action, changes, show: { approvals } } = proposal;
  writeResult(
    host,
    values.json,
    { action, changes, approvals: approvals.map((one) => one.key) },
    () =>
      `approved by ${key.id}: ${action}\n${changes.map((line) => `  ${line}\n`).join("")}` +
      `${formatCount(approvals.length)} have approved it. To send it: redpkt show send ${path}\n`,
  );
  return ExitCode.ok;
}

function journal(host: Host, values: Options): number {
  const folder = new ConsoleFolder(values.console);
  const { lines, problems } = folder.journal.read(new KeyFolder(values.keys, "redpkt show key").trusted());
  writeResult(host, values.json, { lines, problems }, () => {
    const rows = lines.map(({ at, who, action, version, result }) =>
      `${at}  ${who}  ${action}${version === null ? "" : `  [${version}]`}  ${result}\n`
    );
    return rows.join("") + problems.map((problem) => `WRONG  ${problem}\n`).join("");
  });
  return problems.length === 0 ? ExitCode.ok : ExitCode.failed;
}

async function forget(host: Host, values: Options, hosts: readonly string[]): Promise<number> {
  if (hosts.length === 0) throw new UserError("forget: give the hosts that are gone");
  const folder = new ConsoleFolder(values.console);
  const unlock = await folder.lock();
  try {
    const { roster } = folder;
    const strange = hosts.filter((host) => roster.every((one) => one.host !== host));
    if (strange.length > 0) {
      throw new UserError(strange.map((one) => `forget: ${one}: is not expected`).join("\n"));
    }
    folder.writeRoster(roster.filter(({ host }) => !hosts.includes(host)));
    writeResult(host, values.json, { forgotten: hosts }, () => `no longer expected: ${hosts.join(", ")}\n`);
  } finally {
    unlock();
  }
  return ExitCode.ok;
}

function resultJson(result: ChangeResult): object {
  if (result.kind === "proposed") return result;
  const { show: { document }, changes, prepared, acknowledged } = result;
  const { activateMs, issuedMs } = document;
  return {
    kind: "issued",
    version: versionText(document),
    issuedMs,
    activateMs,
    changes,
    prepared: prepared ?? null,
    acknowledged,
  };
}

function resultText({ action }: Wish, result: ChangeResult): string {
  const changes = result.changes.map((line) => `  ${line}\n`).join("");
  if (result.kind === "proposed") {
    return `${action}: changes the plan, so a second person must approve it: nothing is sent yet\n${changes}` +
      `  there: redpkt show approve ${result.path} --keys DIR\n  then:  redpkt show send ${result.path}\n`;
  }
  const { show: { document }, prepared, acknowledged } = result;
  const waitMs = document.activateMs! - document.issuedMs;
  const when = waitMs > 0 ? `counts at ${new Date(document.activateMs!).toISOString()}` : "counts";
  return `${action}: ${versionText(document)} ${when}\n${changes}` +
    (prepared === undefined ? "" : `  prepared by ${ackText(prepared)}\n`) +
    `  on disk at ${ackText(acknowledged)}\n`;
}

function ackText({ hosts, acked, missing, refused, tookMs }: Acknowledged): string {
  const left = [
    ...missing.map((host) => `${host} missing`),
    ...refused.map(({ host, why }) => `${host}: ${why}`),
  ];
  const named = left.slice(0, 20).join(", ") + (left.length > 20 ? ", ..." : "");
  return `${formatCount(acked)} of ${formatCount(hosts)} hosts in ${formatCount(tookMs)} ms` +
    (left.length === 0 ? "" : `: ${named}`);
}
