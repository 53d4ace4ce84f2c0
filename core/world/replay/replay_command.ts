import { z } from "zod";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { withSettings } from "../../cli/config_file.ts";
import {
  flag,
  type Flags,
  helpText,
  listFlag,
  parseFlags,
  switchFlag,
  wholeNumber,
} from "../../cli/flags.ts";
import type { Host } from "../../cli/host.ts";
import { JSON_FLAG } from "../../cli/json_output.ts";
import { didYouMean } from "../../base/did_you_mean.ts";
import { parsePlan, readPlan } from "../../seed/plan/plan.ts";
import type { Plan } from "../../seed/plan/plan_schema.ts";
import { replay } from "./replay.ts";

const MAX_SHAKES = 1_000_000_000_000;
/** Of all shakes of the 2015 event, those of its busiest second. */
const PEAK_PART = 14e6 / 10e9;

const REPLAY_FLAGS = {
  replay: switchFlag("plays an event's whole volume: every shake and packet, without a network"),
  plan: flag("NAME|FILE", "the plan of the money", z.string().default("gala_2015")),
  hosts: flag("N", "plays the first N of the plan's hosts, 0 for all", wholeNumber(0, 10_000).default(0)),
  shakes: flag(
    "N",
    "shakes of all hosts of the plan together",
    wholeNumber(1, MAX_SHAKES).default(10_000_000_000),
  ),
  peak: flag(
    "N",
    "shakes a second at the most, 0 for 14,000,000 of ten billion",
    wholeNumber(0, 1_000_000_000).default(0),
  ),
  users: flag("N", "users of all hosts of the plan", wholeNumber(1, 4_000_000_000).default(120_000_000)),
  seats: flag(
    "N",
    "connections of a host, on which its users take turns",
    wholeNumber(1, 1e6).default(500),
  ),
  capacity: flag("N", "shakes a second that a host reads at most", wholeNumber(1, 1e8).default(60_000)),
  set: listFlag("PLUGIN.KEY=VALUE", "sets one value of a plugin's config; may be repeated"),
  seed: flag(
    "N",
    "everything happens again alike with the same",
    wholeNumber(0, 0xffff_ffff).default(1),
  ),
  threads: flag("N", "threads, 0 for as many as there are cores", wholeNumber(0, 256).default(0)),
  json: JSON_FLAG,
} satisfies Flags;

/** What `redpkt world --replay` is, with its flags. */
export function replayHelp(): string {
  const about =
    "Plays an event's whole volume in virtual time, through the code of its hosts, and checks every sum.\n" +
    "Exit code: 0 all exact, 1 something is off.";
  return helpText("redpkt world --replay [FLAGS]", about, REPLAY_FLAGS);
}

/** `redpkt world --replay`. */
export async function runReplay(host: Host, args: readonly string[]): Promise<number> {
  const { values, operands, wantsHelp } = parseFlags(args, REPLAY_FLAGS);
  if (wantsHelp) {
    host.out(replayHelp());
    return ExitCode.ok;
  }
  if (operands.length > 0) throw new UserError(`${operands.join(" ")}: redpkt world takes flags only`);
  const { shakes, hosts, peak, users, seats, capacity, seed, threads } = values;
  return await replay(host, {
    ...{ shakes, hosts, users, seats, seed, threads },
    plan: await planOf(host, values.plan),
    peakPerS: peak || Math.max(1, Math.round(shakes * PEAK_PART)),
    capacityPerS: capacity,
    configs: withSettings({}, values.set),
    isJson: values.json,
  });
}

/** A plan that comes with the program by its name, any other by its path. */
async function planOf({ program: { plans = {} } }: Host, source: string): Promise<Plan> {
  if (Object.hasOwn(plans, source)) return parsePlan((await plans[source]()).default, source);
  if (/[./\\]/.test(source)) return (await readPlan(source)).plan;
  const names = Object.keys(plans);
  throw new UserError(
    `--plan ${source}: no plan has this name.${didYouMean(source, names)} There are ${names.join(", ")}; ` +
      "one of your own is given by its path, such as ./plan.json",
  );
}
