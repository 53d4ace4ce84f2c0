import { z } from "zod";
import { UserError } from "../base/user_error.ts";
import type { EventPlan } from "./plan.ts";

/** What `redpkt world --replay --json` writes, as far as a plan is compared with it. */
const replaySchema = z.object({
  schemaVersion: z.literal(1),
  hosts: z.number().positive(),
  hostsOfPlan: z.number().positive(),
  isExact: z.boolean(),
  totals: z.object({ shakes: z.number(), won: z.number(), wonFen: z.number(), logins: z.number() }),
  minutes: z.array(z.object({ shakes: z.number(), won: z.number() })).min(1),
  waves: z.array(z.object({ tickets: z.number(), budgetFen: z.number() })).min(1),
});

/** A number of the plan beside what happened in a replay. */
export interface Compared {
  readonly what: string;
  readonly unit: string;
  readonly planned: number;
  readonly replayed: number;
  /** By how much the replay is off the plan, in per cent. */
  readonly offPercent: number;
}

/** Reads a replay's result and puts it beside the plan. @throws UserError if it is none, or one of something else */
export async function compareWithReplay(plan: EventPlan, path: string): Promise<Compared[]> {
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    throw new UserError(
      `--replay ${path}: cannot be read: ${why}. Write one: redpkt world --replay --json > ${path}`,
    );
  }
  const { data, error } = replaySchema.safeParse(json);
  if (data === undefined) {
    const problems = error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
    throw new UserError(
      `--replay ${path}: is no result of redpkt world --replay --json: ${problems.join("; ")}`,
    );
  }
  if (!data.isExact) throw new UserError(`--replay ${path}: its sums are off, so it says nothing of a plan`);
  if (data.hostsOfPlan !== plan.hosts) {
    throw new UserError(
      `--replay ${path}: was played with ${data.hostsOfPlan} hosts, and this plan has ${plan.hosts}. ` +
        `Give --hosts ${data.hostsOfPlan}`,
    );
  }
  return compared(plan, data);
}

function compared(plan: EventPlan, replay: z.output<typeof replaySchema>): Compared[] {
  const number = (name: string) =>
    plan.groups.flatMap(({ numbers }) => numbers).find((one) => one.name === name)!.value;
  const { hosts, totals, minutes, waves } = replay;
  const most = (column: "shakes" | "won") => Math.max(...minutes.map((minute) => minute[column]));
  const sum = (column: "tickets" | "budgetFen") => waves.reduce((total, wave) => total + wave[column], 0);
  const rows: readonly (readonly [what: string, unit: string, planned: number, replayed: number])[] = [
    ["shakes of a host", "", number("shakesPerHost"), totals.shakes / hosts],
    [
      "shakes of a host in the busiest second",
      "/s",
      number("shakesPerSPerHost"),
      most("shakes") / 60 / hosts,
    ],
    ["packets of a host", "", number("packetsPerHost"), sum("tickets") / hosts],
    ["packets of a host in the busiest second", "/s", number("packetsPerSPerHost"), most("won") / 60 / hosts],
    ["packets that are won", "", number("packetsPerHost"), totals.won / hosts],
    ["money of a packet", "yuan", number("moneyPerPacket"), sum("budgetFen") / 100 / sum("tickets")],
    ["shakes for a packet", "", number("shakesPerPacket"), totals.shakes / totals.won],
  ];
  return rows.map(([what, unit, planned, replayed]) => ({
    ...{ what, unit, planned, replayed },
    offPercent: (replayed - planned) / planned * 100,
  }));
}
