import type { Engine } from "../../engine/common/engine.ts";
import { lengthOf, writeHeader } from "../../wire/frame_codec.ts";
import { HEADER_BYTES } from "../../wire/schema.ts";
import { keepPass } from "../../wire/v1/kept_passes.ts";
import { frames } from "../../wire/v1/frames.ts";
import { userIdOf, type UserSlice } from "../../base/segment.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import type { FleetTime } from "../state/fleet_time.ts";

/** Knuth's multiplicative hashing: users that hide their passes are spread over all ids. */
const MULTIPLIER = 0x9e37_79b1;
const AWARD_BYTES = 16;
/** Where the awards begin in what is kept: a pass without its header, which `carry` says again as it is. */
const AWARDS_AT = frames.pass.at.awards - HEADER_BYTES;

export interface FleetPassesParts {
  readonly engine: Engine;
  readonly slice: UserSlice;
  readonly block: Float64Array;
  readonly time: FleetTime;
  /** Part of the users, 0 to 1, that shows no pass. */
  readonly hide: number;
}

/** The passes of users who have won: kept, and shown after each login. */
export class FleetPasses {
  readonly #parts: FleetPassesParts;
  readonly #kept = new Map<number, Uint8Array[]>();

  constructor(parts: FleetPassesParts) {
    this.#parts = parts;
  }

  /** The frame `pass` at `view[at]` has come for a user. Returns whether it is theirs. */
  heard(user: number, view: DataView, at: number): boolean {
    const { slice, block } = this.#parts;
    if (view.getUint32(at + frames.pass.at.user) !== userIdOf(slice, user)) return false;
    block[M.passesHeard]++;
    const size = lengthOf(view, at) - HEADER_BYTES;
    const pass = new Uint8Array(view.buffer, view.byteOffset + at + HEADER_BYTES, size).slice();
    this.#kept.set(user, keepPass(this.#kept.get(user) ?? [], pass, idsOf));
    return true;
  }

  /** Shows a user's passes behind their login. */
  show(connection: number, user: number): void {
    const passes = this.#kept.get(user);
    if (passes === undefined) return;
    const { engine, block, time } = this.#parts;
    if (this.#hides(user)) {
      block[M.passesHidden] += passes.length;
      return;
    }
    for (const pass of passes) {
      const size = HEADER_BYTES + pass.length;
      const at = engine.reserve(connection, size);
      if (at < 0) return;
      const { bytes, view } = engine.output;
      writeHeader(frames.carry, view, at, time.wallMs, size);
      bytes.set(pass, at + HEADER_BYTES);
      engine.commit(connection, size);
      block[M.passesShown]++;
      block[M.bytesOut] += size;
    }
  }

  #hides(user: number): boolean {
    const { slice, hide } = this.#parts;
    return (Math.imul(userIdOf(slice, user), MULTIPLIER) >>> 0) < hide * 0x1_0000_0000;
  }
}

function idsOf(pass: Uint8Array): number[] {
  const view = new DataView(pass.buffer);
  const count = (pass.length - AWARDS_AT) / AWARD_BYTES;
  return Array.from({ length: count }, (_, i) => view.getUint32(AWARDS_AT + i * AWARD_BYTES));
}
