import { userIdOf } from "../../base/segment.ts";
import { record } from "../../counters/histogram.ts";
import { CueState } from "../../wire/codes.ts";
import { TIMESTAMP_AT } from "../../wire/schema.ts";
import { readU64 } from "../../wire/u64.ts";
import { type BackoffOptions, MAX_ATTEMPT } from "../schedule/backoff.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import type { RefusalWatch } from "../state/user_answers.ts";
import {
  Heard,
  type HeardCue,
  type HeardPolicy,
  type HeardResources,
  isOnAt,
  isSameCue,
  isSamePolicy,
  readCue,
  readPolicy,
  readResources,
} from "./heard.ts";
import { PhoneClocks, type PhoneClocksParts } from "./phone_clock.ts";

export interface FollowParts extends PhoneClocksParts {
  readonly countdownError: Uint32Array;
  /** Part of the users that follows nothing, 0 to 1. */
  readonly disobey: number;
  /** A cue that nobody had heard before. */
  readonly onCue?: ((cue: HeardCue) => void) | undefined;
  /** A manifest, or a depot for it, that nobody had heard of before. */
  readonly onResources?: ((resources: HeardResources) => void) | undefined;
}

/**
 * What users were told of when and how often to shake, and whether they may now. A few columns by user; what was said is
 * kept once.
 */
export class FleetFollow implements RefusalWatch {
  readonly clocks: PhoneClocks;
  readonly #parts: FollowParts;
  readonly #cues = new Heard<HeardCue>();
  readonly #policies = new Heard<HeardPolicy>();
  /** What is to be fetched, and the depots that users were told of for it. */
  #resources: HeardResources | undefined;
  readonly #depots = new Set<string>();
  /** By user: the places of the cue and the policy that they follow, and of the cue that they have begun to shake for. */
  readonly #cueOf: Uint16Array;
  readonly #policyOf: Uint16Array;
  readonly #begun: Uint16Array;
  /** By user: when they shook last, in monotonic ms modulo 2^32, 0 for never; and refusals in a row. */
  readonly #shookMs: Uint32Array;
  readonly #refusals: Uint8Array;

  constructor(parts: FollowParts) {
    this.#parts = parts;
    this.clocks = new PhoneClocks(parts);
    const { count } = parts.users;
    this.#cueOf = new Uint16Array(count);
    this.#policyOf = new Uint16Array(count);
    this.#begun = new Uint16Array(count);
    this.#shookMs = new Uint32Array(count);
    this.#refusals = new Uint8Array(count);
  }

  /** A new connection: what a host has said without a document was good for the old one. */
  loggedIn(user: number): void {
    if (this.#cues.all[this.#cueOf[user]]?.epoch === 0) this.#cueOf[user] = 0;
    if (this.#policies.all[this.#policyOf[user]]?.epoch === 0) this.#policyOf[user] = 0;
  }

  /** The frame `cue` has come to a user. */
  heardCue(user: number, view: DataView, at: number): void {
    const { block, onCue } = this.#parts;
    const cue = readCue(view, at);
    if (this.#cues.isOld(this.#cueOf[user], cue)) return void block[M.cuesOld]++;
    block[M.cuesHeard]++;
    const { newest } = this.#cues;
    this.#cueOf[user] = this.#cues.place(cue, isSameCue);
    if (this.#cues.newest !== newest) onCue?.(cue);
    if (cue.state !== CueState.planned || this.disobeys(user)) return;
    this.clocks.neededAt(user, cue.startMs, readU64(view, at + TIMESTAMP_AT));
  }

  /** The frame `policy` has come to a user. */
  heardPolicy(user: number, view: DataView, at: number): void {
    const { block } = this.#parts;
    const policy = readPolicy(view, at);
    if (this.#policies.isOld(this.#policyOf[user], policy)) return void block[M.cuesOld]++;
    block[M.policiesHeard]++;
    this.#policyOf[user] = this.#policies.place(policy, isSamePolicy);
  }

  /** The frame `resources` has come to a user: all of them fetch the same, so it is known for the fleet alone. */
  heardResources(view: DataView, at: number): void {
    const { block, onResources } = this.#parts;
    const heard = readResources(view, at);
    const { epoch, number, version, url } = heard;
    const newest = this.#resources;
    if (
      newest !== undefined && (epoch < newest.epoch || (epoch === newest.epoch && number < newest.number))
    ) {
      return void block[M.cuesOld]++;
    }
    block[M.resourcesHeard]++;
    if (newest?.version !== version || newest.sha256 !== heard.sha256) this.#depots.clear();
    this.#resources = heard;
    if (this.#depots.has(url)) return;
    this.#depots.add(url);
    onResources?.(heard);
  }

  /** Whether it is time to shake, by the user's countdown. */
  isOn(user: number, wallMs: number): boolean {
    const place = this.#cueOf[user];
    if (place === 0) return true;
    const cue = this.#cues.all[place]!;
    if (this.disobeys(user)) return true;
    const errorMs = this.clocks.errorMs(user);
    if (!isOnAt(cue, wallMs + errorMs)) return false;
    if (this.#begun[user] !== place && cue.state === CueState.planned) {
      this.#begun[user] = place;
      record(this.#parts.countdownError, Math.round(Math.abs(errorMs) * 1000));
    }
    return true;
  }

  /** How long a user waits before their next shake, by the policy, in ms; 0 if they needn't. */
  waitMs(user: number, nowMs: number): number {
    const policy = this.#policies.all[this.#policyOf[user]];
    if (policy === undefined || this.#shookMs[user] === 0 || this.disobeys(user)) return 0;
    const { minShakeMs, jitterMs, retry } = policy;
    const drawn = chance(user ^ this.#shookMs[user]);
    const refusals = this.#refusals[user];
    const pauseMs = refusals === 0 ? 0 : drawn * Math.min(retry.capMs, retry.baseMs * 2 ** (refusals - 1));
    return Math.max(0, Math.max(minShakeMs + drawn * jitterMs, pauseMs) - this.#sinceMs(user, nowMs));
  }

  /** A user's shake has left. */
  shaken(user: number, nowMs: number): void {
    const newest = this.#policies.all[this.#policies.newest];
    if (newest !== undefined && this.#shookMs[user] !== 0) {
      // A turn of the loop is no offence.
      if (this.#sinceMs(user, nowMs) < newest.minShakeMs - 1) this.#parts.block[M.shakesTooSoon]++;
    }
    this.#shookMs[user] = Math.floor(nowMs) || 1;
  }

  answered(user: number): void {
    this.#refusals[user] = 0;
  }

  refused(user: number): void {
    this.#refusals[user] = Math.min(MAX_ATTEMPT, this.#refusals[user] + 1);
  }

  retryOf(user: number): BackoffOptions | undefined {
    const policy = this.#policies.all[this.#policyOf[user]];
    return policy === undefined || policy.retry.capMs === 0 || this.disobeys(user) ? undefined : policy.retry;
  }

  /** Whether a user follows nothing: decided by their id alone. */
  disobeys(user: number): boolean {
    const { disobey, slice } = this.#parts;
    return disobey > 0 && chance(userIdOf(slice, user)) < disobey;
  }

  #sinceMs(user: number, nowMs: number): number {
    return (Math.floor(nowMs) - this.#shookMs[user]) >>> 0;
  }
}

/** 0 to 1, the same for the same number; neighbours have nothing in common. */
function chance(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x7feb_352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846c_a68b);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
