import { z } from "zod";

/** What users do besides shaking: the same on all hosts, changed by phases. */
export const behaviourSchema = z.strictObject({
  /** Packets and chats a second of all users together; version 1 only. */
  sendsPerS: z.int().min(0).max(1_000_000).default(0),
  chatsPerS: z.int().min(0).max(1_000_000).default(0),
  /** Amount of a packet in fen, and its shares. */
  sendFen: z.int().min(1).max(0xffff_ffff).default(1_000),
  shares: z.int().min(1).max(10_000).default(3),
  /** User `u` is in group `1 + floor(u / groupSize)` and sends to it; 0: to the three users with the next ids. */
  groupSize: z.int().min(0).max(100_000).default(0),
  /** How many of a hundred notices are answered with a claim, and how long after, in ms. */
  claimPercent: z.number().min(0).max(100).default(100),
  claimAfterMs: z.tuple([z.number().min(0), z.number().max(86_400_000)]).default([0, 0])
    .refine(([least, most]) => least <= most, "must be the least and the most"),
  /** How many of a hundred version 1 users open what they win, and how long after, in ms; the others never do. */
  openPercent: z.number().min(0).max(100).default(100),
  openAfterMs: z.tuple([z.number().min(0), z.number().max(86_400_000)]).default([0, 0])
    .refine(([least, most]) => least <= most, "must be the least and the most"),
});

export type Behaviour = z.infer<typeof behaviourSchema>;

/** Shakes and quick claims only. */
export const DEFAULT_BEHAVIOUR: Behaviour = behaviourSchema.parse({});
