import { z } from "zod";
import { formatCount, formatYuan } from "../../base/units.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { flag, type Flags, type FlagValues, listFlag, switchFlag, wholeNumber } from "../../cli/flags.ts";
import { commandOf, noSuchAction } from "../../cli/command/command.ts";
import type { Host } from "../../cli/host.ts";
import { JSON_FLAG, writeResult } from "../../cli/json_output.ts";
import { Stages } from "../../cli/progress.ts";
import { booksPlace, makeBooks } from "../open/open_books.ts";
import { BOOKS_FLAG, HOST_FLAG } from "./books_flags.ts";
import { checkBooks } from "./check.ts";
import { fillBooks } from "./fill.ts";
import { hold, HOLD_FLAGS, journal, release, revoke } from "./hold_actions.ts";
import { statusOf, statusText } from "./status.ts";
import { reaching, withBooks } from "./with_books.ts";

const packets = wholeNumber(0, 1_000).transform((count) => count || Infinity).optional();

const FLAGS = {
  books: BOOKS_FLAG,
  event: flag(
    "NAME",
    "init: the event's name, the first part of every payment's key",
    z.string().min(1).max(100).optional(),
  ),
  "packets-per-user": flag("N", "init: most packets that one user is paid, 0 for no limit [3]", packets),
  "packets-per-sponsor": flag("N", "init: the same of one sponsor [1]", packets),
  roles: switchFlag("init: in PostgreSQL, makes the roles of docs/books.md too"),
  ledger: listFlag("DIR", "check: a ledger to compare with, may be repeated; fill: the ledger to carry"),
  name: flag(
    "NAME",
    "fill: the host's name, if the books don't know it yet",
    z.string().min(1).max(100).optional(),
  ),
  host: HOST_FLAG,
  ...HOLD_FLAGS,
  undo: switchFlag("retire: the host comes back"),
  json: JSON_FLAG,
} satisfies Flags;

type Options = FlagValues<typeof FLAGS>;
type Run = (host: Host, options: Options) => Promise<number>;

const ACTIONS: Readonly<Record<string, { readonly does: string; readonly run: Run }>> = {
  init: { does: "makes books, or brings those of an older redpkt up to date", run: init },
  status: {
    does: "which hosts there are, how far the books know them, and what waits to be settled",
    run: status,
  },
  check: {
    does: "proves the books, and compares them with ledgers; exit code 1 if something is wrong",
    run: check,
  },
  fill: { does: "carries the ledger of a host that no server uses", run: fill },
  retire: { does: "settlement waits for a host no longer", run: retire },
  hold: { does: "stops the payments of users or packets until they are released", run: hold },
  release: { does: "ends a hold", run: release },
  revoke: { does: "takes packets back that nobody has been paid for", run: revoke },
  journal: { does: "who was held, released and revoked, and why", run: journal },
};

/** `redpkt books`: what many hosts have awarded, in one place. */
export const command = commandOf({
  name: "books",
  about: "Keeps the books of an event: what all hosts have awarded, in one place, to be settled and paid.",
  takes: "ACTION",
  words: Object.fromEntries(Object.entries(ACTIONS).map(([name, { does }]) => [name, does])),
  flags: FLAGS,
  examples: [
    { line: "redpkt books init --event gala", shows: "books in the file books.db" },
    {
      line: "redpkt books status --books postgres://reader@db/books",
      shows: "how far the books know each host",
    },
    {
      line: "redpkt books fill --ledger data",
      shows: "brings the ledger of a server that ran without books",
    },
  ],
}, async (host, values, [action, ...rest]) => {
  const names = Object.keys(ACTIONS);
  if (action === undefined || rest.length > 0) {
    throw new UserError(
      `give one of ${names.join(", ")}, such as redpkt books status --books ${booksPlace(values.books)}`,
    );
  }
  if (!Object.hasOwn(ACTIONS, action)) {
    throw noSuchAction(action, names);
  }
  return await ACTIONS[action].run(host, values);
});

async function init(host: Host, options: Options): Promise<number> {
  const { books: url, event, roles, json } = options;
  const wanted = {
    event,
    packetsPerUser: options["packets-per-user"],
    packetsPerSponsor: options["packets-per-sponsor"],
  };
  const made = await reaching(() => makeBooks(url, wanted, { roles }));
  const result = { books: booksPlace(url), ...made.event, isNew: made.isNew, migrated: made.migrated };
  const what = made.isNew
    ? "made"
    : made.migrated.length > 0
    ? "brought up to date"
    : "there already, nothing changed";
  writeResult(host, json, result, () => `${booksPlace(url)}: books of event ${made.event.event}: ${what}\n`);
  return ExitCode.ok;
}

async function status(host: Host, { books: url, json }: Options): Promise<number> {
  return await withBooks(url, async (books) => {
    const status = await statusOf(books, host.clock);
    writeResult(host, json, status, () => statusText(status));
    return ExitCode.ok;
  });
}

async function check(host: Host, { books: url, ledger, json }: Options): Promise<number> {
  return await withBooks(url, async ({ intake, place }) => {
    const stages = new Stages(host);
    const checked = await checkBooks(intake, ledger, stages.on);
    stages.end();
    writeResult(host, json, checked, () => {
      const { hosts, problems } = checked;
      const rows = hosts.reduce((sum, { rows }) => sum + rows, 0);
      const compared = hosts.filter(({ comparedWith }) => comparedWith !== null).length;
      const sums = hosts.map(({ host, rows, mintedFen, awardedFen, openedFen, returnedFen }) =>
        `  host ${host}: ${formatCount(rows)} rows; ${formatYuan(mintedFen)} made, ${
          formatYuan(awardedFen)
        } awarded, ` +
        `${formatYuan(openedFen)} opened, ${formatYuan(returnedFen)} went back\n`
      ).join("");
      const verdict = problems.length > 0
        ? problems.map((problem) => `WRONG  ${problem}\n`).join("")
        : `ok: ${place}: ${
          formatCount(rows)
        } rows of ${hosts.length} hosts, ${compared} compared with their ledgers\n`;
      return sums + verdict;
    });
    return checked.problems.length === 0 ? ExitCode.ok : ExitCode.failed;
  });
}

async function fill(host: Host, { books: url, ledger, name, json }: Options): Promise<number> {
  if (ledger.length !== 1) {
    throw new UserError("--ledger: give the one ledger to carry: redpkt books fill --ledger DIR");
  }
  return await withBooks(url, async ({ intake, place }) => {
    const stages = new Stages(host);
    const filled = await fillBooks(intake, ledger[0], name, host.clock, stages.on);
    stages.end();
    const { host: number, rows, ledger: id, place: { seq, headHex } } = filled;
    writeResult(
      host,
      json,
      { books: place, host: number, ledger: id, rows, seq, head: headHex },
      () =>
        `${place}: ${formatCount(rows)} rows carried; the books have all ${
          formatCount(seq)
        } rows of host ${number}\n`,
    );
    return ExitCode.ok;
  });
}

async function retire(host: Host, { books: url, host: number, undo, json }: Options): Promise<number> {
  if (number === undefined) throw new UserError("--host: is missing: redpkt books retire --host N");
  return await withBooks(url, async ({ intake, place }) => {
    if (!await intake.retire(number, !undo)) {
      throw new UserError(`--host ${number}: the books don't know this host`);
    }
    const words = undo ? "settlement waits for it again" : "settlement waits for it no longer";
    writeResult(
      host,
      json,
      { books: place, host: number, isRetired: !undo },
      () => `host ${number}: ${words}\n`,
    );
    return ExitCode.ok;
  });
}
