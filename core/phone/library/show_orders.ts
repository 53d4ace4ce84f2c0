import type { Random } from "../../base/random.ts";
import { backoffMs, MAX_ATTEMPT } from "../../client/schedule/backoff.ts";
import { CueState } from "../../wire/codes.ts";
import type { Cue as CueFrame, Policy, ToldVersion } from "../../wire/v1/told.ts";
import { hexOf, type Resources } from "./resources.ts";

/** When to shake. */
export interface Cue extends Omit<CueFrame, "state"> {
  /** `none`: as users like; `planned`: from `startMs` on for `lengthMs`; `held`: not until another cue comes. */
  readonly state: "none" | "planned" | "held";
}

/** What is under way before a cue ends with it, in ms. */
const QUIET_BEFORE_MS = 2_000;
const NO_VERSION: ToldVersion = { epoch: 0, number: 0 };
const NO_CUE: Cue = { state: "none", wave: 0, resource: 0, startMs: 0, lengthMs: 0 };
const NO_POLICY: Policy = { minShakeMs: 0, jitterMs: 0, retryFirstMs: 0, retryMostMs: 0 };
const STATES: Readonly<Record<number, Cue["state"]>> = {
  [CueState.none]: "none",
  [CueState.planned]: "planned",
  [CueState.held]: "held",
};

/** What a show wants of its users: when to shake, and how often. The library keeps to it, so an app needn't. */
export class ShowOrders {
  cue: Cue = NO_CUE;
  /** What to fetch in idle time, and where. */
  resources: Resources | undefined;
  readonly #random: Random;
  #policy: Policy = NO_POLICY;
  #cueVersion = NO_VERSION;
  #policyVersion = NO_VERSION;
  #resourcesVersion = NO_VERSION;
  /** The highest manifest that was named. */
  #highest = 0;
  /** Monotonic time before which no shake is wanted. */
  #restUntilMs = 0;
  #refusals = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A new connection: what a host has said without a document was good for the old one. */
  loggedIn(): void {
    if (this.#cueVersion.epoch === 0) this.cue = NO_CUE;
    if (this.#policyVersion.epoch === 0) this.#policy = NO_POLICY;
  }

  /** Returns whether it is news; what an older document says is left aside. */
  heardCue(
    { epoch, number, state, ...cue }: ToldVersion & CueFrame,
  ): boolean {
    const version = { epoch, number };
    if (isOld(version, this.#cueVersion)) return false;
    this.#cueVersion = version;
    const heard = { ...cue, state: STATES[state] ?? "none" };
    const isNew = Object.entries(heard).some(([name, value]) => this.cue[name as keyof Cue] !== value);
    this.cue = heard;
    return isNew;
  }

  /** Returns whether it is news. Manifests don't go back: one that would is left aside. */
  heardResources(
    { epoch, number, version, sha256, url }: ToldVersion & {
      readonly version: number;
      readonly sha256: Uint8Array;
      readonly url: string;
    },
  ): boolean {
    const said = { epoch, number };
    if (isOld(said, this.#resourcesVersion) || (version !== 0 && version < this.#highest)) return false;
    this.#resourcesVersion = said;
    this.#highest = Math.max(version, this.#highest);
    const before = this.resources;
    const heard = version === 0 ? undefined : { version, sha256: hexOf(sha256), url };
    this.resources = heard;
    return before?.version !== heard?.version || before?.sha256 !== heard?.sha256 ||
      before?.url !== heard?.url;
  }

  /** Whether people shake at this time of the server, or are about to: then nobody fetches. */
  isShaking(serverMs: number): boolean {
    const { state, startMs, lengthMs } = this.cue;
    return state === "planned" && serverMs >= startMs - QUIET_BEFORE_MS && serverMs < startMs + lengthMs;
  }

  heardPolicy({ epoch, number, ...policy }: ToldVersion & Policy): void {
    const version = { epoch, number };
    if (isOld(version, this.#policyVersion)) return;
    this.#policyVersion = version;
    this.#policy = policy;
  }

  /** How long no shake is wanted by the cue, in ms; `Infinity` where nobody has said when. */
  cueWaitMs(serverMs: number): number {
    const { state, startMs, lengthMs } = this.cue;
    if (state === "held") return Infinity;
    if (state === "none") return 0;
    return serverMs < startMs ? startMs - serverMs : serverMs < startMs + lengthMs ? 0 : Infinity;
  }

  /** How long to wait since the user shook last, or was told to come later, in ms. */
  restMs(nowMs: number): number {
    return Math.max(0, this.#restUntilMs - nowMs);
  }

  /** A shake was sent. */
  shook(nowMs: number): void {
    const { minShakeMs, jitterMs } = this.#policy;
    this.#restUntilMs = nowMs + minShakeMs + this.#random.float() * jitterMs;
  }

  /** It was answered: `retryMs` if it is to come later, else undefined. */
  answered(nowMs: number, retryMs: number | undefined): void {
    if (retryMs === undefined) return void (this.#refusals = 0);
    const { retryFirstMs, retryMostMs } = this.#policy;
    const drawnMs = backoffMs(this.#random, this.#refusals, { baseMs: retryFirstMs, capMs: retryMostMs });
    this.#refusals = Math.min(MAX_ATTEMPT, this.#refusals + 1);
    this.#restUntilMs = Math.max(this.#restUntilMs, nowMs + Math.max(retryMs, drawnMs));
  }
}

/** A host's own changes come in order. */
function isOld(version: ToldVersion, before: ToldVersion): boolean {
  if (version.epoch !== before.epoch) return version.epoch < before.epoch;
  return version.epoch > 0 && version.number < before.number;
}
