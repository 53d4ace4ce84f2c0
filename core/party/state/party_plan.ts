import { z } from "zod";
import { Layout } from "../../seed/plan/layout.ts";
import { parsePlan } from "../../seed/plan/plan.ts";
import type { Plan, PlanInput } from "../../seed/plan/plan_schema.ts";
import { UserError } from "../../base/user_error.ts";
import { REST_RESOURCE } from "../../phone/resources/resource_list.ts";

const DAY_MS = 86_400_000;
const FEN_A_YUAN = 100;
/** A packet holds at least this part of the mean of its sponsor's, and at most as much above it. */
const LEAST_PART = 0.2;
/** When the waves of the tickets are, before they are called: any time, with room between them. */
const FIRST_DAY_MS = Date.UTC(2035, 0, 1);

/** Of each sponsor. */
const GREETINGS_PER_S = 2;

export const MOST_WAVES = 50;
export const MOST_PACKETS = 100_000;
export const MOST_BUDGET_YUAN = 1_000_000;
export const MOST_NAME_LENGTH = 60;

const text = z.string().trim().min(1).max(MOST_NAME_LENGTH)
  .refine((name) => !/\p{C}/u.test(name), "must be one line of plain text");
const yuan = z.number().min(0.01).max(MOST_BUDGET_YUAN)
  .refine(
    (value) => Math.abs(value * FEN_A_YUAN - Math.round(value * FEN_A_YUAN)) < 1e-6,
    "must be whole fen",
  );

const sponsor = z.strictObject({
  name: text,
  budgetYuan: yuan,
  packets: z.int().min(1).max(MOST_PACKETS),
});

const wave = z.strictObject({
  /** When it begins; left out for one that the host starts by hand. */
  start: z.iso.datetime({ offset: true, error: "must be a time such as 2035-02-07T20:10:00+08:00" })
    .exactOptional(),
  seconds: z.int().min(5).max(3_600).default(60),
});

/** What a host wants of a party, as `--plan FILE` has it. */
export const partyPlanSchema = z.strictObject({
  name: text,
  sponsors: z.array(sponsor).min(1).max(100),
  waves: z.array(wave).min(1).max(MOST_WAVES),
  /** Of the list of winners. */
  language: z.enum(["en", "zh"]).default("en"),
  /** Most packets of one guest. */
  perGuest: z.int().min(1).max(1_000).default(3),
  /** Most guests. */
  guests: z.int().min(1).max(5_000).default(500),
});

export type PartyPlan = z.output<typeof partyPlanSchema>;
export type PartyPlanInput = z.input<typeof partyPlanSchema>;

/** The parts of a party that flags and questions give. */
export interface PartyWishes {
  readonly name: string;
  readonly sponsors: readonly string[];
  readonly budgetYuan: number;
  readonly packets: number;
  readonly waves: number;
  readonly waveSeconds: number;
  readonly perGuest: number;
  readonly guests: number;
  readonly language: PartyPlan["language"];
}

/** A plan of equal sponsors and equal waves, to the fen and the packet. */
export function equalPlan(wishes: PartyWishes): PartyPlanInput {
  const { sponsors, waves, waveSeconds, perGuest, guests, language } = wishes;
  const count = sponsors.length;
  const budgetFen = Math.round(wishes.budgetYuan * FEN_A_YUAN);
  const part = (whole: number, at: number) => Math.floor(whole / count) + (at < whole % count ? 1 : 0);
  return {
    name: wishes.name,
    sponsors: sponsors.map((name, at) => ({
      name,
      budgetYuan: part(budgetFen, at) / FEN_A_YUAN,
      packets: part(wishes.packets, at),
    })),
    waves: Array.from({ length: waves }, () => ({ seconds: waveSeconds })),
    perGuest,
    guests,
    language,
  };
}

/**
 * Checks a party's plan.
 *
 * @param place where it comes from, for messages
 * @throws UserError that lists everything that is wrong with it
 */
export function readPartyPlan(json: unknown, place: string): PartyPlan {
  const { data, error } = partyPlanSchema.safeParse(json);
  const problems = (error?.issues ?? []).map(({ path, message }) =>
    `${place}: ${path.length === 0 ? "" : `${path.join(".")}: `}${message}`
  );
  for (const { name, budgetYuan, packets } of data?.sponsors ?? []) {
    if (Math.round(budgetYuan * FEN_A_YUAN) >= packets) continue;
    problems.push(`${place}: ${name}: ${budgetYuan} yuan can't fill ${packets} packets with a fen each`);
  }
  const starts = (data?.waves ?? []).flatMap(({ start }) => start === undefined ? [] : [Date.parse(start)]);
  if (starts.some((start, i) => i > 0 && start <= starts[i - 1])) {
    problems.push(`${place}: waves: each must start after the one before`);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return data!;
}

/** The name of a wave in seeds, by its place from 0 on. */
export function waveName(at: number): string {
  return `wave-${at + 1}`;
}

/** The plan of the tickets that a party's plan comes to. */
export function ticketPlan({ name, sponsors, waves, perGuest }: PartyPlan): PlanInput {
  const at = (day: number) => new Date(FIRST_DAY_MS + day * DAY_MS).toISOString();
  return {
    name,
    expires: at(waves.length + 30),
    sponsors: sponsors.map((sponsor, i) => {
      const budgetFen = Math.round(sponsor.budgetYuan * FEN_A_YUAN);
      return {
        number: i + 1,
        name: sponsor.name,
        budgetFen,
        amounts: amountsFor(budgetFen, sponsor.packets),
      };
    }),
    // What nobody wins in its wave goes back: a wave that is over is over for everybody.
    waves: waves.map(({ seconds }, i) => ({
      name: waveName(i),
      start: at(i),
      lengthS: seconds,
      leftover: "return" as const,
      resource: REST_RESOURCE,
    })),
    hosts: { count: 1 },
    // Who wins nothing is greeted now and then, by each sponsor in turn.
    greetings: sponsors.map((_, i) => ({
      sponsor: i + 1,
      resource: i + 1,
      ratePerS: GREETINGS_PER_S,
      limit: waves.reduce((sum, { seconds }) => sum + seconds, 0) * GREETINGS_PER_S,
    })),
    limits: { packetsPerUser: perGuest, packetsPerSponsor: perGuest },
  };
}

/** Amounts around the mean; small means make the number of packets come out a little off. */
function amountsFor(budgetFen: number, packets: number): PlanInput["sponsors"][number]["amounts"] {
  if (budgetFen === packets || packets === 1) {
    return { kind: "fixed", amountFen: Math.floor(budgetFen / packets) };
  }
  const twiceMeanFen = Math.round(2 * budgetFen / packets);
  const minFen = Math.max(1, Math.round(budgetFen / packets * LEAST_PART));
  return { kind: "uniform", minFen, maxFen: Math.max(minFen, twiceMeanFen - minFen) };
}

/** A party's tickets as they lie in its seed file: which are of which wave and sponsor. */
export class PartyTickets {
  readonly packets: number;
  readonly budgetFen: number;
  readonly #groups: readonly {
    readonly wave: number;
    readonly sponsor: number;
    readonly firstId: number;
    readonly count: number;
    readonly amountFen: number;
  }[];

  constructor(plan: PartyPlan) {
    const seeds: Plan = parsePlan(ticketPlan(plan), "party");
    this.#groups = new Layout(seeds).groupsOf(0);
    this.packets = this.#groups.reduce((sum, { count }) => sum + count, 0);
    this.budgetFen = this.#groups.reduce((sum, { amountFen }) => sum + amountFen, 0);
  }

  /** The wave of a packet, counted from 0; -1 for one that isn't of this party. */
  waveOf(packetId: number): number {
    return this.#groups.find(({ firstId, count }) => packetId >= firstId && packetId < firstId + count)
      ?.wave ?? -1;
  }

  /** Packets and money of the waves from one on, counted from 0. */
  from(wave: number): { readonly packets: number; readonly amountFen: number } {
    const groups = this.#groups.filter((group) => group.wave >= wave);
    return {
      packets: groups.reduce((sum, { count }) => sum + count, 0),
      amountFen: groups.reduce((sum, { amountFen }) => sum + amountFen, 0),
    };
  }
}
