import { flag, type Flags, type FlagValues, wholeNumber } from "../cli/flags.ts";
import { commandOf, commandOfActions } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { Progress } from "../cli/progress.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { Random, systemSeed } from "../base/random.ts";
import { z } from "zod";
import { depotCommand } from "./depot/depot_command.ts";
import { pushCommand } from "./depot/push_command.ts";
import { reissueCommand } from "./reissue/reissue_command.ts";
import { claimCommand } from "./claim_command.ts";
import { inspect, inspectionText } from "./file/inspect.ts";
import { keyCommand, KEYS_FLAG } from "./key_command.ts";
import { KeyFolder } from "./file/keys.ts";
import { Layout } from "./plan/layout.ts";
import { makeHostFile } from "./make/make.ts";
import { drawPlan } from "./plan/picture.ts";
import { readPlan } from "./plan/plan.ts";
import { SeedFile } from "./file/seed_file.ts";
import { drawSetId } from "./make/set_id.ts";
import { seedFilesIn, type SetReport, verifySet } from "./file/verify_set.ts";

const MAKE_FLAGS = {
  out: flag("DIR", "folder for the files, one a host", z.string().default("seeds")),
  keys: KEYS_FLAG,
  "random-seed": flag(
    "N",
    "makes the same tickets from the same plan again; 0 for others each time",
    wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
  ),
  json: JSON_FLAG,
} satisfies Flags;

const DRAW_FLAGS = {
  out: flag("FILE", "where the picture goes", z.string().default("plan.svg")),
  json: JSON_FLAG,
} satisfies Flags;
const READ_FLAGS = { keys: KEYS_FLAG, json: JSON_FLAG } satisfies Flags;

const makeCommand = commandOf({
  name: "seed make",
  about: "Makes a plan's tickets: a signed file for each host, and a picture.",
  takes: "PLAN.json",
  flags: MAKE_FLAGS,
  examples: [{ line: "redpkt seed make plan.json", shows: "a signed file for each host, in seeds/" }],
}, (host, values, operands) => make(host, one(operands, "a plan, such as plan.json"), values));

const drawCommand = commandOf({
  name: "seed draw",
  about: "Draws what a plan releases over time, by sponsor.",
  takes: "PLAN.json",
  flags: DRAW_FLAGS,
  examples: [{ line: "redpkt seed draw plan.json --out plan.svg", shows: "a picture of the evening" }],
}, async (host, values, operands) => {
  const { plan } = await readPlan(one(operands, "a plan, such as plan.json"));
  writeText(values.out, drawPlan(plan));
  writeResult(host, values.json, { file: values.out }, () => `${values.out}\n`);
  return ExitCode.ok;
});

const inspectCommand = commandOf(
  {
    name: "seed inspect",
    about: "Reads one file, every ticket of it: totals by sponsor, wave and amount, signature, range.",
    takes: "FILE",
    flags: READ_FLAGS,
    examples: [{ line: "redpkt seed inspect seeds/host-000.seed", shows: "what a host is to give away" }],
  },
  (host, values, operands) => inspectFile(host, one(operands, "a file, such as seeds/host-000.seed"), values),
);

const verifyCommand = commandOf(
  {
    name: "seed verify",
    about: "Reads a whole set: nothing missing, nothing twice, sums equal to the plan.",
    takes: "DIR",
    flags: READ_FLAGS,
    examples: [{
      line: "redpkt seed verify seeds",
      shows: "proves the set; exit code 1 if something is wrong",
    }],
  },
  (host, values, operands) =>
    verify(host, one(operands, "a folder, such as seeds/").replace(/(?<=.)\/+$/, ""), values),
);

/** `redpkt seed`: the money, made in advance. */
export const command = commandOfActions({
  name: "seed",
  about: "Makes and audits the money: tickets in seed files.",
  examples: [{ line: "redpkt seed make --help", shows: "the flags of one action" }],
}, {
  make: makeCommand,
  draw: drawCommand,
  inspect: inspectCommand,
  verify: verifyCommand,
  claim: claimCommand,
  push: pushCommand,
  depot: depotCommand,
  reissue: reissueCommand,
  key: keyCommand("seed key", "seed files"),
});

function one(operands: readonly string[], wanted: string): string {
  if (operands.length !== 1) throw new UserError(`give ${wanted}`);
  return operands[0];
}

async function make(host: Host, path: string, options: FlagValues<typeof MAKE_FLAGS>): Promise<number> {
  const { plan, json } = await readPlan(path);
  const key = new KeyFolder(options.keys).signing();
  if (key === undefined) {
    throw new UserError(
      `--keys ${options.keys}: there is no key to sign with. Make one: redpkt seed key new`,
    );
  }
  if (host.clock.wallMs() >= plan.expires) throw new UserError(`${path}: expires: is over already`);
  const layout = new Layout(plan);
  const randomSeed = options["random-seed"] || systemSeed();
  const random = new Random(randomSeed);
  const set = drawSetId(random);
  const madeAt = new Date(host.clock.wallMs()).toISOString();
  const parts = { plan, planJson: json, layout, set, madeAt, key };
  const paths = layout.hosts.map(({ id }) => `${options.out}/${id}.seed`);
  prepareFolder(options.out, paths);
  const progress = new Progress(host, "tickets");
  paths.forEach((file, i) => {
    writing(
      file,
      () =>
        makeHostFile(parts, i, file, random.fork(), (tickets) => progress.add(tickets, layout.tickets, file)),
    );
  });
  progress.end();
  writeText(`${options.out}/plan.svg`, drawPlan(plan));
  const budgetFen = plan.sponsors.reduce((sum, sponsor) => sum + sponsor.budgetFen, 0);
  const result = { set, randomSeed, tickets: layout.tickets, budgetFen, key: key.id, files: paths };
  writeResult(
    host,
    options.json,
    result,
    () =>
      `${formatCount(layout.tickets)} tickets of ${formatYuan(budgetFen)} for ${formatCount(paths.length)} ` +
      `${paths.length === 1 ? "host" : "hosts"} in ${options.out}, signed by key ${key.id}\n` +
      `set ${set}, random seed ${randomSeed}\n`,
  );
  return ExitCode.ok;
}

/** Files of another set must not lie beside these, and none is overwritten: a server may be using it. */
function prepareFolder(folder: string, paths: readonly string[]): void {
  writing(folder, () => Deno.mkdirSync(folder, { recursive: true }));
  const others = seedFilesIn(folder);
  if (others.length === 0) return;
  const isOurs = paths.includes(`${folder}/${others[0]}`);
  throw new UserError(
    `--out ${folder}: there is ${others[0]} already${
      others.length > 1 ? `, and ${others.length - 1} more` : ""
    }. ` +
      (isOurs ? "Name another folder, or remove it if no server has used it" : "Name another folder"),
  );
}

function inspectFile(host: Host, path: string, { keys, json }: FlagValues<typeof READ_FLAGS>): number {
  const file = new SeedFile(path);
  try {
    const progress = new Progress(host, "tickets");
    const result = inspect(
      file,
      new KeyFolder(keys).trusted(),
      host.clock.wallMs(),
      (tickets) => progress.add(tickets, file.records, path),
    );
    progress.end();
    writeResult(host, json, result, () => inspectionText(result));
    return result.problems.length === 0 ? ExitCode.ok : ExitCode.failed;
  } finally {
    file.close();
  }
}

function verify(host: Host, folder: string, { keys, json }: FlagValues<typeof READ_FLAGS>): number {
  let names: string[];
  try {
    names = seedFilesIn(folder);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such folder" : (error as Error).message;
    throw new UserError(`${folder}: cannot be read: ${why}`);
  }
  if (names.length === 0) throw new UserError(`${folder}: there is no seed file in it`);
  const progress = new Progress(host, "tickets");
  const report = verifySet(
    folder,
    names,
    new KeyFolder(keys).trusted(),
    (name, tickets, all) => progress.add(tickets, all, name),
  );
  progress.end();
  writeResult(host, json, report, () => reportText(report));
  return report.problems.length === 0 ? ExitCode.ok : ExitCode.failed;
}

function reportText({ problems, files, tickets, amountFen, sponsors, greetings }: SetReport): string {
  const rows = sponsors.map((sponsor) =>
    `  ${String(sponsor.number).padStart(5)}  ${formatCount(sponsor.tickets).padStart(13)} tickets  ` +
    `${formatYuan(sponsor.amountFen).padStart(24)}  ${
      sponsor.amountFen === sponsor.budgetFen ? "=" : "of"
    } ` +
    `${
      sponsor.amountFen === sponsor.budgetFen ? "its budget" : formatYuan(sponsor.budgetFen)
    }  ${sponsor.name}\n`
  );
  rows.push(
    ...greetings.map(({ sponsor, resource, limit, planned }) =>
      `  ${String(sponsor).padStart(5)}  ${formatCount(limit).padStart(13)} greetings  ${
        limit === planned ? "= the plan" : `of ${formatCount(planned)}`
      }, resource ${resource}\n`
    ),
  );
  const verdict = problems.length === 0
    ? `PASS  ${formatCount(files)} ${files === 1 ? "file" : "files"}, ${
      formatCount(tickets)
    } tickets, each once, ${formatYuan(amountFen)}: the plan\n`
    : `${problems.map((problem) => `  ${problem}\n`).join("")}FAIL  ${problems.length} ` +
      `${problems.length === 1 ? "problem" : "problems"}\n`;
  return `${rows.join("")}${verdict}`;
}

function writeText(path: string, text: string): void {
  writing(path, () => Deno.writeTextFileSync(path, text));
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof Error) || error.name === "AssertionFailed") throw error;
    throw new UserError(`${path}: cannot be written: ${error.message}`);
  }
}
