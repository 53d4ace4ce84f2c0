import { z } from "zod";
import { exists } from "../../base/exists.ts";
import { formatCount, formatYuan } from "../../base/units.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import type { Reissue, ReissueOutcome } from "../../books/account/reissues.ts";
import { BOOKS_FLAG } from "../../books/command/books_flags.ts";
import { withBooks } from "../../books/command/with_books.ts";
import type { Books } from "../../books/contract/books.ts";
import { commandOf } from "../../cli/command/command.ts";
import { flag, type Flags, type FlagValues, listFlag } from "../../cli/flags.ts";
import type { Host } from "../../cli/host.ts";
import { JSON_FLAG, writeResult } from "../../cli/json_output.ts";
import { Progress } from "../../cli/progress.ts";
import { KeyFolder, type SigningKey } from "../file/keys.ts";
import { SeedFile } from "../file/seed_file.ts";
import { Layout } from "../plan/layout.ts";
import { findLost } from "./lost_tickets.ts";
import { isSupplement, type SupplementParts, writeSupplement } from "./supplement.ts";

const instant = z.iso.datetime({ offset: true, error: "must be a time such as 2035-02-07T20:13:05+08:00" })
  .transform((text) => Date.parse(text));
const hostId = /^[a-z0-9][a-z0-9-]{0,62}$/;

const FLAGS = {
  books: BOOKS_FLAG,
  fence: flag(
    "TIME",
    "when the lost host was surely off: proof of its power, not a guess",
    instant.optional(),
  ),
  for: listFlag(
    "HOST",
    "host that gives the new tickets away, may be repeated: they are dealt to all of these",
  ),
  started: listFlag("WAVE=TIME", "when a wave began that somebody had moved to an earlier time"),
  reason: flag("TEXT", "why, for those who read it later", z.string().min(1).optional()),
  out: flag("DIR", "folder for the files", z.string().default("seeds")),
  keys: flag("DIR", "folder of keys", z.string().default("keys")),
  json: JSON_FLAG,
} satisfies Flags;

type Options = FlagValues<typeof FLAGS>;

/** `redpkt seed reissue`. */
export const reissueCommand = commandOf({
  name: "seed reissue",
  about:
    "Makes tickets anew whose host is gone, with its disk: those that were due after the fence, with the same\n" +
    "amounts, under ids that the plan has set aside. The books revoke the old ones for ever. Run again with the\n" +
    "same words it writes the same files.",
  takes: "LOST.seed",
  flags: FLAGS,
  examples: [{
    line:
      "redpkt seed reissue seeds/host-007.seed --fence 2035-02-07T20:13:05+08:00 --for host-008 --reason 'fire in rack 7'",
    shows: "the tickets that host-007 can't have given away, for host-008",
  }],
}, async (host, values, operands) => {
  const key = new KeyFolder(values.keys).signing();
  const problems = [
    ...(operands.length === 1 ? [] : [`give the lost host's file, such as seeds/host-007.seed`]),
    ...optionProblems(values, host.clock.wallMs()),
    ...(key === undefined ? [`--keys ${values.keys}: there is no key to sign with`] : []),
  ];
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  using lost = new SeedFile(operands[0]);
  lost.checkSignature(new KeyFolder(values.keys).trusted());
  const { plan } = lost.description;
  if (host.clock.wallMs() >= plan.expires) {
    throw new UserError(`${lost.path}: has expired: no server takes it`);
  }
  const startsMs = startsOf(values.started, lost);
  return await withBooks(values.books, (books) => reissue(host, values, books, lost, startsMs, key!));
});

function optionProblems({ fence, for: hosts, reason }: Options, wallMs: number): string[] {
  const strange = hosts.filter((id, i) => !hostId.test(id) || hosts.indexOf(id) < i);
  return [
    ...(fence === undefined ? ["--fence: is missing: when was the lost host surely off?"] : []),
    ...(fence !== undefined && fence > wallMs
      ? ["--fence: is still to come: give the time at which it died"]
      : []),
    ...(hosts.length === 0 ? ["--for: is missing: which host gives the new tickets away?"] : []),
    ...strange.map((id) => `--for ${id}: must be a host's short name, and another one each time`),
    ...(reason === undefined ? ['--reason: is missing, such as --reason "fire in rack 7"'] : []),
  ];
}

/** When each wave began at the earliest. @throws UserError */
function startsOf(started: readonly string[], { description: { plan } }: SeedFile): number[] {
  const startsMs = plan.waves.map(({ start }) => start);
  const problems: string[] = [];
  for (const text of started) {
    const [name, time = ""] = text.split(/=(.*)/s);
    const wave = plan.waves.findIndex((each) => each.name === name);
    const at = instant.safeParse(time).data;
    if (wave < 0 || at === undefined) {
      problems.push(`--started ${text}: must be a wave of the plan and a time`);
    } else startsMs[wave] = Math.min(startsMs[wave], at);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return startsMs;
}

async function reissue(
  host: Host,
  { fence, for: hosts, reason, out, json }: Options,
  { intake, reissues, place }: Books,
  lost: SeedFile,
  startsMs: readonly number[],
  key: SigningKey,
): Promise<number> {
  const { set, plan } = lost.description;
  const progress = new Progress(host, "tickets");
  const onProgress = (tickets: number) => progress.add(tickets, lost.records, lost.path);
  const options = { lost, startsMs, fenceMs: fence!, files: hosts.length, onProgress };
  const found = findLost(options);
  if (found.tickets === 0) {
    throw new UserError(`${lost.path}: no ticket was due after the fence: nothing is lost`);
  }
  const layout = new Layout(plan);
  const outcome = await reissues.reissue({
    hash: lost.hash,
    set,
    fenceMs: fence!,
    terms: JSON.stringify({ hosts, startsMs }),
    ranges: found.groups.map(({ range }) => range),
    tickets: found.tickets,
    reserve: { firstId: layout.firstIdOf(layout.hosts.length), count: plan.reserve },
    reason: reason!,
    wallMs: Math.floor(host.clock.wallMs()),
  });
  if (outcome.kind !== "done") throw new UserError(refusalOf(outcome, lost.path, found.tickets, place));
  const made = outcome.reissue;
  await intake.retire(made.host, true);
  const files = hosts.map((id, i) => {
    const path = `${out}/${id}-${lost.hash.slice(0, 8)}.seed`;
    write({ ...options, found, reissue: made, planJson: lost.planJson, key }, id, i, path);
    using file = new SeedFile(path);
    return { host: id, file: path, hash: file.hash, tickets: file.records };
  });
  progress.end();
  const fen = found.groups.reduce((sum, { range }) => sum + range.fen, 0);
  const { firstId, tickets } = made;
  const result = {
    lost: lost.hash,
    lostHost: made.host,
    firstId,
    tickets,
    fen,
    isRepeated: outcome.isRepeated,
    files,
  };
  writeResult(host, json, result, () =>
    [
      `${formatCount(tickets)} tickets of host ${made.host}, ${
        formatYuan(fen)
      }, have the ids ${firstId} to ` +
      `${firstId + tickets - 1} now; the old ones are revoked in ${place}`,
      ...files.map(({ file, tickets, host: id }) => `${file}: ${formatCount(tickets)} tickets for ${id}`),
      `settlement waits for host ${made.host} no longer`,
    ].map((line) => `${line}\n`).join(""));
  return ExitCode.ok;
}

/** A file that is there already is this one, or somebody else's. */
function write(parts: SupplementParts, hostId: string, at: number, path: string): void {
  if (exists(path)) {
    using file = new SeedFile(path);
    if (isSupplement(file, parts, hostId)) return;
    throw new UserError(`${path}: is there already, and is another file. Name another folder with --out`);
  }
  try {
    Deno.mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
    writeSupplement(parts, hostId, at, path);
  } catch (error) {
    if (!(error instanceof Error) || error.name === "AssertionFailed" || error instanceof UserError) {
      throw error;
    }
    throw new UserError(
      `${path}: cannot be written: ${error.message}. The books have the reissue: run it again in the same words`,
    );
  }
}

function refusalOf(
  outcome: Exclude<ReissueOutcome, { readonly kind: "done" }>,
  path: string,
  tickets: number,
  place: string,
): string {
  switch (outcome.kind) {
    case "otherTerms":
      return `${path}: its tickets were made anew before, in other words: ${wordsOf(outcome.reissue)}. ` +
        "Run it again in those, or not at all";
    case "unclaimed":
      return `${path}: no ledger in ${place} has claimed it, so nothing was given away: give the file itself to ` +
        "another host, as --host-id the one that it was made for";
    case "alive":
      return `--fence: host ${outcome.host} was heard of at ${new Date(outcome.caughtUpMs).toISOString()}, ` +
        "after the fence: it was not off then";
    case "won":
      return `--fence: packet ${outcome.packetId} was won though it was due after the fence. The fence is too ` +
        "early, or a wave began earlier than planned: say so with --started WAVE=TIME";
    case "noReserve":
      return `${path}: ${tickets} tickets need as many ids, and the plan has ${outcome.left} left in its reserve. ` +
        "Nothing can be made anew: what was not won stays with its sponsors";
  }
}

function wordsOf({ fenceMs, terms, tickets, reason }: Reissue): string {
  const { hosts } = JSON.parse(terms) as { hosts: string[] };
  return `--fence ${new Date(fenceMs).toISOString()}, --for ${
    hosts.join(", ")
  }, ${tickets} tickets: ${reason}`;
}
