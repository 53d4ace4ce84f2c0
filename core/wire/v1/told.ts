/** What the frames `cue` and `policy` tell users. Types alone: servers, phones and their apps mean the same by them. */

/** Which show document says it. */
export interface ToldVersion {
  /** 0 while no document says it; then `number` counts the host's own changes. */
  readonly epoch: number;
  readonly number: number;
}

/** When users shake. */
export interface Cue {
  /** One of `CueState`. */
  readonly state: number;
  /** The wave's number, from 1; 0 if the host names none. */
  readonly wave: number;
  /** What an app shows for it; 0 for nothing. */
  readonly resource: number;
  /** By the server's clock, and 0 unless the state is `planned`. */
  readonly startMs: number;
  readonly lengthMs: number;
}

/** How often users shake. All 0: as often as they like. */
export interface Policy {
  /** The least time between two shakes of a user, and what chance adds to it at most. */
  readonly minShakeMs: number;
  readonly jitterMs: number;
  /** The pause after "overloaded", drawn from 0 on: at most so long at first, doubled each time, and at the very most. */
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
}
