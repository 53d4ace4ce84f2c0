import { z } from "zod";
import { flag, type Flags, type FlagValues, wholeNumber } from "../cli/flags.ts";
import { commandOf, noSuchAction } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { type OnStage, Stages } from "../cli/progress.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { claimProblems } from "../seed/claim/claim_problems.ts";
import { CLAIMS_FLAG, claimsDirectory } from "../seed/claim/claims_directory.ts";
import { acceptLoss } from "./accept_loss.ts";
import { runAdopt } from "./adopt.ts";
import { type Backup, backUp } from "./backup.ts";
import { checkLedger, type CheckOptions } from "./check/check.ts";
import { checkResult, checkText } from "./check/check_report.ts";
import { closeEvent } from "./close_event.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { describeLedger, type LedgerDescription } from "./describe.ts";
import { exportLedger } from "./export.ts";
import { refuseLostRows } from "../ledger/evidence/inspect.ts";
import { hexOf } from "../ledger/chain/links.ts";
import { type OrderState, untakenOf } from "../ledger/record/order_state.ts";
import type { OrderText } from "../ledger/record/order_text.ts";
import { Projection } from "../ledger/projection/projection.ts";
import { restore } from "./restore.ts";
import { catchUp } from "../ledger/projection/projector.ts";
import { type ShownAward, type ShownPacket, showOrder, showPacket, showUser } from "./show.ts";
import { upgradeLedger } from "./upgrade.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";

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
  order: flag("N", "show: what an operator has ordered, and how far it came", id),
  to: flag("csv|parquet", "export: format", z.enum(["csv", "parquet"]).default("csv")),
  expect: flag("SEQ:HEAD", "check: a row and the head that it had, noted elsewhere", anchor.optional()),
  claims: CLAIMS_FLAG,
  books: flag("URL", "adopt: the books that know the ledger", z.string().min(1).optional()),
  reason: flag(
    "TEXT",
    "accept-loss, adopt: why, for those who read the ledger later",
    z.string().min(1).optional(),
  ),
  out: flag("FILE", "export: file, ledger.csv or ledger.parquet if absent", z.string().optional()),
  json: JSON_FLAG,
} satisfies Flags;

type Options = FlagValues<typeof LEDGER_FLAGS>;

type Run = (host: Host, place: string, options: Options, other: string) => Promise<number> | number;

interface Action {
  readonly takes: readonly string[];
  readonly does: string;
  readonly run: Run;
}

/** What each takes, and does. */
const ACTIONS: Readonly<Record<string, Action>> = {
  check: {
    takes: ["DIR"],
    does: "proves the chain, every row and all that is made of the rows; exit code 1 if something is wrong",
    run: check,
  },
  show: { takes: ["DIR"], does: "which ledger it is, or what happened to a user or a packet", run: show },
  export: { takes: ["DIR"], does: "every row, for auditors", run: exportTo },
  backup: {
    takes: ["DIR", "FILE"],
    does: "copies a ledger into one file while its server goes on, and proves the copy",
    run: backup,
  },
  restore: {
    takes: ["FILE", "DIR"],
    does: "makes a ledger out of a backup, in an empty directory",
    run: restoreFrom,
  },
  close: {
    takes: ["DIR"],
    does: "ends an event: what nobody won or opened goes back to its sponsors",
    run: close,
  },
  rebuild: { takes: ["DIR"], does: "makes the projection anew from the rows", run: rebuild },
  upgrade: { takes: ["DIR"], does: "converts a ledger of an older redpkt", run: upgrade },
  "accept-loss": {
    takes: ["DIR"],
    does: "goes on with a ledger that has lost rows which a file beside it knows",
    run: accept,
  },
  adopt: {
    takes: ["DIR"],
    does: "goes on with a ledger on another machine, and tells the books",
    run: runAdopt,
  },
};

/** `redpkt ledger`: looks into a ledger. */
export const command = commandOf({
  name: "ledger",
  about: "Looks into a ledger that redpkt server --ledger DIR keeps.",
  takes: "ACTION DIR [FILE]",
  words: Object.fromEntries(Object.entries(ACTIONS).map(([name, { does }]) => [name, does])),
  flags: LEDGER_FLAGS,
  examples: [
    { line: "redpkt ledger check data", shows: "proves that nothing was lost or edited" },
    { line: "redpkt ledger show data --user 17", shows: "what user 17 won, opened and sent" },
    { line: "redpkt ledger backup data data.backup", shows: "a copy of a ledger that is in use" },
  ],
}, async (host, values, [action, ...places]) => {
  const names = Object.keys(ACTIONS);
  if (action !== undefined && !Object.hasOwn(ACTIONS, action)) {
    throw noSuchAction(action, names);
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
});

function check(host: Host, directory: string, { expect, json, claims: place }: Options): number {
  const claims: CheckOptions["claims"] = (ledger, seeds) =>
    claimProblems(ledger, seeds, claimsDirectory(host, place));
  const report = showing(host, (onStage) => checkLedger(directory, { onStage, expect, claims }));
  writeResult(host, json, checkResult(report), () => checkText(report));
  return report.problems.length === 0 ? ExitCode.ok : ExitCode.failed;
}

function backup(host: Host, directory: string, { json }: Options, file: string): number {
  const made = showing(host, (onStage) => backUp(directory, file, onStage));
  writeResult(host, json, { file, ...backupResult(made) }, () => `${file}: ${backupLine(made)}\n`);
  return ExitCode.ok;
}

function restoreFrom(host: Host, file: string, { json }: Options, directory: string): number {
  const made = showing(host, (onStage) => restore(file, directory, onStage));
  writeResult(host, json, { directory, ...backupResult(made) }, () => `${directory}: ${backupLine(made)}\n`);
  return ExitCode.ok;
}

/** With what `check --expect` takes. */
function backupLine({ ledger, tip }: Backup): string {
  return `ledger ${ledger}, ${formatCount(tip.seq)} rows, proven\n--expect ${tip.seq}:${hexOf(tip.head)}`;
}

function backupResult({ ledger, tip }: Backup): object {
  return { ledger, seq: tip.seq, head: hexOf(tip.head) };
}

function show(host: Host, directory: string, { user, packet, ticket, order, json }: Options): number {
  const packetId = packet ?? ticket;
  if ([user, packetId, order].filter((id) => id !== undefined).length > 1) {
    throw new UserError("give one thing to show: --user N, --packet N, --ticket N or --order N");
  }
  if (order !== undefined) {
    const state = showing(host, (onStage) => showOrder(directory, order, onStage));
    const text = () => state === undefined ? `order ${order}: was never placed\n` : orderLines(state);
    writeResult(host, json, { order, state: state === undefined ? null : orderResult(state) }, text);
    return ExitCode.ok;
  }
  if (user === undefined && packetId === undefined) {
    const described = describeLedger(directory);
    writeResult(host, json, described, () => ledgerText(described));
    return ExitCode.ok;
  }
  if (user !== undefined) {
    const awards = showing(host, (onStage) => showUser(directory, user, onStage));
    writeResult(
      host,
      json,
      { user, awards },
      () =>
        `user ${user}: ${awards.length === 1 ? "1 packet" : `${awards.length} packets`}\n` +
        awards.map((award) => `  ${awardLine(award)}\n`).join(""),
    );
    return ExitCode.ok;
  }
  const shown = showing(host, (onStage) => showPacket(directory, packetId!, onStage));
  const result = {
    ...shown,
    sponsor: shown.sponsor ?? null,
    award: shown.award ?? null,
    order: shown.order ?? null,
  };
  writeResult(host, json, result, () => `${packetLine(shown)}\n`);
  return ExitCode.ok;
}

function packetLine({ packetId, sponsor, award, wasGivenBack, order }: ShownPacket): string {
  if (sponsor === undefined) return `packet ${packetId}: was never made`;
  const whose = award !== undefined
    ? awardLine(award)
    : `packet ${packetId} of sponsor ${sponsor}: ${wasGivenBack ? "went back to them" : "nobody has won it"}`;
  return order === undefined ? whose : `${whose}\nmade for order ${order}`;
}

/** Which ledger it is, and what it says of itself. */
function ledgerText(
  { id, head, hostNumber, limits, seeds, losses, adoptions }: LedgerDescription,
): string {
  const limit = (packets: number) => packets === Infinity ? "no limit" : String(packets);
  return [
    `ledger ${id}`,
    `row ${head.seq}, head ${head.headHex}`,
    `host number ${hostNumber}`,
    ...limits.map(({ packetsPerUser, packetsPerSponsor, atMs }) =>
      `limits since ${timeText(atMs)}: ${limit(packetsPerUser)} a user, ${
        limit(packetsPerSponsor)
      } of a sponsor`
    ),
    ...seeds.map(({ hash, path, atMs }) => `seed file since ${timeText(atMs)}: ${path} (hash ${hash})`),
    ...losses.flatMap(({ seq, reason, lost, atMs }) => [
      `loss accepted at ${timeText(atMs)} (row ${seq}): ${reason}`,
      ...lost.map(({ words }) => `  ${words}`),
    ]),
    ...adoptions.map(({ seq, epoch, reason, atMs }) =>
      `adopted at ${timeText(atMs)} (row ${seq}), epoch ${epoch} from then on: ${reason}`
    ),
  ].map((line) => `${line}\n`).join("");
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** An order as programs read it. */
function orderResult({ json, isEnded, made, madeFen, openParts, fundedTo }: OrderState): object {
  const winnable = openParts.reduce((sum, part) => sum + untakenOf(part), 0);
  return { ...JSON.parse(json), isEnded, made, madeFen, winnable, fundedTo: fundedTo < 0 ? null : fundedTo };
}

function orderLines({ number, json, isEnded, made, madeFen, openParts, fundedTo }: OrderState): string {
  const { route, key, body, atMs, packets } = JSON.parse(json) as OrderText;
  const named = key === null ? "" : `, Idempotency-Key ${key}`;
  const left = openParts.reduce((sum, part) => sum + untakenOf(part), 0);
  const lines = [
    `order ${number}: ${route} at ${timeText(atMs)}${named}${isEnded ? ", ended" : ""}`,
    `  ${JSON.stringify(body)}`,
    ...(packets === 0 ? [] : [
      `  ${formatCount(made)} of ${formatCount(packets)} packets made, ${formatYuan(madeFen)}; ` +
      `${formatCount(left)} can be won`,
    ]),
    ...(fundedTo < 0 ? [] : [`  users up to ${fundedTo} have their money`]),
  ];
  return `${lines.join("\n")}\n`;
}

function awardLine(award: ShownAward): string {
  const at = timeText(award.atMs);
  return `packet ${award.packetId} of sponsor ${award.sponsor}, ${formatYuan(award.amountFen)}, ` +
    `to user ${award.user} at ${at} (row ${award.seq}), ${award.isDelivered ? "delivered" : "pending"}` +
    (award.state === "open" ? "" : `, ${award.state}`);
}

async function exportTo(host: Host, directory: string, { to, out, json }: Options): Promise<number> {
  const path = out ?? `ledger.${to}`;
  try {
    const stages = new Stages(host);
    const rows = await exportLedger(directory, to, path, stages.on);
    stages.end();
    writeResult(host, json, { file: path, format: to, rows }, () => `${path}: ${formatCount(rows)} rows\n`);
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

function close(host: Host, directory: string, { json }: Options): number {
  const gave = showing(host, (onStage) => closeEvent(directory, host.clock, onStage));
  const sumFen = gave.reduce((sum, { amountFen }) => sum + amountFen, 0);
  writeResult(
    host,
    json,
    { returnedFen: sumFen, sponsors: gave },
    () => `${formatYuan(sumFen)} went back to ${formatCount(gave.length)} sponsors\n`,
  );
  return ExitCode.ok;
}

function rebuild(host: Host, directory: string, { json }: Options): number {
  const lock = DirectoryLock.takeExisting(directory, "ledger");
  try {
    refuseLostRows(directory, host.clock.wallMs());
    new TruthReader(directory).close();
    const name = Projection.setAside(directory, host.clock.wallMs());
    const rows = showing(host, (onStage) => catchUp(directory, host.clock, onStage));
    const kept = name === undefined ? null : `${directory}/${name}`;
    writeResult(
      host,
      json,
      { rows, kept },
      () =>
        (kept === null ? "" : `${kept}: what was there; delete it when you don't need it\n`) +
        `${formatCount(rows)} rows\n`,
    );
    return ExitCode.ok;
  } finally {
    lock.release();
  }
}

function accept(host: Host, directory: string, { reason, json }: Options): number {
  if (reason === undefined) {
    throw new UserError('give the reason: redpkt ledger accept-loss DIR --reason "why"');
  }
  const accepted = showing(host, (onStage) => acceptLoss(directory, reason, host.clock, onStage));
  const { awards, aside } = accepted;
  const result = {
    ...accepted,
    awards: awards.map(({ packetId, user, amountFen }) => ({ packetId, user, amountFen })),
    aside: aside.map((name) => `${directory}/${name}`),
  };
  writeResult(host, json, result, () => acceptedText(directory, accepted));
  return ExitCode.ok;
}

/** What was lost, what is in the ledger again and what is not. */
function acceptedText(directory: string, accepted: ReturnType<typeof acceptLoss>): string {
  const { lost, awards, others, conflicts, unknownRows, aside } = accepted;
  const lines = [
    ...lost.map((words) => `lost: ${words}`),
    ...awards.map(({ packetId, user, amountFen }) =>
      `entered again: packet ${packetId}, ${formatYuan(amountFen)}, to user ${user}`
    ),
    ...conflicts.map((words) => `not entered: ${words}`),
    `${formatCount(awards.length)} awards and ${formatCount(others)} other rows are in the ledger again`,
    ...(unknownRows === 0 ? [] : [
      `${
        formatCount(unknownRows)
      } rows are known only by their number: what was won in them can be won again. ` +
      `redpkt ledger close ${directory} takes back whatever is left instead`,
    ]),
    ...aside.map((name) => `kept: ${directory}/${name}`),
  ];
  return `${lines.join("\n")}\n`;
}

function upgrade(host: Host, directory: string, { json }: Options): number {
  const { rows, copy } = showing(host, (onStage) => upgradeLedger(directory, host.clock, onStage));
  const kept = `${directory}/${copy}`;
  const text = () => `${formatCount(rows)} rows are in a chain now. What was there: ${kept}\n`;
  writeResult(host, json, { rows, kept }, text);
  return ExitCode.ok;
}

/** Does something that may take long, and shows how far it is. */
function showing<T>(host: Host, work: (onStage: OnStage) => T): T {
  const stages = new Stages(host);
  const result = work(stages.on);
  stages.end();
  return result;
}
