import { z } from "zod";
import { didYouMean } from "../../base/did_you_mean.ts";
import type { Program } from "../../cli/host.ts";
import { UserError } from "../../base/user_error.ts";
import { loadPlugin, pluginUrl, whyNotLoaded } from "../../plugin/loader.ts";
import type { PlanInput } from "../../seed/plan/plan_schema.ts";
import { MISBEHAVIOURS } from "../../client/population/misbehaviour.ts";
import { behaviourSchema } from "../../client/population/behaviour.ts";
import { MEASURES } from "./measures.ts";

const bound = z.strictObject({ atLeast: z.number().optional(), atMost: z.number().optional() })
  .refine(({ atLeast, atMost }) => atLeast !== undefined || atMost !== undefined, "needs atLeast or atMost");

const packets = z.strictObject({
  /** Packets made a second, and bounds of the amount of each in fen. */
  ratePerS: z.int().min(1).max(1_000_000),
  minFen: z.int().min(1).default(1),
  maxFen: z.int().min(1).default(200),
});

const server = z.strictObject({
  /** Values of the plugins' config by name, such as `dice.sides`. */
  set: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
  /** Other flags, by name. */
  flags: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
  /** CPU time that the server may have, in cores; only where a cgroup can hold it to that. */
  cores: z.number().min(0.02).max(256).optional(),
});

const fleet = z.strictObject({
  /** Seconds between two shakes of a user of their own accord, the least and the most; besides `shakesPerS`. */
  shakeEveryS: z.tuple([z.number().min(0), z.number().positive()]).optional(),
  /** Part of the users that misbehaves, by how. */
  misbehave: z.partialRecord(z.enum(MISBEHAVIOURS), z.number().min(0).max(1)).default({}),
  /** Part of the users that follows neither cues nor policies. */
  disobey: z.number().min(0).max(1).default(0),
  /** An answer within this time counts as good, in ms. */
  inTimeMs: z.int().min(1).max(60_000).default(1_000),
  /** How long a user waits for an answer, in ms, 0 as long as their connection lasts. */
  patienceMs: z.int().min(0).max(30_000).default(5_000),
  /** Most unanswered shakes of one user of version 1; of version 0 it is 1. */
  open: z.int().min(1).max(8).exactOptional(),
});

/** What a director does in a phase, or what happens to the show. */
const showStep = z.strictObject({
  /** Seconds from the begin of the phase. */
  atS: z.number().min(0).max(86_400),
  do: z.discriminatedUnion("what", [
    /** Begins a wave so many seconds from then; two persons approve it. */
    z.strictObject({ what: z.literal("begin"), wave: z.string(), inS: z.number().min(0) }),
    z.strictObject({ what: z.literal("shift"), byS: z.number() }),
    z.strictObject({ what: z.literal("hold") }),
    z.strictObject({ what: z.literal("go") }),
    z.strictObject({ what: z.literal("cut"), wave: z.string() }),
    /** The console dies in the middle of a word, and another one takes over. */
    z.strictObject({ what: z.literal("killConsole") }),
    /** The first path is gone for good. */
    z.strictObject({ what: z.literal("killPath") }),
    z.strictObject({ what: z.literal("killServer") }),
  ]),
});
export type ShowStep = z.output<typeof showStep>;

/** What happens to hosts in a phase: each is a host, a cluster or a city by its name, or all. */
const hostStep = z.strictObject({
  /** Seconds from the begin of the phase. */
  atS: z.number().min(0).max(86_400),
  do: z.discriminatedUnion("what", [
    /** Ends them at once, as when a machine dies. */
    z.strictObject({ what: z.literal("kill"), name: z.string() }),
    z.strictObject({ what: z.literal("start"), name: z.string() }),
    /** Moves their users elsewhere one host after the other, and starts each again: `redpkt drain --rolling`. */
    z.strictObject({ what: z.literal("roll"), name: z.string(), perS: z.int().min(1) }),
  ]),
});
export type HostStep = z.output<typeof hostStep>;

const phase = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, "must be a short name in small letters"),
  /** How long the phase offers shakes, in seconds. */
  seconds: z.int().min(1).max(86_400),
  /** Shakes a second of all users together. */
  shakesPerS: z.int().min(0).max(100_000_000),
  packets: packets.optional(),
  /** The wave of the plan that it begins; absent: the one of its name, if there is one. */
  wave: z.string().exactOptional(),
  /** When users are told to shake, and how often, as the phase begins; version 1 only. */
  cue: z.strictObject({ inS: z.number().min(0).max(86_400), lengthS: z.number().positive().max(86_400) })
    .exactOptional(),
  policy: z.strictObject({
    minShakeMs: z.int().min(0).max(3_600_000),
    jitterMs: z.int().min(0).max(3_600_000).default(0),
    retryFirstMs: z.int().min(0).max(3_600_000).default(0),
    retryMostMs: z.int().min(0).max(3_600_000).default(0),
  }).exactOptional(),
  /** What users do besides shaking, and what the host itself sends them. */
  behaviour: behaviourSchema.exactOptional(),
  hostSends: z.strictObject({
    ratePerS: z.number().positive().max(100_000),
    amountFen: z.int().min(3).max(0xffff_ffff),
  }).exactOptional(),
  /** How often the server is killed and started again, evenly over the phase. */
  kills: z.int().min(1).max(1_000).exactOptional(),
  /** What a director does, and what happens meanwhile: the show is directed from a console, over two paths. */
  show: z.array(showStep).max(100).exactOptional(),
  /** What happens to hosts, where there are several. */
  places: z.array(hostStep).max(100).exactOptional(),
  /** What must hold for this phase, by measure: one of core's, or of a plugin of the server. */
  thresholds: z.record(z.string(), bound).default({}),
});

/** Several hosts in clusters, and one fleet that finds its hosts by a signed list. */
const hosts = z.strictObject({
  clusters: z.array(z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "must be a short name in small letters"),
    city: z.string().default(""),
    hosts: z.int().min(1).max(40),
  })).min(1).max(40),
  /** Users of a lost host are elsewhere within so long, and go home again after so long, in seconds. */
  moveS: z.int().min(1).max(3_600).default(10),
  backS: z.int().min(1).max(3_600).default(20),
  /** What must hold. */
  bars: z.strictObject({
    /** After a loss every user is logged in elsewhere within so long, and so many of a hundred shakes are answered again. */
    elsewhereS: z.number().positive().default(30),
    answeredS: z.number().positive().default(60),
    answeredPercent: z.number().min(0).max(100).default(95),
    /** Most logins in a second while users go home, of a hundred who go. */
    homePercentPerS: z.number().positive().default(25),
    /** Connections that may end, of a hundred users; over all phases. */
    disconnectPercent: z.number().min(0).default(1_000),
  }).prefault({}),
});
export type HostsScenario = z.output<typeof hosts>;

/** What comes after the shaking: several hosts, their books, settlement, payout and a gateway that fails. */
const books = z.strictObject({
  /** What keeps the books: PostgreSQL if it is installed, or a SQLite file. */
  backend: z.enum(["auto", "sqlite"]).default("auto"),
  hosts: z.int().min(1).max(16).default(3),
  /** The hosts are shared out among them; each plays all the users, who so win at several hosts. */
  fleets: z.int().min(1).max(16).default(2),
  /** So many packets at least must come over a limit that no host alone could see. */
  overLimitAtLeast: z.int().min(0).default(0),
  /** So many at most; absent: any number. */
  overLimitAtMost: z.int().min(0).exactOptional(),
  /**
   * Users move: each stays at a host for so many seconds, the least and the most, then goes to the next of its fleet's. They
   * get passes then, and hosts tell each other of their awards.
   */
  roamS: z.tuple([z.number().min(0), z.number().positive()]).exactOptional(),
  /** Part of the users that shows no host their passes. */
  hidePasses: z.number().min(0).max(1).default(0),
  settlers: z.int().min(1).max(8).default(1),
  payers: z.int().min(1).max(8).default(1),
  /** Per cent of the orders with which the gateway does each of these. */
  gateway: z.strictObject({
    fail: z.number().min(0).max(90).default(0),
    refuse: z.number().min(0).max(90).default(0),
    timeoutBefore: z.number().min(0).max(90).default(0),
    timeoutAfter: z.number().min(0).max(90).default(0),
  }).prefault({}),
});

export type BooksScenario = z.output<typeof books>;

const schema = z.strictObject({
  name: z.string().min(1),
  about: z.string().min(1),
  /** Users that are wanted; fewer where the machine's descriptors don't allow it. */
  users: z.int().min(1).max(10_000_000),
  connectsPerS: z.int().min(1).max(1_000_000).default(5_000),
  /** Version of the protocol that users speak. */
  protocol: z.literal([0, 1]).default(0),
  /** Users are in groups of so many, in order of their ids; 0 for no groups. Needs plugin `send`. */
  groupSize: z.int().min(0).max(100_000).default(0),
  /** What each user has at the start, in fen; 0 for nothing. Needs plugin `send`. */
  fundFen: z.int().min(0).max(1_000_000_000).default(0),
  /** Part of every rate that an engine is asked for, where it can't do the whole. */
  server: server.optional(),
  fleet: fleet.optional(),
  engineShare: z.record(z.string(), z.number().positive().max(1)).default({}),
  /**
   * A plan of tickets for one host, as `redpkt seed make` takes it, instead of packets that are made on the way. A phase
   * begins the wave of its name, or of its `wave`, whenever the plan has it.
   */
  plan: z.unknown().optional(),
  /** With it the rehearsal is one of books. */
  books: books.exactOptional(),
  /** With it the rehearsal is one of several hosts. */
  hosts: hosts.exactOptional(),
  phases: z.array(phase).min(1),
}).refine(
  ({ plan, phases }) => plan === undefined || phases.every(({ packets }) => packets === undefined),
  { path: ["plan"], message: "a scenario has a plan or phases with packets" },
).refine(
  ({ plan, phases }) => plan !== undefined || phases.every(({ show }) => show === undefined),
  { path: ["plan"], message: "a show plays the waves of a plan" },
).refine(
  ({ hosts, phases }) => hosts !== undefined || phases.every(({ places }) => places === undefined),
  { path: ["hosts"], message: "only where there are several hosts something happens to them" },
);

/** A rehearsal as data: who comes, what they do, and what must hold. As it is written, before defaults. */
export type Scenario = z.input<typeof schema>;
/** A rehearsal with all its defaults. */
export type FullScenario = z.output<typeof schema>;
export type Phase = FullScenario["phases"][number];

/** Whether a director has the waves, and no phase begins one. */
export function hasShow({ phases }: FullScenario): boolean {
  return phases.some(({ show }) => show !== undefined);
}

/** Whether the server is killed on the way: it forgets its counts then. */
export function killsServer({ phases }: Pick<FullScenario, "phases">): boolean {
  return phases.some(({ kills, show = [] }) =>
    kills !== undefined || show.some((step) => step.do.what === "killServer")
  );
}

/** The wave of a scenario's plan that a phase begins, if any. */
export function waveOf({ plan }: FullScenario, { name, wave = name }: Phase): string | undefined {
  return (plan as PlanInput | undefined)?.waves.find((planned) => planned.name === wave)?.name;
}

/** A scenario that a program of ours writes, with its defaults. */
export function completeScenario(scenario: Scenario): FullScenario {
  return schema.parse(scenario);
}

/**
 * Loads a scenario: one that comes with the program by name, any other by path.
 *
 * @throws UserError that lists every problem
 */
export async function loadScenario(source: string, program: Program): Promise<FullScenario> {
  const name = /^(?:\.\/)?(?:scenarios\/)?([a-z_]+)(?:\.ts)?$/.exec(source)?.[1];
  const isBuiltIn = name !== undefined && Object.hasOwn(program.scenarios, name);
  const module = isBuiltIn ? await program.scenarios[name]() : await importScenario(source, program);
  const result = schema.safeParse(module.default);
  const problems = [
    ...(result.error?.issues ?? []).map(({ path, message }) =>
      `${path.join(".") || "the default export"}: ${message}`
    ),
    ...await measureProblems(module.default, program),
  ];
  if (result.success && problems.length === 0) return result.data;
  throw new UserError(problems.map((problem) => `scenario ${source}: ${problem}`).join("\n"));
}

/** As much of a scenario as says what it measures, whatever else is wrong with it. */
const measuring = z.object({
  server: z.object({ flags: z.object({ plugins: z.string() }) }).optional().catch(undefined),
  phases: z.array(
    z.object({ thresholds: z.record(z.string(), z.unknown()).default({}) }).catch({ thresholds: {} }),
  ),
});

/** Thresholds about what neither core nor any plugin measures that the program or the scenario has. */
async function measureProblems(scenario: unknown, program: Program): Promise<string[]> {
  const { data } = measuring.safeParse(scenario);
  if (data === undefined) return [];
  const named = data.server?.flags.plugins.split(",").filter((name) => name !== "") ?? [];
  const plugins = await Promise.all(
    [...new Set([...Object.keys(program.plugins), ...named])].map((name) => loadPlugin(name, program)),
  );
  const known = [...Object.keys(MEASURES), ...plugins.flatMap(({ measures }) => Object.keys(measures ?? {}))];
  return data.phases.flatMap(({ thresholds }, i) =>
    Object.keys(thresholds).filter((name) => !known.includes(name)).map((name) =>
      `phases.${i}.thresholds.${name}: nothing measures this.${didYouMean(name, known)} There are ${
        known.join(", ")
      }`
    )
  );
}

async function importScenario(source: string, program: Program): Promise<{ default: unknown }> {
  const names = Object.keys(program.scenarios);
  const isPath = /[./\\]/.test(source);
  if (!isPath) {
    throw new UserError(
      `scenario ${source}: no scenario has this name.${didYouMean(source, names)} There are ${
        names.join(", ")
      }; ` +
        "one of your own is given by its path, such as ./my_scenario.ts",
    );
  }
  try {
    return await import(pluginUrl(source));
  } catch (error) {
    throw new UserError(`scenario ${source}: cannot be loaded: ${whyNotLoaded(error)}`);
  }
}
