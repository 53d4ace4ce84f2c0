import { type Values, writeFrame } from "../../wire/frame_codec.ts";
import type { Fields, Frame } from "../../wire/schema.ts";

/** A whole frame in bytes of its own. */
export function frameBytes<F extends Fields>(
  frame: Frame<F>,
  unixMs: number,
  values: Values<F>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(frame.bytes[1]);
  const size = writeFrame(frame, new DataView(bytes.buffer), 0, unixMs, values);
  return bytes.subarray(0, size);
}
