import { z } from "zod";
import { MEASURE_UNITS } from "../../charts/measure.ts";
import { checkSchema } from "./check.ts";

/** Of summary.json; it grows when a field goes or changes its meaning, not when one is added. */
export const SUMMARY_VERSION = 2;

const count = z.number();
const fen = z.number().describe("Money in fen, 1/100 yuan");
const us = z.number().describe("In microseconds");
const usage = z.object({
  cores: z.number().describe("CPU time as a share of one core"),
  cpuMs: z.number(),
  rssBytes: z.number(),
});

export const phaseSchema = z.object({
  name: z.string(),
  seconds: z.number().describe("For how long shakes were due"),
  due: count.describe("Shakes that the schedule asked for"),
  sent: count.describe("Shakes that were sent"),
  answered: count,
  won: count,
  wonFen: fen,
  nothing: count,
  greeted: count,
  allGone: count,
  overloaded: count,
  missed: z.object({ late: count, unconnected: count, overrun: count }).describe(
    "Ticks of the schedule that were not sent: late, of users without a connection, or with too many open shakes",
  ),
  disconnects: count,
  good: count.describe("Shakes that were answered well and in time"),
  givenUp: count,
  lost: count.default(0).describe(
    "Shakes that were sent and never answered: with their connection, or given up",
  ),
  admittedP99Us: us.describe(
    "99th percentile of what was answered otherwise than overloaded, in microseconds",
  ),
  ready: count.describe("Users who behave and are logged in at the end"),
  behaving: count.describe("Users who behave"),
  backAfterS: z.number().nullable().describe(
    "From a restart of the server until all were back, in seconds; null without a restart, or if they never were",
  ),
  dialErrors: count.describe("Connects that failed for another reason than that nobody listened"),
  closedBad: count.describe("Connections that the server closed since their peer was slow or dead"),
  misbehaving: count.describe("Misbehaving users who are connected at the end"),
  badUsers: count.describe("Users who misbehave"),
  latencyUs: z.object({ p50: us, p90: us, p99: us, p999: us, max: us })
    .describe("From when a shake was due to its answer, in microseconds"),
  latencyBuckets: z.array(z.tuple([z.number(), z.number()])).describe(
    "Bucket of the histogram, and its count",
  ),
  controlUs: z.object({ p50: us, p99: us })
    .describe("From an order of the server's main thread to a worker until its answer, in microseconds"),
  server: usage,
  client: usage,
  sends: z.object({
    sent: count,
    done: count,
    refused: count,
    notices: count,
    claims: count,
    claimsAnswered: count,
    paid: count,
    paidFen: fen,
    chats: count,
    chatsRefused: count,
    claimUs: z.object({ p50: us, p99: us, max: us }),
    sendUs: z.object({ p50: us, p99: us }),
  }).describe("What users sent each other, as the fleet saw it"),
  drift: z.object({
    memoryMbPerH: z.number().nullable().describe("Growth of the server's memory, in MB an hour"),
    p99MsPerH: z.number().nullable().describe("Growth of a second's p99, in ms an hour"),
  }).optional().describe(
    "Robust slopes over the phase's second half; null where there is nothing to tell from",
  ),
  measures: z.record(
    z.string(),
    z.object({
      value: z.number().nullable().describe("In unit; null if it came to no number"),
      unit: z.enum(MEASURE_UNITS),
      label: z.string().optional().describe("What tables call it; absent: they don't show it"),
      isMoreBetter: z.boolean().optional(),
    }),
  ).optional().describe("Measures of the server's plugins, by name"),
});

/** Where all money is that was put in. */
export const moneySchema = z.object({
  putInFen: fen,
  poolFen: fen.describe("Won by nobody yet"),
  heldFen: fen.describe("Won and not opened, or sent and not claimed"),
  usersFen: fen,
  returnedFen: fen.describe("Back at the sponsors"),
});

/** What took the time in a phase that failed: something of the machine, or nothing of it, then the server itself did. */
export const causeSchema = z.object({
  phase: z.string(),
  kind: z.enum(["steal", "neighbour", "loss", "memory", "none"]),
  text: z.string().describe("One line for people, such as: sha256sum (pid 71) took 85 % of a core"),
  seen: z.number().nullable().describe("How much of it there was, in unit; null for none"),
  unit: z.enum(["percentOfACore", "percentOfSegments", "ns"]).nullable(),
});

/** What the machine did besides in a second or on the average of several; null is what it doesn't tell. */
export const machineSchema = z.object({
  idleCores: z.number().nullable(),
  ownCores: z.number().nullable().describe("CPU time of the server, the fleet and the rehearsal"),
  othersCores: z.number().nullable().describe("The machine's CPU time, less our own"),
  stealCores: z.number().nullable().describe("Taken by the host of a virtual machine"),
  waitCores: z.number().nullable()
    .describe("How many of our own threads could have run and had no core, on the average"),
  pressurePercent: z.number().nullable().describe(
    "Of the time somebody waited for a core (/proc/pressure/cpu)",
  ),
  segmentsOut: z.number().nullable().describe("TCP segments sent by all of the machine, a second"),
  retransmits: z.number().nullable().describe("Those of them that were sent again, a second"),
  drops: z.number().nullable().describe(
    "Segments and connects a second that this machine itself dropped for want of room",
  ),
});

/** What `redpkt rehearse` writes as summary.json. */
export const summarySchema = z.object({
  schemaVersion: z.literal(SUMMARY_VERSION),
  scenario: z.looseObject({ name: z.string(), about: z.string() }).describe("The scenario with its defaults"),
  verdict: z.enum(["PASS", "FAIL"]),
  broken: z.string().optional().describe("Why it broke off, if it did"),
  startedAt: z.iso.datetime().describe("UTC"),
  environment: z.looseObject({ engine: z.string(), users: z.number() }),
  config: z.unknown().optional().describe("The server's config in force"),
  connect: z.object({ users: count, ready: count, seconds: z.number(), perS: z.number() }).optional(),
  phases: z.array(phaseSchema).optional().describe("Those that were played; absent if it broke off"),
  checks: z.array(checkSchema),
  money: moneySchema.optional(),
  causes: z.array(causeSchema).optional().describe(
    "What took the time, for each phase with a failed threshold",
  ),
  machine: z.object({
    cores: z.number(),
    memoryNs: z.number().nullable()
      .describe("A random read of 64 MB at the start, in ns; docs/verdicts.md says how it is measured"),
    phases: z.record(z.string(), machineSchema).describe("By phase, on the average of its seconds"),
  }).optional(),
}).meta({ title: "summary.json of a redpkt rehearsal" });

export type Summary = z.output<typeof summarySchema>;
export type PhaseSummary = z.output<typeof phaseSchema>;
export type Money = z.output<typeof moneySchema>;
export type Cause = z.output<typeof causeSchema>;
/** One second of a machine, or the average of several. */
export type MachineUse = z.output<typeof machineSchema>;

/** The JSON Schema that docs/schemas holds. */
export function summaryJsonSchema(): string {
  // What a reader may meet: later versions of the same number add fields.
  return JSON.stringify(z.toJSONSchema(summarySchema, { io: "input" }), null, 2) + "\n";
}
