import { type Cue, CueState, type Policy, type ToldVersion } from "../../core/plugin/plugin.ts";

/** What a host tells its users: a cue, a policy, and of which document they are. */
export interface Told extends ToldVersion {
  /** Absent until there is something to say. */
  readonly cue: Cue | undefined;
  readonly policy: Policy | undefined;
}

export const NO_CUE: Cue = { state: CueState.none, wave: 0, resource: 0, startMs: 0, lengthMs: 0 };
export const NO_POLICY: Policy = { minShakeMs: 0, jitterMs: 0, retryFirstMs: 0, retryMostMs: 0 };
export const HELD: Cue = { ...NO_CUE, state: CueState.held };

export function isSame<T extends object>(a: T | undefined, b: T | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Words of the one message from the host's half to a SET's. */
export const TOLD_WORDS = 14;

/** Bits of the word that says what there is. */
const HAS_CUE = 1;
const HAS_POLICY = 2;

/** @param change its number among the host's changes, 1 to 65,535 */
export function encodeTold(words: Int32Array, change: number, { epoch, number, cue, policy }: Told): void {
  const { state, wave, resource, startMs, lengthMs } = cue ?? NO_CUE;
  words.set([
    change,
    (cue === undefined ? 0 : HAS_CUE) | (policy === undefined ? 0 : HAS_POLICY),
    epoch,
    number,
    state,
    wave,
    resource,
    startMs / 0x1_0000_0000,
    startMs,
    lengthMs,
    policy?.minShakeMs ?? 0,
    policy?.jitterMs ?? 0,
    policy?.retryFirstMs ?? 0,
    policy?.retryMostMs ?? 0,
  ]);
}

export function decodeTold(words: Int32Array, at: number): { readonly change: number; readonly told: Told } {
  const word = (i: number) => words[at + i] >>> 0;
  const cue = {
    state: word(4),
    wave: word(5),
    resource: word(6),
    startMs: word(7) * 0x1_0000_0000 + word(8),
    lengthMs: word(9),
  };
  const policy = { minShakeMs: word(10), jitterMs: word(11), retryFirstMs: word(12), retryMostMs: word(13) };
  return {
    change: word(0),
    told: {
      epoch: word(2),
      number: word(3),
      cue: (word(1) & HAS_CUE) === 0 ? undefined : cue,
      policy: (word(1) & HAS_POLICY) === 0 ? undefined : policy,
    },
  };
}
