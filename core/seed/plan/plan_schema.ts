import { LAST_TICKET_ID } from "../../base/id_space.ts";
import { z } from "zod";
import { amountsSchema } from "./amounts.ts";
import { curveSchema } from "./curve.ts";

/** Most of what a plan may list. */
const MOST_SPONSORS = 4_096;
const MOST_WAVES = 1_000;
export const MOST_HOSTS = 10_000;

const instant = z.iso.datetime({ offset: true, error: "must be a time such as 2015-02-18T20:10:00+08:00" })
  .transform((text) => Date.parse(text));
const weight = z.number().min(0.001).max(1e6);
const hostId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be a short name in small letters");
const sponsorNumber = z.int().min(1).max(0xffff);

const sponsor = z.strictObject({
  number: sponsorNumber,
  name: z.string().min(1).max(200),
  /** What all its tickets come to, to the fen. */
  budgetFen: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
  amounts: amountsSchema,
  /** Names of the waves that it takes part in; all if absent. */
  waves: z.array(z.string()).min(1).optional(),
  /** What the client shows for a win of theirs: a number that the sponsor and the app have agreed on. */
  resource: z.int().min(0).max(0xffff_ffff).optional(),
});

const wave = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be a short name in small letters"),
  start: instant,
  lengthS: z.int().min(1).max(86_400),
  /** Its part of each sponsor's tickets, relative to the other waves. */
  share: weight.default(1),
  curve: curveSchema.default({ kind: "flat" }),
  /** What becomes of tickets that nobody has won at its end: they can still be won, or go back to their sponsors. */
  leftover: z.enum(["stay", "return"]).default("stay"),
  /** What the client shows for it; that of the first sponsor who greets in it if absent. */
  resource: z.int().min(0).max(0xffff_ffff).optional(),
});

const greeting = z.strictObject({
  sponsor: sponsorNumber,
  /** What the client shows: a number that the sponsor and the app have agreed on. */
  resource: z.int().min(0).max(0xffff_ffff),
  /** Greetings a second and in all, of all hosts together. */
  ratePerS: z.int().min(1).max(100_000_000),
  limit: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
});

const hosts = z.union([
  /** host-000, host-001 and so on, all alike. */
  z.strictObject({ count: z.int().min(1).max(MOST_HOSTS) }),
  z.array(z.strictObject({ id: hostId, weight: weight.default(1) })).min(1).max(MOST_HOSTS),
], { error: "must be { count } or a list of { id, weight }" });

const limits = z.strictObject({
  /** Most tickets a second of all hosts together. */
  ratePerS: z.number().positive().optional(),
  /** Most packets of one user, in all and of one sponsor. */
  packetsPerUser: z.int().min(1).max(1_000).default(3),
  packetsPerSponsor: z.int().min(1).max(1_000).default(1),
});

/** The parts of a plan, by name. */
export const planFields = {
  name: z.string().min(1).max(200),
  /** The first ticket's id. Tickets of a later event begin past those of this one. */
  firstId: z.int().min(1).max(LAST_TICKET_ID).default(1),
  /** So many ids past the last ticket's are set aside for tickets that are made anew after a host was lost. */
  reserve: z.int().min(0).max(LAST_TICKET_ID).default(0),
  /** No server uses the tickets from then on. */
  expires: instant,
  sponsors: z.array(sponsor).min(1).max(MOST_SPONSORS),
  waves: z.array(wave).min(1).max(MOST_WAVES),
  hosts,
  greetings: z.array(greeting).max(1_000).default([]),
  limits: limits.prefault({}),
};

export const planSchema = z.strictObject(planFields);

/** Who pays how much, when it is released and where; checked, with times in ms. */
export type Plan = z.output<typeof planSchema>;
/** The same as it is written. */
export type PlanInput = z.input<typeof planSchema>;
export type PlanSponsor = Plan["sponsors"][number];
export type PlanWave = Plan["waves"][number];
export type PlanGreeting = Plan["greetings"][number];

/** The hosts of a plan, with their weights. */
export function hostsOf(
  { hosts }: Pick<Plan, "hosts">,
): readonly { readonly id: string; readonly weight: number }[] {
  if (Array.isArray(hosts)) return hosts;
  const { count } = hosts as { count: number };
  const digits = Math.max(3, String(count - 1).length);
  return Array.from(
    { length: count },
    (_, i) => ({ id: `host-${String(i).padStart(digits, "0")}`, weight: 1 }),
  );
}
