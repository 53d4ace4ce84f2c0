/** A handler's intent: no reply now, the verdict of a proposed entry brings one. A positive intent is a reply's size. */
export const DEFER = -1;
/** A handler's intent: no reply at all. */
export const NO_REPLY = 0;

/** What `admit` says of a frame that may cost something. */
export const ADMIT = 0;
/** What it says of one that is neither handled nor answered: refusing costs as much as answering. */
export const DROP = -1;
/**
 * `ADMIT`, `DROP`, or `refuseFor(ms)`: the frame is answered with its rule's `refuse`, which tells its user to come again
 * in so many ms. One number, so that it costs no memory on the path of a shake.
 */
export type Admission = number;

/** Longest that a refusal asks anybody to wait, in ms. */
const MAX_REFUSAL_MS = 1_000_000_000;

/** Refuses a frame, which may come again in so many ms; of 0 its rule says when. */
export function refuseFor(retryAfterMs: number): Admission {
  return Math.min(MAX_REFUSAL_MS, Math.max(1, Math.ceil(retryAfterMs)));
}

/** A handler's intent: end this connection for a reason, a `CloseCode` or one of the plugin's own. */
export function closeWith(code: number): number {
  return -code;
}

/**
 * Handles one frame: reads `request` from offset `at`, writes at most {@linkcode MAX_REPLY_BYTES} to `reply` from offset
 * `replyAt`, and returns its intent: the reply's size in bytes, `NO_REPLY`, `DEFER`, or `closeWith(code)`.
 *
 * Synchronous; keeps neither view. `nowMs` is the pass's monotonic reading.
 */
export type FrameHandler = (
  connection: number,
  request: DataView,
  at: number,
  reply: DataView,
  replyAt: number,
  nowMs: number,
) => number;

/** Room that a handler has for its reply. */
export const MAX_REPLY_BYTES = 256;

/**
 * Answers one frame that a plugin's `admit` has refused, as a handler does.
 *
 * @param retryAfterMs in how many ms it may come again, in whole ms from 1 on, says whoever has refused it
 */
export type RefusalHandler = (
  connection: number,
  request: DataView,
  at: number,
  reply: DataView,
  replyAt: number,
  nowMs: number,
  retryAfterMs: number,
) => number;

/** A frame kind that a plugin handles. */
export interface FrameRule {
  /** Size in bytes of the frame, header included; a number, or the least and the most. */
  readonly bytes: number | readonly [min: number, max: number];
  readonly handle: FrameHandler;
  /** Answers the frame when a plugin's `admit` has refused it. Without it a refused frame gets no reply. */
  readonly refuse?: RefusalHandler;
}

/** Writes a frame to `reply` from `replyAt` on and returns its size in bytes, 0 for none. */
export type FrameWriter = (reply: DataView, replyAt: number) => number;
