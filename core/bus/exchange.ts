import { z } from "zod";

/** Of what a host and a console say to each other over the admin API. */
export const EXCHANGE_VERSION = 1;

const subject = z.string().min(3).max(200);
const message = z.strictObject({ subject, from: z.string().min(1).max(64), text: z.string().max(65_536) });

/** What one side offers and tells; values and messages are UTF-8 text. */
export const exchangeBody = z.strictObject({
  schemaVersion: z.literal(EXCHANGE_VERSION),
  values: z.array(z.strictObject({ subject, text: z.string().max(1 << 20) })).max(10),
  messages: z.array(message).max(100),
});

/** What the other side holds, and has to say. */
export const exchangeAnswer = z.object({
  schemaVersion: z.literal(EXCHANGE_VERSION),
  values: z.array(z.object({ subject, text: z.string() })).max(10),
  messages: z.array(message).max(1_000),
});

export type ExchangeBody = z.infer<typeof exchangeBody>;
export type ExchangeAnswer = z.infer<typeof exchangeAnswer>;
