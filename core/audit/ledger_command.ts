import { z } from "zod";
import { didYouMean } from "../base/did_you_mean.ts";
import { flag, type Flags, type FlagValues, helpText, parseFlags, wholeNumber } from "../cli/flags.ts";
import type { Command, Host } from "../cli/host.ts";
import { type OnStage, Stages } from "../cli/progress.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { checkLedger } from "./check/check.ts";
import { closeEvent } from "./close_event.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { exportLedger } from "./export.ts";
import { Projection } from "../ledger/projection/projection.ts";
import { catchUp } from "../ledger/projection/projector.ts";
import { type ShownAward, showPacket, showUser } from "./show.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";

const id = wholeNumber(0, 0xffff_ffff).optional();

const LEDGER_FLAGS = {
  user: flag("N", "show: what happened to a user", id),
  packet: flag("N", "show: what happened to a packet", id),
  ticket: flag("N", "show: the same as --packet", id),
  to: flag("csv|parquet", "export: format", z.enum(["csv", "parquet"]).default("csv")),
  out: flag("FILE", "export: file, ledger.csv or ledger.parquet if absent", z.string().optional()),
} satisfies Flags;

type Options = FlagValues<typeof LEDGER_FLAGS>;

const ACTIONS: Readonly<
  Record<string, (host: Host, directory: string, options: Options) => Promise<number> | number>
> = { check, show, export: exportTo, close, rebuild };

const ABOUT = `Looks into a ledger that redpkt server --ledger DIR keeps.

  check    every invariant, every fen; exit code 1 if something is wrong
  show     what happened to a user or a packet
  export   every row, for auditors
  close    ends an event: what nobody won or opened goes back to its sponsors
  rebuild  makes the projection anew from the rows`;

/** `redpkt ledger`: looks into a ledger. */
export const command: Command = {
  summary: "checks, shows, exports and closes a ledger",
  async run(host, args) {
    const { values, operands, wantsHelp } = parseFlags(args, LEDGER_FLAGS);
    const names = Object.keys(ACTIONS);
    if (wantsHelp) {
      host.out(helpText(`redpkt ledger ${names.join("|")} DIR [FLAGS]`, ABOUT, LEDGER_FLAGS));
      return ExitCode.ok;
    }
    const [action, directory, ...rest] = operands;
    if (action === undefined || directory === undefined || rest.length > 0) {
      throw new UserError(
        `give one of ${names.join(", ")} and one directory, such as redpkt ledger check data/`,
      );
    }
    if (!Object.hasOwn(ACTIONS, action)) {
      throw new UserError(
        `${action}: no such action.${didYouMean(action, names)} There are ${names.join(", ")}`,
      );
    }
    return await ACTIONS[action](host, directory, values);
  },
};

function check(host: Host, directory: string): number {
  const report = showing(host, (onStage) => checkLedger(directory, onStage));
  const { balances, limits } = report;
  const most = (count: number, limit: number) =>
    `${count} (${limit === Infinity ? "no limit" : `at most ${limit}`})`;
  const lines = [
    ["rows", formatCount(report.rows)],
    ["mints", formatCount(report.mints)],
    ["awards", `${formatCount(report.awards)} to ${formatCount(report.users)} users`],
    ["delivered", formatCount(report.delivered)],
    ["most of one user", most(report.mostOfUser, limits.packetsPerUser)],
    ["most of one sponsor", most(report.mostOfSponsor, limits.packetsPerSponsor)],
    [
      "projection",
      report.projectionLagRows === 0 ? "up to date" : `${formatCount(report.projectionLagRows)} rows behind`,
    ],
    ["source", `-${formatYuan(-balances.sourceFen)}`],
    ["pool", formatYuan(balances.poolFen)],
    ["held", formatYuan(balances.heldFen)],
    ["packets", formatYuan(balances.packetFen)],
    ["user", formatYuan(balances.userFen)],
    ["returned", formatYuan(balances.returnedFen)],
  ];
  for (const [name, value] of lines) host.out(`${name.padEnd(22)}${value}\n`);
  for (const problem of report.problems) host.out(`WRONG  ${problem}\n`);
  host.out(report.problems.length === 0 ? "ok: every fen is in one account\n" : "");
  return report.problems.length === 0 ? ExitCode.ok : ExitCode.failed;
}

function show(host: Host, directory: string, { user, packet, ticket }: Options): number {
  const packetId = packet ?? ticket;
  if ((user === undefined) === (packetId === undefined)) {
    throw new UserError("give what to show: --user N, --packet N or --ticket N");
  }
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

function awardLine(award: ShownAward): string {
  const at = new Date(award.atMs).toISOString();
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
  const lock = DirectoryLock.take(directory, "ledger");
  try {
    new TruthReader(directory).close();
    Projection.remove(directory);
    const rows = showing(host, (onStage) => catchUp(directory, host.clock, onStage));
    host.out(`${formatCount(rows)} rows\n`);
    return ExitCode.ok;
  } finally {
    lock.release();
  }
}

/** Does something that may take long, and shows how far it is. */
function showing<T>(host: Host, work: (onStage: OnStage) => T): T {
  const stages = new Stages(host);
  const result = work(stages.on);
  stages.end();
  return result;
}
