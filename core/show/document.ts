import { z } from "zod";
import { canonicalJson } from "../ledger/record/order_text.ts";

/** Of a show document; it grows when a field goes or changes its meaning. */
export const SHOW_VERSION = 1;

/** Most bytes of a signed document, and most of what it lists. */
export const MAX_SHOW_BYTES = 1 << 19;
const MAX_WAVES = 1_000;
const MAX_BANS = 2_000;
const MAX_MS = 8_640_000_000_000_000;

const wallMs = z.int().min(0).max(MAX_MS);
const spanMs = z.int().min(0).max(30 * 86_400_000);
const waveName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be a short name in small letters");
const u32 = z.int().min(0).max(0xffff_ffff);

/** The name of an event, as buses and folders can carry it. */
export const eventName = z.string().regex(
  /^[a-z0-9][a-z0-9_-]{0,62}$/,
  "must be a short name in small letters, such as gala-2027",
);

/** Something that lies elsewhere: who fetches it proves it by its hash. */
const reference = z.strictObject({
  version: z.int().min(1).max(0xffff_ffff),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex"),
  /** URLs or paths, the nearest first. */
  where: z.array(z.string().min(1).max(500)).min(1).max(16),
});

/** A wave as two persons have approved it: this is what money depends on. */
const plannedWave = z.strictObject({
  name: waveName,
  /** The earliest time at which it may begin. */
  startMs: wallMs,
  /** How long it takes at the least; longer than its seed files have it is slower, shorter is refused. */
  lengthMs: z.int().min(1).max(86_400_000),
  /** It begins at the director's word, not by the clock. */
  needsGo: z.boolean(),
  /** It gives nothing more. */
  isCut: z.boolean(),
  /** What phones show for it: a number that sponsor and app have agreed on. */
  resource: u32.nullable(),
});

/** Where a wave stands in the show: all that one person may change, and it only ever delays. */
const liveWave = z.strictObject({
  name: waveName,
  /** It begins so much later than planned. */
  delayMs: spanMs,
  /** Since when it stands still. */
  pausedMs: wallMs.nullable(),
  /** It waits for the director's word. */
  isArmed: z.boolean(),
});

const limit = (least: number) => z.number().min(least).max(100_000_000).nullable();

/** What hosts take at most; null: as their config says. */
const limits = z.strictObject({
  shakesPerS: limit(1),
  loginsPerS: limit(1),
  acceptsPerS: limit(1),
  connections: limit(1),
});

/** How phones behave. */
const policy = z.strictObject({
  /** Least time between a user's shakes, and what chance adds at most. */
  minShakeIntervalMs: z.int().min(0).max(3_600_000),
  jitterMs: z.int().min(0).max(3_600_000),
  /** Pause before a retry: at most `firstMs` at first, doubled each time up to `mostMs`, drawn anew from 0 on. */
  retry: z.strictObject({
    firstMs: z.int().min(1).max(3_600_000),
    mostMs: z.int().min(1).max(3_600_000),
  }),
});

/**
 * The whole state of a show. Every document is complete: who has the newest needs none before it, and who gets one twice
 * or late loses nothing. What isn't said is null, so that nothing can be forgotten.
 */
export const showSchema = z.strictObject({
  schemaVersion: z.literal(SHOW_VERSION),
  event: eventName,
  /** Which console: one that takes over has a higher one. */
  epoch: z.int().min(1).max(0x7fff_ffff),
  /** Counts within the epoch. */
  number: z.int().min(1).max(0x7fff_ffff),
  issuedMs: wallMs,
  /** From when it counts; null: to be prepared and acknowledged, it never counts by itself. */
  activateMs: wallMs.nullable(),
  /** What money depends on: it counts only with `approvals`, and its revision never goes back. */
  plan: z.strictObject({
    revision: z.int().min(1).max(0x7fff_ffff),
    waves: z.array(plannedWave).max(MAX_WAVES),
  }),
  /** Signatures of the plan, by two persons at least. */
  approvals: z.array(z.strictObject({
    key: z.string().regex(/^[0-9a-f]{16}$/, "must be the id of a key"),
    signature: z.base64().length(88),
  })).max(8),
  /** By wave, in the order of the plan. */
  waves: z.array(liveWave).max(MAX_WAVES),
  /** Since when the whole show stands still. */
  heldMs: wallMs.nullable(),
  /** The least level of shedding at every host: 0 normal to 3 claims only. */
  level: z.int().min(0).max(3),
  limits,
  policy: policy.nullable(),
  /** The manifest of what phones fetch in idle time. */
  resources: reference.nullable(),
  /** Users who may not log in before `untilMs`. */
  bans: z.array(z.strictObject({ user: u32, untilMs: wallMs })).max(MAX_BANS),
}).superRefine(({ plan, waves, bans, policy }, context) => {
  const names = plan.waves.map(({ name }) => name);
  if (new Set(names).size !== names.length) {
    context.addIssue({ code: "custom", path: ["plan", "waves"], message: "two waves have one name" });
  }
  if (waves.length !== names.length || waves.some(({ name }, i) => name !== names[i])) {
    context.addIssue({ code: "custom", path: ["waves"], message: "must be the plan's waves, in its order" });
  }
  if (new Set(bans.map(({ user }) => user)).size !== bans.length) {
    context.addIssue({ code: "custom", path: ["bans"], message: "a user is banned twice" });
  }
  if (policy !== null && policy.retry.firstMs > policy.retry.mostMs) {
    context.addIssue({ code: "custom", path: ["policy", "retry"], message: "firstMs is more than mostMs" });
  }
});

export type ShowDocument = z.infer<typeof showSchema>;
export type ShowPolicy = NonNullable<ShowDocument["policy"]>;
export type ShowLimits = ShowDocument["limits"];
export type PlannedWave = ShowDocument["plan"]["waves"][number];
export type LiveWave = ShowDocument["waves"][number];

/** What orders documents. */
export type ShowVersion = Pick<ShowDocument, "epoch" | "number">;

/** A wave as hosts and phones play it: the plan and what the director has made of it. */
export interface ShowWave {
  readonly name: string;
  /** When it begins, as far as that is known: what stands still begins later. */
  readonly startMs: number;
  readonly lengthMs: number;
  /** Since when it stands still; absent while it doesn't. */
  readonly pausedMs?: number;
  /** It waits for the director's word. */
  readonly isArmed: boolean;
  readonly isCut: boolean;
  readonly resource: number | null;
}

/** The waves of a show, in the plan's order. */
export function showWaves({ plan, waves, heldMs }: ShowDocument): ShowWave[] {
  return plan.waves.map((planned, i) => {
    const { delayMs, pausedMs, isArmed } = waves[i];
    const startMs = planned.startMs + delayMs;
    // Who waits for a word stands still at the begin.
    const pauses = [pausedMs, heldMs, isArmed ? startMs : null].filter((ms) => ms !== null);
    return {
      name: planned.name,
      startMs,
      lengthMs: planned.lengthMs,
      ...(pauses.length === 0 ? {} : { pausedMs: Math.min(...pauses) }),
      isArmed,
      isCut: planned.isCut,
      resource: planned.resource,
    };
  });
}

/** A document as bytes: the same one is the same bytes everywhere. */
export function canonicalShow(document: ShowDocument): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(canonicalJson(document));
}

/** What an approval signs: the plan, and whose it is. */
export function canonicalPlan(
  { event, plan }: Pick<ShowDocument, "event" | "plan">,
): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(canonicalJson({ event, plan }));
}

/** Which of two versions is newer: above 0 if `a` is. */
export function compareVersions(a: ShowVersion, b: ShowVersion): number {
  return a.epoch - b.epoch || a.number - b.number;
}

/** A version as people read it, such as `2.17`. */
export function versionText({ epoch, number }: ShowVersion): string {
  return `${epoch}.${number}`;
}
