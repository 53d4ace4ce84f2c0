import { Buffer } from "node:buffer";
import type { Random } from "../../base/random.ts";

/** A name for the files that are made together: 32 hexadecimal digits. */
export function drawSetId(random: Random): string {
  return Buffer.from(Uint32Array.from({ length: 4 }, () => random.uint32()).buffer).toString("hex");
}
