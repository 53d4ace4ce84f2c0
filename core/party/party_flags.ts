import { z } from "zod";
import { httpAddress } from "../admin/http_address.ts";
import { UserError } from "../base/user_error.ts";
import { flag, type Flags, type FlagValues, switchFlag, wholeNumber } from "../cli/flags.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG } from "../cli/json_output.ts";
import { CLAIMS_FLAG } from "../seed/claim/claims_directory.ts";
import { type PartyPages, readPagesFolder } from "./resources/pages_folder.ts";
import { type Invited, parseGuestList } from "./state/guest_list.ts";
import {
  equalPlan,
  MOST_BUDGET_YUAN,
  MOST_NAME_LENGTH,
  MOST_PACKETS,
  MOST_WAVES,
  type PartyPlan,
  readPartyPlan,
} from "./state/party_plan.ts";

/** What a party is that nobody says anything about. */
const DEFAULTS = {
  name: "Red packet evening",
  budget: 500,
  packets: 100,
  waves: 3,
  "wave-seconds": 60,
  "per-guest": 3,
  "most-guests": 500,
} as const;

const money = z.string().regex(/^\d{1,9}(\.\d{1,2})?$/, "must be an amount of yuan such as 500 or 88.88")
  .transform(Number)
  .refine(
    (yuan) => yuan > 0 && yuan <= MOST_BUDGET_YUAN,
    `must be more than 0 and at most ${MOST_BUDGET_YUAN}`,
  );
const names = z.string().transform((text) => text.split(",").map((name) => name.trim()))
  .refine((list) => list.every((name) => name !== ""), "must be names with commas between them");
const times = z.string().regex(
  /^([01]?\d|2[0-3]):[0-5]\d(,([01]?\d|2[0-3]):[0-5]\d)*$/,
  "must be times such as 20:00,20:30",
).transform((text) => text.split(","));

/** The flags of `redpkt party`. */
export const PARTY_FLAGS = {
  dir: flag(
    "DIR",
    "folder of the party; one that is there goes on [party, or the next that isn't over]",
    z.string().min(1).optional(),
  ),
  name: flag("TEXT", `name of the evening [${DEFAULTS.name}]`, z.string().max(MOST_NAME_LENGTH).optional()),
  sponsors: flag("NAMES", "who pays, with commas between [the name of the evening]", names.optional()),
  budget: flag("YUAN", `what is in all packets together [${DEFAULTS.budget}]`, money.optional()),
  packets: flag(
    "N",
    `how many packets, about [${DEFAULTS.packets}]`,
    wholeNumber(1, MOST_PACKETS).optional(),
  ),
  waves: flag("N", `how many waves [${DEFAULTS.waves}]`, wholeNumber(1, MOST_WAVES).optional()),
  "wave-seconds": flag(
    "N",
    `how long a wave is [${DEFAULTS["wave-seconds"]}]`,
    wholeNumber(5, 3_600).optional(),
  ),
  at: flag(
    "TIMES",
    "when the waves begin today, such as 20:00,20:30; without it the host starts each",
    times.optional(),
  ),
  "per-guest": flag(
    "N",
    `most packets of one guest [${DEFAULTS["per-guest"]}]`,
    wholeNumber(1, 1_000).optional(),
  ),
  "most-guests": flag("N", `most guests [${DEFAULTS["most-guests"]}]`, wholeNumber(1, 5_000).optional()),
  guests: flag(
    "FILE",
    "who may come in, NAME or NAME,CODE a line; without it whoever has the code of the party",
    z.string().min(1).optional(),
  ),
  plan: flag("FILE", "the same as JSON, also for sponsors that differ", z.string().min(1).optional()),
  language: flag(
    "en|zh",
    "of the list of winners [the terminal's]",
    z.enum(["en", "zh"]).optional(),
  ),
  pages: flag(
    "DIR",
    "pictures and texts that phones show: Jade Tea.jpg and Jade Tea.txt of a sponsor, rest.jpg and rest.txt",
    z.string().min(1).optional(),
  ),
  listen: flag(
    "HOST:PORT",
    "where phones connect; port 0 for any free one",
    httpAddress("0.0.0.0:8443").optional(),
    "0.0.0.0:8443",
  ),
  url: flag(
    "URL",
    "what phones open, where that isn't this machine's own address",
    z.url({ protocol: /^https?$/, error: "must be an address such as https://party.example.org" }).optional(),
  ),
  tls: flag(
    "on|off",
    "off: plain HTTP, on which phones don't feel shakes",
    z.enum(["on", "off"]).optional(),
    "on",
  ),
  "tls-cert": flag("FILE", "certificate, PEM [one that is made for the party]", z.string().optional()),
  "tls-key": flag("FILE", "its key, PEM", z.string().optional()),
  "countdown-seconds": flag(
    "N",
    "countdown before a wave that the host starts",
    wholeNumber(0, 60).optional(),
    "5",
  ),
  end: switchFlag("ends a party whose program has been stopped, and writes the list of winners"),
  claims: CLAIMS_FLAG,
  json: JSON_FLAG,
} satisfies Flags;

export type PartyOptions = FlagValues<typeof PARTY_FLAGS>;

/** Flags that say what a party is: one that goes on knows already. */
const MAKING = [
  "name",
  "sponsors",
  "budget",
  "packets",
  "waves",
  "wave-seconds",
  "at",
  "per-guest",
  "most-guests",
  "guests",
  "plan",
  "language",
  "pages",
] as const satisfies readonly (keyof PartyOptions)[];

/** Those of them that are given. */
export function makingFlags(options: PartyOptions): string[] {
  return MAKING.filter((name) => options[name] !== undefined).map((name) => `--${name}`);
}

/** What a new party is made of. */
export interface WishedParty {
  readonly plan: PartyPlan;
  readonly list: Invited[] | undefined;
  readonly pages: PartyPages | undefined;
}

/** A new party as flags, a file or answers on the terminal say. @throws UserError that lists what is wrong */
export async function wishedParty(
  host: Host,
  options: PartyOptions,
): Promise<WishedParty> {
  const { plan, list } = await wishedPlan(host, options);
  const names = plan.sponsors.map(({ name }) => name);
  return {
    plan,
    list,
    pages: options.pages === undefined ? undefined : readPagesFolder(options.pages, names),
  };
}

async function wishedPlan(host: Host, options: PartyOptions): Promise<Omit<WishedParty, "pages">> {
  const list = options.guests === undefined
    ? undefined
    : parseGuestList(await readText(options.guests, "--guests"), options.guests);
  if (options.plan !== undefined) {
    const others = makingFlags(options).filter((name) => !["--plan", "--guests", "--pages"].includes(name));
    if (others.length > 0) {
      throw new UserError(`--plan ${options.plan}: says what ${others.join(" and ")} would. Leave these out`);
    }
    let json: unknown;
    try {
      json = JSON.parse(await readText(options.plan, "--plan"));
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`${options.plan}: is no JSON: ${(error as Error).message}`);
    }
    return { plan: readPartyPlan(json, options.plan), list };
  }
  // Who gives flags knows what they want: the rest has its defaults.
  const answers = makingFlags(options).length > 0 || host.ask === undefined ? {} : ask(host.ask);
  const of = <Name extends keyof typeof DEFAULTS>(name: Name) =>
    options[name] ?? answers[name] ?? DEFAULTS[name];
  const plan = equalPlan({
    name: of("name"),
    sponsors: options.sponsors ?? answers.sponsors ?? [of("name")],
    budgetYuan: of("budget"),
    packets: of("packets"),
    waves: options.at?.length ?? of("waves"),
    waveSeconds: of("wave-seconds"),
    perGuest: of("per-guest"),
    guests: of("most-guests"),
    language: options.language ?? languageOf(host),
  });
  const starts = options.at === undefined ? [] : todayAt(options.at, host.clock.wallMs());
  starts.forEach((start, i) => plan.waves[i].start = start);
  if (options.at !== undefined && options.waves !== undefined && options.waves !== options.at.length) {
    throw new UserError(`--waves ${options.waves}: --at has ${options.at.length} times. Leave --waves out`);
  }
  return { plan: readPartyPlan(plan, "party"), list };
}

/** The language of the host's terminal. */
function languageOf({ env }: Host): PartyPlan["language"] {
  const locale = env("LC_ALL") || env("LC_MESSAGES") || env("LANG") || "";
  return /^zh/i.test(locale) ? "zh" : "en";
}

type Wishes = Pick<PartyOptions, keyof typeof DEFAULTS | "sponsors">;

/** Asks for what a host is likely to choose; an empty answer takes what is proposed, a wrong one is asked for again. */
function ask(question: NonNullable<Host["ask"]>): Partial<Wishes> {
  function asked<T>(name: keyof Wishes, text: string, fallback: string): T {
    for (;;) {
      const { success, data, error } = PARTY_FLAGS[name].schema.safeParse(question(text, fallback));
      if (success) return data as T;
      question(`  ${error.issues[0].message} (Enter)`, "");
    }
  }
  const name = asked<string>("name", "Name of the evening", DEFAULTS.name);
  return {
    name,
    sponsors: asked<string[]>("sponsors", "Who pays (names, with commas between)", name.replaceAll(",", " ")),
    budget: asked<number>("budget", "Yuan in all packets together", String(DEFAULTS.budget)),
    packets: asked<number>("packets", "Packets", String(DEFAULTS.packets)),
    waves: asked<number>("waves", "Waves (you start each on the wall)", String(DEFAULTS.waves)),
    "wave-seconds": asked<number>("wave-seconds", "Seconds of a wave", String(DEFAULTS["wave-seconds"])),
    "per-guest": asked<number>("per-guest", "Most packets of one guest", String(DEFAULTS["per-guest"])),
  };
}

/** Times of this day, here; one that is over already is tomorrow's. */
function todayAt(times: readonly string[], nowMs: number): string[] {
  let lastMs = nowMs;
  return times.map((time) => {
    const [hour, minute] = time.split(":").map(Number);
    const start = new Date(lastMs);
    start.setHours(hour, minute, 0, 0);
    if (start.getTime() <= lastMs) start.setDate(start.getDate() + 1);
    lastMs = start.getTime();
    return start.toISOString();
  });
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    throw new UserError(`${name} ${path}: cannot be read: ${why}`);
  }
}
