import { z } from "zod";
import { didYouMean } from "../cli/did_you_mean.ts";
import {
  flag,
  type Flags,
  type FlagValues,
  helpText,
  parseFlags,
  switchFlag,
  wholeNumber,
} from "../cli/flags.ts";
import type { Command, Host } from "../cli/host.ts";
import { type OnStage, Stages } from "../cli/progress.ts";
import { formatCount, formatYuan } from "../cli/units.ts";
import { ExitCode, UserError } from "../cli/user_error.ts";
import { claimProblems } from "../seed/claim_problems.ts";
import { CLAIMS_FLAG, claimsDirectory } from "../seed/claims_directory.ts";
import { acceptLoss } from "./accept_loss.ts";
import { type Backup, backUp } from "./backup.ts";
import { checkLedger, type CheckOptions } from "./check.ts";
import { checkJson, checkText } from "./check_report.ts";
import { closeEvent } from "./close_event.ts";
import { DirectoryLock } from "./directory_lock.ts";
import { describeLedger } from "./describe.ts";
import { exportLedger } from "./export.ts";
import { refuseLostRows } from "./inspect.ts";
import { hexOf } from "./links.ts";
import { restore } from "./restore.ts";
import { Projection } from "./projection.ts";
import { catchUp } from "./projector.ts";
import { type ShownAward, showPacket, showUser } from "./show.ts";
import { upgradeLedger } from "./upgrade.ts";
import { TruthReader } from "./truth_reader.ts";

const id = wholeNumber(0, 0xffff_ffff).optional();

const anchor = z.string()
  .regex(
    /^\d{1,15}:[0-9a-fA-F]{64}$/,
    "give a row and its head of 64 hexadecimal digits, as show prints them",
  )
  .transform((text) => ({ seq: Number(text.split(":")[0]), head: text.split(":")[1] }));

const LEDGER_FLAGS = {
  user: flag("N", "show: what happened to a user", id),
  packet: flag("N", "show: what happened to a packet", id),
  ticket: flag("N", "show: the same as --packet", id),
  to: flag("csv|parquet", "export: format", z.enum(["csv", "parquet"]).default("csv")),
  expect: flag("SEQ:HEAD", "check: a row and the head that it had, noted elsewhere", anchor.optional()),
  claims: CLAIMS_FLAG,
  json: switchFlag("check: one line of JSON instead of text"),
  reason: flag("TEXT", "accept-loss: why, for those who read the ledger later", z.string().min(1).optional()),
  out: flag("FILE", "export: file, ledger.csv or ledger.parquet if absent", z.string().optional()),
} satisfies Flags;

type Options = FlagValues<typeof LEDGER_FLAGS>;

type Run = (host: Host, place: string, options: Options, other: string) => Promise<number> | number;

/** What each takes, and does. */
const ACTIONS: Readonly<Record<string, { readonly takes: readonly string[]; readonly run: Run }>> = {
  check: { takes: ["DIR"], run: check },
  show: { takes: ["DIR"], run: show },
  export: { takes: ["DIR"], run: exportTo },
  backup: { takes: ["DIR", "FILE"], run: backup },
  restore: { takes: ["FILE", "DIR"], run: restoreFrom },
  close: { takes: ["DIR"], run: close },
  rebuild: { takes: ["DIR"], run: rebuild },
  upgrade: { takes: ["DIR"], run: upgrade },
  "accept-loss": { takes: ["DIR"], run: accept },
};

const ABOUT = `Looks into a ledger that redpkt server --ledger DIR keeps.

  check    proves the chain, every row and all that is made of the rows; exit code 1 if something is wrong
  show     which ledger it is, or what happened to a user or a packet
  export   every row, for auditors
  backup   copies a ledger into one file while its server goes on, and proves the copy
  restore  makes a ledger out of a backup, in an empty directory
  close    ends an event: what nobody won or opened goes back to its sponsors
  rebuild  makes the projection anew from the rows
  upgrade  converts a ledger of an older redpkt
  accept-loss  goes on with a ledger that has lost rows which a file beside it knows`;

/** `redpkt ledger`: looks into a ledger. */
export const command: Command = {
  summary: "checks, shows, exports and closes a ledger",
  async run(host, args) {
    const { values, operands, wantsHelp } = parseFlags(args, LEDGER_FLAGS);
    const names = Object.keys(ACTIONS);
    if (wantsHelp) {
      host.out(helpText(`redpkt ledger ${names.join("|")} DIR [FILE] [FLAGS]`, ABOUT, LEDGER_FLAGS));
      return ExitCode.ok;
    }
    const [action, ...places] = operands;
    if (action !== undefined && !Object.hasOwn(ACTIONS, action)) {
      throw new UserError(
        `${action}: no such action.${didYouMean(action, names)} There are ${names.join(", ")}`,
      );
    }
    const { takes = ["DIR"], run } = ACTIONS[action ?? ""] ?? {};
    if (run === undefined || places.length !== takes.length) {
      const what = takes.length === 1 ? "one directory" : takes.join(" and ");
      const example = takes.map((place) => place === "DIR" ? "data/" : "data.backup").join(" ");
      throw new UserError(
        `give ${action ?? `one of ${names.join(", ")}`} and ${what}, such as redpkt ledger ${
          action ?? "check"
        } ${example}`,
      );
    }
    return await run(host, places[0], values, places[1]);
  },
};

function check(host: Host, directory: string, { expect, json, claims: place }: Options): number {
  const claims: CheckOptions["claims"] = (ledger, seeds) =>
    claimProblems(ledger, seeds, claimsDirectory(host, place));
  const report = showing(host, (onStage) => checkLedger(directory, { onStage, expect, claims }));
  host.out(json ? checkJson(report) : checkText(report));
  return report.problems.length === 0 ? ExitCode.ok : ExitCode.failed;
}

function backup(host: Host, directory: string, _options: Options, file: string): number {
  const made = showing(host, (onStage) => backUp(directory, file, onStage));
  host.out(`${file}: ${backupLine(made)}\n`);
  return ExitCode.ok;
}

function restoreFrom(host: Host, file: string, _options: Options, directory: string): number {
  const made = showing(host, (onStage) => restore(file, directory, onStage));
  host.out(`${directory}: ${backupLine(made)}\n`);
  return ExitCode.ok;
}

/** With what `check --expect` takes. */
function backupLine({ ledger, tip }: Backup): string {
  return `ledger ${ledger}, ${formatCount(tip.seq)} rows, proven\n--expect ${tip.seq}:${hexOf(tip.head)}`;
}

function show(host: Host, directory: string, { user, packet, ticket }: Options): number {
  const packetId = packet ?? ticket;
  if (user !== undefined && packetId !== undefined) {
    throw new UserError("give one thing to show: --user N, --packet N or --ticket N");
  }
  if (user === undefined && packetId === undefined) return showLedger(host, directory);
  if (user !== undefined) {
    const awards = showing(host, (onStage) => showUser(directory, user, onStage));
    host.out(`user ${user}: ${awards.length === 1 ? "1 packet" : `${awards.length} packets`}\n`);
    for (const award of awards) host.out(`  ${awardLine(award)}\n`);
    return ExitCode.ok;
  }
  const shown = showing(host, (onStage) => showPacket(directory, packetId!, onStage));
  if (shown.sponsor === undefined) host.out(`packet ${packetId}: was never made\n`);
  else if (shown.award !== undefined) host.out(`${awardLine(shown.award)}\n`);
  else {
    const where = shown.wasGivenBack ? "went back to him" : "nobody has won it";
    host.out(`packet ${packetId} of sponsor ${shown.sponsor}: ${where}\n`);
  }
  return ExitCode.ok;
}

/** Which ledger it is, and what it says of itself. */
function showLedger(host: Host, directory: string): number {
  const { id, head, limits, seeds, losses } = describeLedger(directory);
  const limit = (packets: number) => packets === Infinity ? "no limit" : String(packets);
  host.out(`ledger ${id}\n`);
  host.out(`row ${head.seq}, head ${head.headHex}\n`);
  for (const { packetsPerUser, packetsPerSponsor, atMs } of limits) {
    host.out(
      `limits since ${timeText(atMs)}: ${limit(packetsPerUser)} a user, ${
        limit(packetsPerSponsor)
      } of a sponsor\n`,
    );
  }
  for (const { hash, path, atMs } of seeds) {
    host.out(`seed file since ${timeText(atMs)}: ${path} (hash ${hash})\n`);
  }
  for (const { seq, reason, lost, atMs } of losses) {
    host.out(`loss accepted at ${timeText(atMs)} (row ${seq}): ${reason}\n`);
    for (const { words } of lost) host.out(`  ${words}\n`);
  }
  return ExitCode.ok;
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}

function awardLine(award: ShownAward): string {
  const at = timeText(award.atMs);
  return `packet ${award.packetId} of sponsor ${award.sponsor}, ${formatYuan(award.amountFen)}, ` +
    `to user ${award.user} at ${at} (row ${award.seq}), ${award.isDelivered ? "delivered" : "pending"}` +
    (award.state === "open" ? "" : `, ${award.state}`);
}

async function exportTo(host: Host, directory: string, { to, out }: Options): Promise<number> {
  const path = out ?? `ledger.${to}`;
  try {
    const stages = new Stages(host);
    const rows = await exportLedger(directory, to, path, stages.on);
    stages.end();
    host.out(`${path}: ${formatCount(rows)} rows\n`);
    return ExitCode.ok;
  } catch (error) {
    if (isOfSystem(error)) {
      throw new UserError(`--out ${path}: cannot be written: ${error.message}`);
    }
    throw error;
  }
}

/** Whether the system refused, such as a full disk or a folder where a file should be; SQLite's codes are other ones. */
function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^E[A-Z0-9]+$/.test(String(error.code));
}

function close(host: Host, directory: string): number {
  const gave = showing(host, (onStage) => closeEvent(directory, host.clock, onStage));
  const sumFen = gave.reduce((sum, { amountFen }) => sum + amountFen, 0);
  host.out(`${formatYuan(sumFen)} went back to ${formatCount(gave.length)} sponsors\n`);
  return ExitCode.ok;
}

function rebuild(host: Host, directory: string): number {
  const lock = DirectoryLock.takeExisting(directory, "ledger");
  try {
    refuseLostRows(directory, host.clock.wallMs());
    new TruthReader(directory).close();
    const name = Projection.setAside(directory, host.clock.wallMs());
    if (name !== undefined) {
      host.out(`${directory}/${name}: what was there; delete it when you don't need it\n`);
    }
    const rows = showing(host, (onStage) => catchUp(directory, host.clock, onStage));
    host.out(`${formatCount(rows)} rows\n`);
    return ExitCode.ok;
  } finally {
    lock.release();
  }
}

function accept(host: Host, directory: string, { reason }: Options): number {
  if (reason === undefined) {
    throw new UserError('give the reason: redpkt ledger accept-loss DIR --reason "why"');
  }
  const { lost, awards, others, conflicts, unknownRows, aside } = showing(
    host,
    (onStage) => acceptLoss(directory, reason, host.clock, onStage),
  );
  for (const words of lost) host.out(`lost: ${words}\n`);
  for (const { packetId, user, amountFen } of awards) {
    host.out(`entered again: packet ${packetId}, ${formatYuan(amountFen)}, to user ${user}\n`);
  }
  for (const words of conflicts) host.out(`not entered: ${words}\n`);
  host.out(
    `${formatCount(awards.length)} awards and ${formatCount(others)} other rows are in the ledger again\n`,
  );
  if (unknownRows > 0) {
    host.out(
      `${
        formatCount(unknownRows)
      } rows are known only by their number: what was won in them can be won again. ` +
        `redpkt ledger close ${directory} takes back whatever is left instead\n`,
    );
  }
  for (const name of aside) host.out(`kept: ${directory}/${name}\n`);
  return ExitCode.ok;
}

function upgrade(host: Host, directory: string): number {
  const { rows, copy } = showing(host, (onStage) => upgradeLedger(directory, host.clock, onStage));
  host.out(`${formatCount(rows)} rows are in a chain now. What was there: ${directory}/${copy}\n`);
  return ExitCode.ok;
}

/** Does something that may take long, and shows how far it is. */
function showing<T>(host: Host, work: (onStage: OnStage) => T): T {
  const stages = new Stages(host);
  const result = work(stages.on);
  stages.end();
  return result;
}
