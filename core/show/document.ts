import { z } from "zod";
import { canonicalJson } from "../ledger/record/order_text.ts";

/** Of a show document; it grows when a field goes or changes its meaning. */
export const SHOW_VERSION = 1;

/** Most bytes of a signed document, and most of what it lists. */
export const MAX_SHOW_BYTES = 1 << 19;
const MAX_WAVES = 1_000;
const MAX_BANS = 2_000;
const MAX_PROTECTED = 200;
const MAX_BAN_MS = 30 * 86_400_000;
const MINUTE_MS = 60_000;

/** Most bans that one person gives in any minute; more are part of the plan, which two persons approve. */
export const MAX_BANS_PER_MINUTE = 20;
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

/** A depot as phones reach it: short, so that it fits their frame. */
const depotUrl = z.string().max(120).regex(
  /^https?:\/\/[\x21-\x7e]*[^/\s]$/,
  "must be a URL such as http://depot.example:8080, without a slash at its end",
);

/** The manifest of what phones fetch: whoever fetches it proves it by its hash. */
const reference = z.strictObject({
  /** It never goes back within a show. */
  version: z.int().min(1).max(0xffff_ffff),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex"),
  /** Depots that serve it: each user is told of one, by their number. */
  where: z.array(depotUrl).min(1).max(16),
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

/** A user who may not take part for a while. It takes nothing from them that they have. */
const ban = z.strictObject({
  user: u32,
  sinceMs: wallMs,
  /** It ends by itself. */
  untilMs: wallMs,
  /** `out`: they can't log in, and are closed if they are. `mute`: they stay and open what they have, and win nothing. */
  level: z.enum(["out", "mute"]),
}).refine(
  ({ sinceMs, untilMs }) => untilMs > sinceMs && untilMs - sinceMs <= MAX_BAN_MS,
  { path: ["untilMs"], message: "must be after sinceMs, by 30 days at most" },
);

/** First and last user of a range. */
const userRange = z.tuple([u32, u32]).refine(
  ([first, last]) => first <= last,
  "must be the first and the last user of a range",
);

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
    /** Users whom nobody can ban. */
    protected: z.array(userRange).max(MAX_PROTECTED),
    /** Bans that two persons have given, as many at once as they like. */
    bans: z.array(ban).max(MAX_BANS),
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
  /** Bans that one person has given, {@linkcode MAX_BANS_PER_MINUTE} at most in any minute. */
  bans: z.array(ban).max(MAX_BANS),
}).superRefine(({ plan, waves, bans, policy }, context) => {
  const issue = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
  const names = plan.waves.map(({ name }) => name);
  if (new Set(names).size !== names.length) issue(["plan", "waves"], "two waves have one name");
  if (waves.length !== names.length || waves.some(({ name }, i) => name !== names[i])) {
    issue(["waves"], "must be the plan's waves, in its order");
  }
  for (const [path, some] of [[["bans"], bans], [["plan", "bans"], plan.bans]] as const) {
    if (new Set(some.map(({ user }) => user)).size !== some.length) {
      issue([...path], "a user is banned twice");
    }
    const safe = some.find(({ user }) => isProtected(plan, user));
    if (safe !== undefined) issue([...path], `user ${safe.user} is protected: nobody can ban them`);
  }
  const most = mostInAMinute(bans);
  if (most > MAX_BANS_PER_MINUTE) {
    issue(["bans"], `has ${most} within a minute, and one person gives ${MAX_BANS_PER_MINUTE} at most`);
  }
  if (policy !== null && policy.retry.firstMs > policy.retry.mostMs) {
    issue(["policy", "retry"], "firstMs is more than mostMs");
  }
});

export type ShowDocument = z.infer<typeof showSchema>;
export type ShowPolicy = NonNullable<ShowDocument["policy"]>;
export type ShowLimits = ShowDocument["limits"];
export type PlannedWave = ShowDocument["plan"]["waves"][number];
export type LiveWave = ShowDocument["waves"][number];

export type ShowBan = z.infer<typeof ban>;
export type ShowResources = NonNullable<ShowDocument["resources"]>;

/** Why a show that names one manifest can't name another one next; undefined if it can. */
export function resourcesProblem(
  before: Pick<ShowResources, "version" | "sha256"> | null,
  next: Pick<ShowResources, "version" | "sha256"> | null,
): string | undefined {
  if (before === null || next === null || next.version > before.version) return undefined;
  if (next.version < before.version) {
    return `resources: version ${next.version} goes back: the show has ${before.version} already`;
  }
  if (next.sha256 === before.sha256) return undefined;
  return `resources: the show has another manifest as version ${next.version} already`;
}

/** Whether nobody can ban a user. */
export function isProtected(plan: Pick<ShowDocument["plan"], "protected">, user: number): boolean {
  return plan.protected.some(([first, last]) => first <= user && user <= last);
}

/** Most bans that were given in any minute. */
export function mostInAMinute(bans: readonly Pick<ShowBan, "sinceMs">[]): number {
  const times = bans.map(({ sinceMs }) => sinceMs).sort((a, b) => a - b);
  let first = 0;
  return times.reduce((most, ms, i) => {
    while (ms - times[first] >= MINUTE_MS) first++;
    return Math.max(most, i - first + 1);
  }, 0);
}

/** Every ban of a show, whoever has given it. */
export function allBans({ plan, bans }: Pick<ShowDocument, "plan" | "bans">): ShowBan[] {
  return [...plan.bans, ...bans];
}

/** What is wrong with a document, a line each; whoever reads one and whoever is about to sign one asks the same. */
export function documentProblems(document: unknown): string[] {
  const { error } = showSchema.safeParse(document);
  return (error?.issues ?? []).slice(0, 20).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

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
