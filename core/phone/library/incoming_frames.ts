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
 * What a server sends, by kinds: each goes to whoever takes it. A phone may be older than its server: a kind that it
 * doesn't know is left out.
 */
export class IncomingFrames {
  readonly #takers = new Map<number, Taker>();
  readonly #table = responseFrames1();

  constructor() {
    const { minBytes } = this.#table;
    for (let opcode = 0; opcode < MAX_OPCODE; opcode++) {
      if (minBytes[opcode] === 0) this.#table.allow(opcode, HEADER_BYTES, MAX_FRAME_BYTES);
    }
  }

  /** Says who takes frames of a kind. */
  on<F extends Fields>(frame: Frame<F>, take: (values: ReadValues<F>, serverMs: number) => void): this {
    this.#takers.set(
      frame.opcode,
      (view, at) => take(readFrame(frame, view, at), readU64(view, at + TIMESTAMP_AT)),
    );
    return this;
  }

  /** A connection has begun, which cuts frames by itself. */
  stream(): FrameStream {
    const cursor = new FrameCursor(this.#table, 1, PIECE_BYTES);
    return new FrameStream(cursor, (view, at, opcode) => this.#takers.get(opcode)?.(view, at));
  }
}

/** The frames of one connection. */
export class FrameStream {
  readonly #cursor: FrameCursor;
  readonly #take: (view: DataView, at: number, opcode: number) => void;
  #hasEnded = false;

  constructor(cursor: FrameCursor, take: (view: DataView, at: number, opcode: number) => void) {
    this.#cursor = cursor;
    this.#take = take;
  }

  /** The connection is of no use any more: what else has come over it is left out. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Takes what came. False if it isn't what a server sends: then the connection is of no use. */
  take(bytes: Uint8Array<ArrayBuffer>): boolean {
    const cursor = this.#cursor;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length && !this.#hasEnded; at += PIECE_BYTES) {
      cursor.load(0, bytes, view, at, Math.min(at + PIECE_BYTES, bytes.length));
      while (!this.#hasEnded) {
        const step = cursor.next();
        if (step === NO_MORE_FRAMES) break;
        if (step !== WHOLE_FRAME) return false;
        this.#take(cursor.view, cursor.at, cursor.opcode);
      }
    }
    return true;
  }
}
