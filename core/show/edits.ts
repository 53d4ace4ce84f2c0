/**
 * What a director can do to a show, as functions from one document to what the next one says. None of them knows of time
 * but by what it is given, and each says in one line why it can't be done.
 */
import { formatOf } from "../base/units.ts";
import { UserError } from "../base/user_error.ts";
import { canonicalJson } from "../ledger/record/order_text.ts";
import {
  allBans,
  isProtected,
  type LiveWave,
  MAX_BANS_PER_MINUTE,
  mostInAMinute,
  type PlannedWave,
  resourcesProblem,
  SHOW_VERSION,
  type ShowBan,
  type ShowDocument,
  type ShowLimits,
  type ShowPolicy,
  showWaves,
} from "./document.ts";

/** Users whom a line names at most. */
const MAX_NAMED = 20;

/** All that a document says but who says it and when. */
export type ShowContent = Omit<
  ShowDocument,
  "epoch" | "number" | "issuedMs" | "activateMs" | "approvals" | "schemaVersion"
>;

/**
 * The begin of a show: every wave as planned, those that need the director's word waiting for it.
 *
 * @param safe ranges of users whom nobody can ban
 */
export function firstContent(
  event: string,
  waves: readonly PlannedWave[],
  safe: ShowContent["plan"]["protected"] = [],
): ShowContent {
  return {
    event,
    plan: { revision: 1, waves: [...waves], protected: [...safe], bans: [] },
    waves: waves.map(({ name, needsGo }) => ({ name, delayMs: 0, pausedMs: null, isArmed: needsGo })),
    heldMs: null,
    level: 0,
    limits: { shakesPerS: null, loginsPerS: null, acceptsPerS: null, connections: null },
    policy: null,
    resources: null,
    bans: [],
  };
}

export function contentOf(document: ShowDocument): ShowContent {
  const {
    epoch: _e,
    number: _n,
    issuedMs: _i,
    activateMs: _a,
    approvals: _p,
    schemaVersion: _s,
    ...content
  } = document;
  return content;
}

/** A content as a document; who signs a changed plan is said besides. */
export function documentOf(
  content: ShowContent,
  meta: Pick<ShowDocument, "epoch" | "number" | "issuedMs" | "activateMs" | "approvals">,
): ShowDocument {
  return { schemaVersion: SHOW_VERSION, ...content, ...meta };
}

/** Stands still from `atMs` on: the whole show, or one wave. */
export function held(content: ShowContent, wave: string | undefined, atMs: number): ShowContent {
  if (wave === undefined) {
    if (content.heldMs !== null) {
      throw new UserError("the show is held already: redpkt show go lets it go on");
    }
    return { ...content, heldMs: atMs };
  }
  return changed(content, [wave], (live) => {
    if (live.pausedMs !== null || live.isArmed) throw new UserError(`wave ${wave} stands still already`);
    return { ...live, pausedMs: atMs };
  });
}

/**
 * Goes on at `atMs`. Without a wave the held show: what had not begun when it was held begins as much later as it was
 * held. With one: that wave, which stood still or waited for this word.
 */
export function gone(content: ShowContent, wave: string | undefined, atMs: number): ShowContent {
  if (wave === undefined) return goneOnWhole(content, atMs);
  if (content.heldMs !== null) {
    throw new UserError(`the whole show is held: first redpkt show go, then redpkt show go ${wave}`);
  }
  const planned = plannedOf(content, wave);
  return changed(content, [wave], (live) => {
    const beginMs = planned.startMs + live.delayMs;
    if (live.isArmed) {
      return {
        ...live,
        isArmed: false,
        pausedMs: null,
        delayMs: Math.max(live.delayMs, atMs - planned.startMs),
      };
    }
    if (live.pausedMs === null) {
      throw new UserError(`wave ${wave} stands still at no time: nothing to go on with`);
    }
    // A pause before its begin changes nothing, unless the begin has passed in the meantime.
    const stoodMs = Math.max(0, atMs - Math.max(live.pausedMs, beginMs));
    return { ...live, pausedMs: null, delayMs: live.delayMs + stoodMs };
  });
}

function goneOnWhole(content: ShowContent, atMs: number): ShowContent {
  const { heldMs } = content;
  if (heldMs === null) {
    const waiting = content.waves.filter(({ isArmed, pausedMs }) => isArmed || pausedMs !== null);
    const names = waiting.map(({ name }) => name);
    throw new UserError(
      names.length === 0
        ? "the show isn't held, and no wave waits: nothing to go on with"
        : `the show isn't held. Say which wave goes on: redpkt show go ${names[0]} (${
          names.join(", ")
        } wait)`,
    );
  }
  const stoodMs = Math.max(0, atMs - heldMs);
  const before = { ...content, heldMs: null };
  const over = new Set(
    showWaves({ ...documentLike(before) }).filter((wave) =>
      wave.isCut || (wave.pausedMs === undefined && wave.startMs + wave.lengthMs <= heldMs)
    ).map(({ name }) => name),
  );
  const waves = content.waves.map((live) =>
    over.has(live.name) || live.pausedMs !== null ? live : { ...live, delayMs: live.delayMs + stoodMs }
  );
  return { ...before, waves };
}

/** Begins later, or as much earlier again as it was delayed: one wave, or all that haven't begun by `nowMs`. */
export function shifted(
  content: ShowContent,
  wave: string | undefined,
  byMs: number,
  nowMs: number,
): ShowContent {
  const all = showWaves(documentLike(content));
  const names = wave === undefined
    ? all.filter(({ isCut, startMs, pausedMs }) =>
      !isCut && (startMs > nowMs || (pausedMs ?? Infinity) <= startMs)
    )
      .map(({ name }) => name)
    : [wave];
  if (names.length === 0) throw new UserError("every wave has begun: nothing to shift. Name one that plays");
  for (const name of names) plannedOf(content, name);
  const early = content.waves.filter(({ name, delayMs }) => names.includes(name) && delayMs + byMs < 0);
  if (early.length === 0) {
    return changed(content, names, (live) => ({ ...live, delayMs: live.delayMs + byMs }));
  }
  // Earlier than two persons have agreed to: that is another plan.
  return rewaved(
    changed(content, names, (live) => ({ ...live, delayMs: Math.max(0, live.delayMs + byMs) })),
    (planned) => {
      const found = early.find(({ name }) => name === planned.name);
      return found === undefined ? planned : { ...planned, startMs: planned.startMs + found.delayMs + byMs };
    },
  );
}

/** Gives nothing more of a wave. */
export function cut(content: ShowContent, wave: string): ShowContent {
  if (plannedOf(content, wave).isCut) throw new UserError(`wave ${wave} is cut already`);
  return rewaved(content, (planned) => planned.name === wave ? { ...planned, isCut: true } : planned);
}

export function levelled(content: ShowContent, level: number): ShowContent {
  if (content.level === level) throw new UserError(`the level is ${level} already`);
  return { ...content, level };
}

export function limited(content: ShowContent, limits: Partial<ShowLimits>): ShowContent {
  return { ...content, limits: { ...content.limits, ...limits } };
}

export function policed(content: ShowContent, policy: ShowPolicy | null): ShowContent {
  return { ...content, policy };
}

/**
 * Bans users: more at once than one person may are part of the plan, so that a second person must approve them.
 *
 * @param nowMs since when, and what is over by then goes
 */
export function banned(
  content: ShowContent,
  users: readonly number[],
  { level, untilMs }: Pick<ShowBan, "level" | "untilMs">,
  nowMs: number,
): ShowContent {
  const sinceMs = Math.floor(nowMs);
  const given = [...new Set(users)].map((user) => ({ user, sinceMs, untilMs, level }));
  const others = (bans: readonly ShowBan[]) =>
    bans.filter((one) => !users.includes(one.user) && one.untilMs > nowMs);
  const bans = [...others(content.bans), ...given];
  if (mostInAMinute(bans) <= MAX_BANS_PER_MINUTE) return { ...content, bans };
  return replanned(content, { bans: [...others(content.plan.bans), ...given] });
}

/** Takes bans back: those that two persons have given, by two. */
export function unbanned(content: ShowContent, users: readonly number[]): ShowContent {
  const others = (bans: readonly ShowBan[]) => bans.filter(({ user }) => !users.includes(user));
  const strange = users.filter((user) => allBans(content).every((one) => one.user !== user));
  if (strange.length > 0) {
    throw new UserError(strange.map((user) => `unban: ${user}: isn't banned`).join("\n"));
  }
  const bans = others(content.bans);
  const planned = others(content.plan.bans);
  const rest = { ...content, bans };
  return planned.length === content.plan.bans.length ? rest : replanned(rest, { bans: planned });
}

/** Nobody can ban these users, and bans of theirs go. */
export function protecting(content: ShowContent, ranges: ShowContent["plan"]["protected"]): ShowContent {
  const others = (bans: readonly ShowBan[]) =>
    bans.filter(({ user }) => !isProtected({ protected: ranges }, user));
  const rest = { ...content, bans: others(content.bans) };
  return replanned(rest, { protected: ranges, bans: others(content.plan.bans) });
}

/** Phones fetch what another manifest says; null: nothing more. */
export function resourced(content: ShowContent, resources: ShowContent["resources"]): ShowContent {
  const problem = resourcesProblem(content.resources, resources);
  if (problem !== undefined) throw new UserError(`${problem}. Pack it anew: redpkt depot pack`);
  return { ...content, resources };
}

/**
 * The content of an earlier document; its plan is a new revision if it differs, since revisions never go back, and neither
 * do manifests.
 */
export function rolledBack(content: ShowContent, to: ShowContent): ShowContent {
  const { revision } = content.plan;
  const isSame = canonicalJson({ ...to.plan, revision }) === canonicalJson(content.plan);
  const resources = resourcesProblem(content.resources, to.resources) === undefined
    ? to.resources
    : content.resources;
  return { ...to, plan: { ...to.plan, revision: isSame ? revision : revision + 1 }, resources };
}

/** What differs between two contents, in words. */
export function difference(before: ShowContent, after: ShowContent): string[] {
  const old = new Map(showWaves(documentLike(before)).map((wave) => [wave.name, wave]));
  const lines = showWaves(documentLike(after)).flatMap((wave) => {
    const was = old.get(wave.name);
    if (was === undefined) return [`${wave.name}: new`];
    const words: string[] = [];
    const byMs = wave.startMs - was.startMs;
    if (byMs !== 0) words.push(`begins ${Math.abs(byMs) / 1000} s ${byMs > 0 ? "later" : "earlier"}`);
    if (wave.isCut !== was.isCut) words.push(wave.isCut ? "is cut" : "is not cut any more");
    if (wave.isArmed !== was.isArmed) words.push(wave.isArmed ? "waits for a go" : "waits no more");
    if (wave.pausedMs !== was.pausedMs && wave.isArmed === was.isArmed && byMs === 0) {
      words.push(wave.pausedMs === undefined ? "goes on" : "stands still");
    }
    if (wave.lengthMs !== was.lengthMs) words.push(`takes ${wave.lengthMs / 1000} s`);
    return words.length === 0 ? [] : [`${wave.name}: ${words.join(", ")}`];
  });
  if (before.level !== after.level) lines.push(`level ${before.level} to ${after.level}`);
  for (const part of ["limits", "policy", "resources"] as const) {
    if (JSON.stringify(before[part]) !== JSON.stringify(after[part])) {
      lines.push(`${part}: ${JSON.stringify(after[part])}`);
    }
  }
  lines.push(...banLines(before, after));
  if (JSON.stringify(before.plan.protected) !== JSON.stringify(after.plan.protected)) {
    const ranges = after.plan.protected.map(([first, last]) => first === last ? first : `${first}-${last}`);
    lines.push(`protected from bans: ${ranges.length === 0 ? "nobody" : named(ranges)}`);
  }
  if ((before.heldMs === null) !== (after.heldMs === null)) {
    lines.push(after.heldMs === null ? "the show goes on" : "the show is held");
  }
  return lines;
}

/** Who is banned, or not any more; whoever approves it is to see whom. */
function banLines(before: ShowContent, after: ShowContent): string[] {
  const text = (one: ShowBan) => JSON.stringify(one);
  const [was, is] = [allBans(before), allBans(after)];
  const had = new Set(was.map(text));
  const has = new Set(is.map(({ user }) => user));
  const given = is.filter((one) => !had.has(text(one)));
  const gone = was.filter(({ user }) => !has.has(user));
  const levels = new Map<string, number[]>();
  for (const { level, user } of given) levels.set(level, [...levels.get(level) ?? [], user]);
  return [
    ...[...levels].map(([level, users]) => `${formatOf(users.length, "user")} ${level}: ${named(users)}`),
    ...(gone.length === 0
      ? []
      : [`${formatOf(gone.length, "user")} not banned any more: ${named(gone.map(({ user }) => user))}`]),
  ];
}

function named(some: readonly unknown[]): string {
  return some.slice(0, MAX_NAMED).join(", ") + (some.length > MAX_NAMED ? ", ..." : "");
}

/** Another plan: it has a new revision, and needs two persons. */
function replanned(content: ShowContent, change: Partial<ShowContent["plan"]>): ShowContent {
  const { plan } = content;
  return { ...content, plan: { ...plan, ...change, revision: plan.revision + 1 } };
}

/** The same with other waves. */
function rewaved(content: ShowContent, change: (wave: PlannedWave) => PlannedWave): ShowContent {
  return replanned(content, { waves: content.plan.waves.map(change) });
}

function changed(
  content: ShowContent,
  names: readonly string[],
  change: (wave: LiveWave) => LiveWave,
): ShowContent {
  for (const name of names) plannedOf(content, name);
  return { ...content, waves: content.waves.map((live) => names.includes(live.name) ? change(live) : live) };
}

function plannedOf({ plan }: ShowContent, name: string): PlannedWave {
  const found = plan.waves.find((wave) => wave.name === name);
  if (found !== undefined) return found;
  throw new UserError(`there is no wave ${name}: ${plan.waves.map((wave) => wave.name).join(", ")}`);
}

/** What `showWaves` looks at. */
function documentLike(content: ShowContent): ShowDocument {
  return documentOf(content, { epoch: 1, number: 1, issuedMs: 0, activateMs: null, approvals: [] });
}
