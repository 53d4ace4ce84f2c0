import { flag, type Flags, type FlagValues, helpText, parseFlags, wholeNumber } from "../cli/flags.ts";
import { didYouMean } from "../base/did_you_mean.ts";
import type { Command, Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { Progress } from "../cli/progress.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { Random, systemSeed } from "../base/random.ts";
import { z } from "zod";
import { runClaim } from "./claim_command.ts";
import { inspect, inspectionText } from "./file/inspect.ts";
import { KEYS_FLAG, runKey } from "./key_command.ts";
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

interface Action {
  readonly usage: string;
  readonly about: string;
  run(host: Host, args: readonly string[], action: Action): Promise<number> | number;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  make: {
    usage: "redpkt seed make PLAN.json [FLAGS]",
    about: "Makes a plan's tickets: a signed file for each host, and a picture.",
    async run(host, args, action) {
      const { values, operand } = read(host, args, MAKE_FLAGS, action, "a plan, such as plan.json");
      return operand === undefined ? ExitCode.ok : await make(host, operand, values);
    },
  },
  draw: {
    usage: "redpkt seed draw PLAN.json [FLAGS]",
    about: "Draws what a plan releases over time, by sponsor.",
    async run(host, args, action) {
      const { values, operand } = read(host, args, DRAW_FLAGS, action, "a plan, such as plan.json");
      if (operand === undefined) return ExitCode.ok;
      const { plan } = await readPlan(operand);
      writeText(values.out, drawPlan(plan));
      writeResult(host, values.json, { file: values.out }, () => `${values.out}\n`);
      return ExitCode.ok;
    },
  },
  inspect: {
    usage: "redpkt seed inspect FILE [FLAGS]",
    about: "Reads one file, every ticket of it: totals by sponsor, wave and amount, signature, range.",
    run(host, args, action) {
      const { values, operand } = read(host, args, READ_FLAGS, action, "a file, such as seeds/host-000.seed");
      return operand === undefined ? ExitCode.ok : inspectFile(host, operand, values);
    },
  },
  verify: {
    usage: "redpkt seed verify DIR [FLAGS]",
    about: "Reads a whole set: nothing missing, nothing twice, sums equal to the plan.",
    run(host, args, action) {
      const { values, operand } = read(host, args, READ_FLAGS, action, "a folder, such as seeds/");
      return operand === undefined ? ExitCode.ok : verify(host, operand.replace(/(?<=.)\/+$/, ""), values);
    },
  },
  claim: {
    usage: "redpkt seed claim FILE --ledger DIR [FLAGS]",
    about: "Compares a file's claims with the ledger that gives it away, and mends them.",
    run: (host, args) => runClaim(host, args),
  },
  push: {
    usage: "redpkt seed push FILE... --to URL",
    about: "Brings files to a depot, proven by their hashes.",
    run: async (host, args) => await (await import("./depot/push_command.ts")).runPush(host, args),
  },
  depot: {
    usage: "redpkt seed depot [FLAGS]",
    about: "Keeps files for hosts to fetch.",
    run: async (host, args) => await (await import("./depot/depot_command.ts")).runDepot(host, args),
  },
  reissue: {
    usage: "redpkt seed reissue LOST [FLAGS]",
    about: "Makes tickets anew whose host is gone, with its disk.",
    run: async (host, args) => await (await import("./reissue/reissue_command.ts")).runReissue(host, args),
  },
  key: {
    usage: "redpkt seed key ACTION [FLAGS]",
    about: "Makes, replaces and trusts the keys that sign seed files.",
    run: (host, args) => runKey(host, args),
  },
};

/** `redpkt seed`: the money, made in advance. */
export const command: Command = {
  summary: "makes and audits the money: seed files of tickets",
  async run(host, args) {
    const [name, ...rest] = args;
    if (name === undefined || name === "help" || name === "--help" || name === "-h") {
      host.out(overview());
      return name === undefined ? ExitCode.usage : ExitCode.ok;
    }
    if (!Object.hasOwn(ACTIONS, name)) {
      throw new UserError(
        `${name}: no such action.${didYouMean(name, Object.keys(ACTIONS))} See redpkt seed help`,
      );
    }
    return await ACTIONS[name].run(host, rest, ACTIONS[name]);
  },
};

function overview(): string {
  const rows = Object.values(ACTIONS).map(({ usage, about }) => `  ${usage.padEnd(38)}  ${about}`);
  return `Makes and audits the money: tickets in seed files.\n\nUsage: redpkt seed ACTION\n\n${
    rows.join("\n")
  }\n`;
}

/** Flags and the one operand; after a help text there is none. */
function read<F extends Flags>(
  host: Host,
  args: readonly string[],
  flags: F,
  { usage, about }: Action,
  wanted: string,
): { values: FlagValues<F>; operand: string | undefined } {
  const { values, operands, wantsHelp } = parseFlags(args, flags);
  if (wantsHelp) host.out(helpText(usage, about, flags));
  else if (operands.length !== 1) throw new UserError(`give ${wanted}: ${usage}`);
  return { values, operand: wantsHelp ? undefined : operands[0] };
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
