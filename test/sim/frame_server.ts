import { assert } from "../../core/base/assert.ts";
import type { CloseCause, Engine, EngineHandler } from "../../core/engine/common/engine.ts";
import { FrameCursor, WHOLE_FRAME } from "../../core/wire/frame_cursor.ts";
import type { FrameTable } from "../../core/wire/frame_table.ts";

const MAX_REPLY_BYTES = 256;

/** Writes frames to a connection at an offset and returns their size in bytes. */
export type Writer = (view: DataView, at: number) => number;

/** The part of a server that all servers of the fleet's tests have: frames in, frames out. */
export abstract class FrameServer implements EngineHandler {
  /** User ids in the order of their logins, and of their shakes. */
  readonly logins: number[] = [];
  readonly shakes: number[] = [];
  open = 0;
  protected readonly cursor: FrameCursor;
  protected readonly userOf = new Map<number, number>();
  readonly #engine: Engine;

  constructor(engine: Engine, frames: FrameTable) {
    this.#engine = engine;
    this.cursor = new FrameCursor(frames, engine.capacity, engine.maxReadBytes);
    engine.attach(this);
  }

  /** The cursor is at a whole frame. */
  protected abstract onFrame(connection: number): void;

  onWake(): void {}
  onDrain(): void {}

  onAccept(): void {
    this.open++;
  }

  onConnect(): void {
    assert(false, "a server dials nobody");
  }

  onEnd(connection: number): void {
    this.close(connection);
  }

  onClose(connection: number, _cause: CloseCause): void {
    this.open--;
    this.cursor.forget(connection);
    this.userOf.delete(connection);
  }

  onBytes(connection: number, start: number, end: number): void {
    const { input } = this.#engine;
    this.cursor.load(connection, input.bytes, input.view, start, end);
    while (this.cursor.next() === WHOLE_FRAME) this.onFrame(connection);
  }

  /** Sends something to a connection. */
  send(connection: number, write: Writer): void {
    const at = this.#engine.reserve(connection, MAX_REPLY_BYTES);
    assert(at >= 0, "the fleet reads its answers");
    this.#engine.commit(connection, write(this.#engine.output.view, at));
  }

  protected close(connection: number): void {
    this.#engine.close(connection);
  }
}
