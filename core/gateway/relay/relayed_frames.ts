import { CloseCode } from "../../wire/codes.ts";
import { MAX_FRAME_BYTES } from "../../wire/frame_table.ts";
import { HEADER_BYTES } from "../../wire/schema.ts";
import { Opcode1 } from "../../wire/v1/frames.ts";

/** What {@linkcode countFrames} found at the end. */
export interface FrameCount {
  /** Whole frames. */
  frames: number;
  /** Where the last whole frame begins, -1 if there is none. */
  lastAt: number;
  /** Where a frame `move` begins, -1 if there is none. */
  moveAt: number;
  /** Where the whole frames end. */
  end: number;
}

/**
 * Counts the whole frames of `bytes[start, end)` by their lengths. What they mean is for those at the ends; but a gateway
 * must know that a server is about to stop.
 *
 * @returns 0, or a close code if a length is none
 */
export function countFrames(view: DataView, start: number, end: number, into: FrameCount): number {
  into.frames = 0;
  into.lastAt = -1;
  into.moveAt = -1;
  let at = start;
  while (at + 2 <= end) {
    const size = view.getUint16(at);
    if (size < HEADER_BYTES) return CloseCode.frameTooShort;
    if (size > MAX_FRAME_BYTES) return CloseCode.frameTooLong;
    if (at + size > end) break;
    into.frames++;
    if (view.getUint16(at + 2) === Opcode1.move) into.moveAt = at;
    into.lastAt = at;
    at += size;
  }
  into.end = at;
  return 0;
}

/** The opcode of a frame. */
export function opcodeOf(view: DataView, at: number): number {
  return view.getUint16(at + 2);
}
