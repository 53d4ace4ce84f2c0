import { FrameCursor, NO_MORE_FRAMES, WHOLE_FRAME } from "../../wire/frame_cursor.ts";
import { MAX_FRAME_BYTES, MAX_OPCODE } from "../../wire/frame_table.ts";
import { readFrame, type ReadValues } from "../../wire/frame_codec.ts";
import { type Fields, type Frame, HEADER_BYTES, TIMESTAMP_AT } from "../../wire/schema.ts";
import { readU64 } from "../../wire/u64.ts";
import { responseFrames1 } from "../../wire/v1/frames.ts";

/** Bytes that are looked at together, so that the room for cut frames is small. */
const PIECE_BYTES = 4_096;

type Taker = (view: DataView, at: number) => void;

/**
 * Cuts what a server sends into frames and hands each to whoever takes its kind. A phone may be older than its server:
 * a kind that it doesn't know is left out.
 */
export class IncomingFrames {
  readonly #takers = new Map<number, Taker>();
  readonly #table = responseFrames1();
  #cursor: FrameCursor;

  constructor() {
    const { minBytes } = this.#table;
    for (let opcode = 0; opcode < MAX_OPCODE; opcode++) {
      if (minBytes[opcode] === 0) this.#table.allow(opcode, HEADER_BYTES, MAX_FRAME_BYTES);
    }
    this.#cursor = new FrameCursor(this.#table, 1, PIECE_BYTES);
  }

  /** Says who takes frames of a kind. */
  on<F extends Fields>(frame: Frame<F>, take: (values: ReadValues<F>, serverMs: number) => void): this {
    this.#takers.set(
      frame.opcode,
      (view, at) => take(readFrame(frame, view, at), readU64(view, at + TIMESTAMP_AT)),
    );
    return this;
  }

  /** A new connection has begun: what was left of a frame is of the old one. */
  begin(): void {
    this.#cursor = new FrameCursor(this.#table, 1, PIECE_BYTES);
  }

  /** Takes what came. False if it isn't what a server sends: then the connection is of no use. */
  take(bytes: Uint8Array<ArrayBuffer>): boolean {
    const cursor = this.#cursor;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      cursor.load(0, bytes, view, at, Math.min(at + PIECE_BYTES, bytes.length));
      for (;;) {
        const step = cursor.next();
        if (step === NO_MORE_FRAMES) break;
        if (step !== WHOLE_FRAME) return false;
        this.#takers.get(cursor.opcode)?.(cursor.view, cursor.at);
        // Whoever took it has ended this connection.
        if (cursor !== this.#cursor) return true;
      }
    }
    return true;
  }
}
