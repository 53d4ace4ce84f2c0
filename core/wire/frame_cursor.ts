import { assert } from "../base/assert.ts";
import { CloseCode } from "./codes.ts";
import { type FrameTable, MAX_FRAME_BYTES, MAX_OPCODE } from "./frame_table.ts";

/** What {@linkcode FrameCursor.next} found when it is not a whole frame; other negative values are close codes. */
export const NO_MORE_FRAMES = 0;
export const WHOLE_FRAME = 1;

/** Enough of a header to know length and opcode. */
const PREFIX_BYTES = 4;

/**
 * Cuts the bytes of many connections into frames. TCP may join or split frames anywhere: what is left of an incomplete
 * one is kept aside by connection number and put in front of the next bytes. Holds no socket and never throws for what
 * a peer sent.
 *
 * Use: `load`, then `next` until it doesn't return `WHOLE_FRAME`. Between two calls `view` and `at` name the frame.
 */
export class FrameCursor {
  /** Where the present frame lies. */
  view: DataView;
  at = 0;
  opcode = 0;
  /** Size of the present frame in bytes, header included. */
  length = 0;

  readonly #minBytes: Uint16Array;
  readonly #maxBytes: Uint16Array;
  /** By connection: how many bytes of an incomplete frame are kept in `#partial`. */
  readonly #partialBytes: Uint16Array;
  readonly #partial = new Map<number, Uint8Array>();
  readonly #joined: Uint8Array;
  readonly #joinedView: DataView;
  #bytes: Uint8Array;
  #connection = -1;
  #position = 0;
  #end = 0;

  /**
   * @param capacity connection numbers are below this
   * @param maxReadBytes most bytes given to one `load`
   */
  constructor(table: FrameTable, capacity: number, maxReadBytes: number) {
    this.#minBytes = table.minBytes;
    this.#maxBytes = table.maxBytes;
    this.#partialBytes = new Uint16Array(capacity);
    this.#joined = new Uint8Array(MAX_FRAME_BYTES + maxReadBytes);
    this.#joinedView = new DataView(this.#joined.buffer);
    this.#bytes = this.#joined;
    this.view = this.#joinedView;
  }

  /** Takes what a connection sent: `bytes[start, end)`, seen as `view` too. Valid until the next call. */
  load(connection: number, bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.#connection = connection;
    const kept = this.#partialBytes[connection];
    if (kept === 0) {
      this.#bytes = bytes;
      this.view = view;
      this.#position = start;
      this.#end = end;
      return;
    }
    this.#joined.set(this.#partial.get(connection)!.subarray(0, kept));
    this.#joined.set(bytes.subarray(start, end), kept);
    this.forget(connection);
    this.#bytes = this.#joined;
    this.view = this.#joinedView;
    this.#position = 0;
    this.#end = kept + end - start;
  }

  /**
   * Steps to the next frame.
   *
   * @returns `WHOLE_FRAME`; `NO_MORE_FRAMES`, after keeping what is left aside; or minus a close code
   */
  next(): number {
    const at = this.#position;
    const left = this.#end - at;
    assert(left >= 0, "the cursor stays inside the bytes it was given");
    if (left < PREFIX_BYTES) return left === 0 ? NO_MORE_FRAMES : this.#keep(at, left);
    const prefix = this.view.getUint32(at);
    const length = prefix >>> 16;
    const opcode = prefix & 0xffff;
    const minBytes = opcode < MAX_OPCODE ? this.#minBytes[opcode] : 0;
    if (minBytes === 0) return -CloseCode.unknownOpcode;
    if (length < minBytes) return -CloseCode.frameTooShort;
    if (length > this.#maxBytes[opcode]) return -CloseCode.frameTooLong;
    if (length > left) return this.#keep(at, left);
    this.at = at;
    this.opcode = opcode;
    this.length = length;
    this.#position = at + length;
    return WHOLE_FRAME;
  }

  /** Whether nothing lies behind the present frame. */
  get isLast(): boolean {
    return this.#position === this.#end;
  }

  /** Whether a connection is in the middle of a frame. */
  isPartial(connection: number): boolean {
    return this.#partialBytes[connection] !== 0;
  }

  /** Drops what is kept of a connection: call it when the connection ends. */
  forget(connection: number): void {
    if (this.#partialBytes[connection] === 0) return;
    this.#partialBytes[connection] = 0;
    this.#partial.delete(connection);
  }

  /** How many connections are in the middle of a frame. */
  get partialCount(): number {
    return this.#partial.size;
  }

  #keep(at: number, left: number): number {
    this.#partial.set(this.#connection, this.#bytes.slice(at, at + left));
    this.#partialBytes[this.#connection] = left;
    this.#position = this.#end;
    return NO_MORE_FRAMES;
  }
}
