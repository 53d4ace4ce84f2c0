import { z } from "../../../core/plugin/plugin.ts";

/** What an operator may set. */
export const config = z.strictObject({
  /** How long a packet can be claimed, in seconds; what is left then goes back to its sender. */
  expiresS: z.int().min(1).max(366 * 86_400).default(86_400),
  /** Largest amount of one packet, in fen, and most shares. */
  mostAmountFen: z.int().min(1).max(0xffff_ffff).default(2_000_000),
  mostShares: z.int().min(1).max(10_000).default(10_000),
  /** Chats that each SET passes on to members, a second; chats beyond are answered "overloaded". */
  chatTellsPerS: z.int().min(1).max(100_000_000).default(100_000),
  /** How long a user who is told "busy" is asked to wait, in ms. */
  retryMs: z.int().min(1).max(3_600_000).default(200),
});

export type SendConfig = z.infer<typeof config>;
