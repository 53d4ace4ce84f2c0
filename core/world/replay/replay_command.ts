import { z } from "zod";
import { UserError } from "../../base/user_error.ts";
import { withSettings } from "../../cli/config_file.ts";
import { flag, type Flags, type FlagValues, listFlag, wholeNumber } from "../../cli/flags.ts";
import { commandOf } from "../../cli/command/command.ts";
import type { Host } from "../../cli/host.ts";
import { JSON_FLAG } from "../../cli/json_output.ts";
import { didYouMean } from "../../base/did_you_mean.ts";
import { parsePlan, readPlan } from "../../seed/plan/plan.ts";
import type { Plan } from "../../seed/plan/plan_schema.ts";
import { replay, type ReplayWish } from "./replay.ts";

const MAX_SHAKES = 1_000_000_000_000;
/** Of all shakes of the 2015 event, those of its busiest second. */
const PEAK_PART = 14e6 / 10e9;

export const REPLAY_FLAGS = {
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

/** `redpkt world --replay`: the whole volume of an event. */
export const replayCommand = commandOf({
  name: "world --replay",
  about:
    "Plays an event's whole volume in virtual time: every shake and packet through the code of its hosts, without\n" +
    "a network, with every sum checked. Exit code: 0 all exact, 1 something is off.",
  flags: REPLAY_FLAGS,
  examples: [
    { line: "redpkt world --replay --shakes 10000000", shows: "a thousandth of the event of 2015" },
    { line: "redpkt world --replay", shows: "ten billion shakes, 600 hosts, 120,000,000 packets" },
  ],
}, async (host, values) => await replay(host, await optionsOf(host, values)));

async function optionsOf(host: Host, values: FlagValues<typeof REPLAY_FLAGS>): Promise<ReplayWish> {
  const { shakes, peak, users, seats, capacity, threads } = values;
  return {
    ...{ shakes, users, seats, threads },
    plan: await planOf(host, values.plan),
    hosts: values.hosts,
    peakPerS: peak || Math.max(1, Math.round(shakes * PEAK_PART)),
    capacityPerS: capacity,
    seed: values.seed,
    configs: withSettings({}, values.set),
    isJson: values.json,
  };
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
