import { z } from "../../core/plugin/plugin.ts";

const ms = z.int().min(0).max(3_600_000).default(0);

/** What an operator may set; all of it can be changed while the host runs. */
export const config = z.strictObject({
  /** Whether users are told of the waves of a seed file; without it only of what an operator orders. */
  waves: z.boolean().default(false),
  /** All connections of a SET are told of a change within this time, evenly; those who ask anything hear earlier. */
  spreadMs: z.int().min(20).max(60_000).default(4_500),
  /** The policy that the host begins with; all 0 is none. */
  minShakeMs: ms,
  jitterMs: ms,
  retryFirstMs: ms,
  retryMostMs: ms,
});

export type CueConfig = z.infer<typeof config>;
