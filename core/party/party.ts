import { exists } from "../base/exists.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { commandOf } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { writeResult } from "../cli/json_output.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { doorSettings } from "./door_settings.ts";
import { endParty, endText, type PartyEnd } from "./ending.ts";
import { Guests } from "./state/guests.ts";
import { nextFolder, PartyFolder } from "./state/party_folder.ts";
import { makingFlags, PARTY_FLAGS, type PartyOptions, wishedParty } from "./party_flags.ts";
import { PartyTickets } from "./state/party_plan.ts";
import { RunningParty } from "./running_party.ts";

const ABOUT = `Gives a red packet evening for real people: guests scan a code, shake their phones and win.

Starts a server, pages for phones and a big screen, and keeps a ledger. All of it lies in one folder. If the
program is stopped, or killed, the same command goes on with the same evening. See docs/party.md.`;

/** `redpkt party`: an evening for people. */
export const command = commandOf(
  {
    name: "party",
    about: ABOUT,
    flags: PARTY_FLAGS,
    examples: [
      { line: "redpkt party", shows: "an evening now: asks for its name, budget and waves" },
      {
        line: "redpkt party --end --dir party",
        shows: "ends the evening in that folder, and writes who won",
      },
    ],
  },
  async (host, values) => {
    const { folder, isNew } = await folderOf(host, values);
    const lock = DirectoryLock.take(folder.path, "--dir");
    try {
      return await run(host, folder, values);
    } catch (error) {
      // Its door never opened, so nobody has come in: what is given better the next time is a new party.
      if (isNew && folder.party.door === undefined) Deno.removeSync(folder.path, { recursive: true });
      throw error;
    } finally {
      lock.release();
    }
  },
  (values) =>
    (values["tls-cert"] === undefined) === (values["tls-key"] === undefined)
      ? []
      : ["--tls-cert and --tls-key: give both, or none"],
);

/** The party that goes on, or a new one. */
async function folderOf(
  host: Host,
  options: PartyOptions,
): Promise<{ readonly folder: PartyFolder; readonly isNew: boolean }> {
  const path = options.dir ?? nextFolder();
  if (!exists(path)) {
    if (options.end) throw new UserError(`--end: there is no party in ${path}. Name its folder with --dir`);
    const { plan, list, pages } = await wishedParty(host, options);
    const folder = PartyFolder.make(path, plan, list, host.clock.wallMs(), pages);
    const { packets, budgetFen } = new PartyTickets(plan);
    host.err(`${path}: ${formatCount(packets)} packets, ${formatYuan(budgetFen)} in all\n`);
    return { folder, isNew: true };
  }
  const folder = PartyFolder.open(path);
  const given = makingFlags(options);
  if (given.length > 0) {
    throw new UserError(
      `${given.join(" and ")}: the party in ${path} has begun and goes on as it is. ` +
        "Leave these out, or name another folder with --dir",
    );
  }
  if (folder.party.endedAt !== undefined && !options.end) {
    throw new UserError(`--dir ${path}: this party is over; its winners are in ${path}/winners.csv`);
  }
  return { folder, isNew: false };
}

async function run(host: Host, folder: PartyFolder, options: PartyOptions): Promise<number> {
  const { code, list, plan } = folder.party;
  const guests = new Guests({ path: folder.guests, code, list, most: plan.guests });
  try {
    if (options.end) return result(host, options, endParty(folder, guests, host.clock));
    const running = await RunningParty.start(host, folder, guests, doorSettings(folder, options));
    const end = await running.toItsEnd();
    if (end !== undefined) result(host, options, end);
    await running.close();
    if (end !== undefined) return end.problems.length === 0 ? ExitCode.ok : ExitCode.failed;
    host.err(
      `\nThe evening isn't over. It goes on with:  redpkt party --dir ${folder.path}\n` +
        `It is ended with:  redpkt party --dir ${folder.path} --end\n`,
    );
    return ExitCode.interrupted;
  } finally {
    guests.close();
  }
}

function result(host: Host, { json }: PartyOptions, end: PartyEnd): number {
  writeResult(host, json, end, () => endText(end));
  return end.problems.length === 0 ? ExitCode.ok : ExitCode.failed;
}
