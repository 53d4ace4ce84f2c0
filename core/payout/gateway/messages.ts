import { z } from "zod";

/** Where payments are, below a gateway's address. */
export const PAYMENTS_PATH = "/v1/payments";

/** The body of `POST /v1/payments`; the key stands in its header too. */
export const payRequest = z.strictObject({
  key: z.string().min(1).max(200),
  user: z.int().min(0).max(0xffff_ffff),
  amountFen: z.int().positive(),
});

/** What a gateway says of a payment it has decided; further fields are its own business. */
export const decided = z.object({
  key: z.string(),
  user: z.number(),
  amountFen: z.number(),
  outcome: z.enum(["paid", "refused"]),
  reason: z.string().max(500).optional(),
});

/** What it says of a key that it has never taken. */
export const notFound = z.object({ key: z.string(), outcome: z.literal("notFound") });

export type Decided = z.infer<typeof decided>;
