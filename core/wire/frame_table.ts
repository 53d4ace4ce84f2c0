import { assert } from "../base/assert.ts";

/** Longest frame of any version, header included, in bytes. */
export const MAX_FRAME_BYTES = 4096;

/** Opcodes from here on are never accepted. */
export const MAX_OPCODE = 1024;

/** The sizes that a peer's frames may have, by opcode. An opcode that was never allowed is unknown. */
export class FrameTable {
  /** Shortest allowed frame in bytes, header included; 0 for an unknown opcode. */
  readonly minBytes: Uint16Array = new Uint16Array(MAX_OPCODE);
  readonly maxBytes: Uint16Array = new Uint16Array(MAX_OPCODE);

  /** Accepts frames of `opcode` that are `minBytes` to `maxBytes` long (the same by default). */
  allow(opcode: number, minBytes: number, maxBytes: number = minBytes): void {
    assert(opcode >= 0 && opcode < MAX_OPCODE, "opcode is below MAX_OPCODE");
    assert(
      minBytes >= 12 && minBytes <= maxBytes && maxBytes <= MAX_FRAME_BYTES,
      "sizes are 12 to MAX_FRAME_BYTES",
    );
    this.minBytes[opcode] = minBytes;
    this.maxBytes[opcode] = maxBytes;
  }
}
