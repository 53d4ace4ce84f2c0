import { z } from "zod";
import { moneyPlaceSchema } from "./money_places.ts";

/** A wave as a server tells it, and over all servers that play a part of it. */
export const waveSumSchema = z.object({
  wave: z.string(),
  /** One word if all servers say the same, else what each kind of them says. */
  state: z.string(),
  start: z.string(),
  end: z.string(),
  tickets: z.number(),
  released: z.number(),
  behindMs: z.number(),
});
export type WaveSum = Readonly<z.output<typeof waveSumSchema>>;

/** Where the money is, as the servers themselves said a few seconds ago; as a record holds it, too. */
export const moneyViewSchema = z.object({
  atMs: z.number(),
  /** Servers that told, and those that are live. */
  told: z.number(),
  asked: z.number(),
  /**
   * Sums of accounts over all servers, in fen, by the accounts' own names: one that is new with a later server is added
   * up and shown too.
   */
  sums: z.record(z.string(), z.number()),
  /** The same as people call them. */
  accounts: z.array(z.object({ words: z.string(), fen: z.number() })),
  /** Must be 0: every fen is in one account. */
  sumFen: z.number(),
  /** By sponsor and wave, those with most in the pool first, and all of them together. */
  places: z.array(moneyPlaceSchema),
  inAll: moneyPlaceSchema,
  /** Rows that servers had no room to tell. */
  placesLeftOut: z.number(),
  waves: z.array(waveSumSchema),
});
export type MoneyView = Readonly<z.output<typeof moneyViewSchema>>;
