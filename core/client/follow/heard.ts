import { CueState } from "../../wire/codes.ts";
import { readU64 } from "../../wire/u64.ts";
import type { BackoffOptions } from "../schedule/backoff.ts";
import { readFrame } from "../../wire/frame_codec.ts";
import { frames } from "../../wire/v1/frames.ts";

/** Users know what they have heard by its place here, in 16 bits; 0 is nothing. */
const PLACES = 0xffff;

/** When to shake, as a server has said it. */
export interface HeardCue {
  readonly epoch: number;
  readonly number: number;
  readonly state: number;
  readonly wave: number;
  readonly resource: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** How often to shake, as a server has said it. */
export interface HeardPolicy {
  readonly epoch: number;
  readonly number: number;
  readonly minShakeMs: number;
  readonly jitterMs: number;
  /** After "overloaded": at most `baseMs` at first, doubled up to `capMs`, drawn from 0 on. */
  readonly retry: BackoffOptions;
}

/** Where resources are, as a server has said it to one user. */
export interface HeardResources {
  readonly epoch: number;
  readonly number: number;
  /** 0: there is nothing to fetch. */
  readonly version: number;
  readonly sha256: string;
  readonly url: string;
}

/**
 * What servers have said, each thing once however many users have heard it. Place 0 is nothing; past the last place the
 * oldest is forgotten, and its users follow what is there then.
 */
export class Heard<T extends { readonly epoch: number; readonly number: number }> {
  /** By place. */
  readonly all: (T | undefined)[] = [undefined];
  /** The place of what was said last that nobody had heard before. */
  newest = 0;

  /** The place of what was said, new or not. */
  place(said: T, isSame: (a: T, b: T) => boolean): number {
    const { newest, all } = this;
    // Everybody hears the same within seconds, so it is the newest nearly always.
    const known = newest > 0 && isSame(all[newest]!, said)
      ? newest
      : all.findIndex((one) => one !== undefined && isSame(one, said));
    if (known > 0) return known;
    this.newest = newest % PLACES + 1;
    all[this.newest] = said;
    return this.newest;
  }

  /** Whether a user who has heard what is at `place` leaves this aside. A host's own changes are in order anyway. */
  isOld(place: number, { epoch, number }: T): boolean {
    const before = this.all[place];
    if (before === undefined || epoch > before.epoch) return false;
    return epoch < before.epoch || (epoch > 0 && number < before.number);
  }
}

export function readCue(view: DataView, at: number): HeardCue {
  const { at: field } = frames.cue;
  const startMs = readU64(view, at + field.startMs);
  return {
    epoch: view.getUint32(at + field.epoch),
    number: view.getUint32(at + field.number),
    state: view.getUint32(at + field.state),
    wave: view.getUint32(at + field.wave),
    resource: view.getUint32(at + field.resource),
    startMs,
    endMs: startMs + view.getUint32(at + field.lengthMs),
  };
}

export function readPolicy(view: DataView, at: number): HeardPolicy {
  const { at: field } = frames.policy;
  return {
    epoch: view.getUint32(at + field.epoch),
    number: view.getUint32(at + field.number),
    minShakeMs: view.getUint32(at + field.minShakeMs),
    jitterMs: view.getUint32(at + field.jitterMs),
    retry: {
      baseMs: view.getUint32(at + field.retryFirstMs),
      capMs: view.getUint32(at + field.retryMostMs),
    },
  };
}

export function readResources(view: DataView, at: number): HeardResources {
  const { sha256, ...rest } = readFrame(frames.resources, view, at);
  return { ...rest, sha256: sha256.toHex() };
}

export function isSameCue(a: HeardCue, b: HeardCue): boolean {
  return a.startMs === b.startMs && a.endMs === b.endMs && a.state === b.state && a.number === b.number &&
    a.epoch === b.epoch && a.wave === b.wave && a.resource === b.resource;
}

export function isSamePolicy(a: HeardPolicy, b: HeardPolicy): boolean {
  return a.minShakeMs === b.minShakeMs && a.jitterMs === b.jitterMs && a.retry.baseMs === b.retry.baseMs &&
    a.retry.capMs === b.retry.capMs &&
    a.number === b.number && a.epoch === b.epoch;
}

/** Whether whoever follows this cue shakes at a time of the server. */
export function isOnAt(cue: HeardCue, serverMs: number): boolean {
  if (cue.state === CueState.planned) return serverMs >= cue.startMs && serverMs < cue.endMs;
  return cue.state !== CueState.held;
}
