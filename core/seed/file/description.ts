import { z } from "zod";
import { parsePlan } from "../plan/plan.ts";
import type { Plan } from "../plan/plan_schema.ts";

const whole = z.int().min(0);

const schema = z.strictObject({
  /** The same in all files that were made together. */
  set: z.string().regex(/^[0-9a-f]{32}$/),
  madeAt: z.iso.datetime(),
  host: z.strictObject({ id: z.string(), index: whole }),
  /** Wave's index, sponsor's number, first id, tickets, sum in fen. */
  groups: z.array(z.tuple([whole, whole, whole, whole, whole])),
  /** This host's part: sponsor's number, resource, greetings a second, in all. */
  greetings: z.array(z.tuple([whole, whole, z.number(), whole])),
  /** Only if these tickets take the place of those of a lost file: its hash, the fence, and which of its ids. */
  reissue: z.strictObject({
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    fence: z.iso.datetime(),
    /** Sponsor's number, first and last id, sum in fen. */
    ranges: z.array(z.tuple([whole, whole, whole, whole])),
  }).exactOptional(),
  /** The whole plan, as it was written. */
  plan: z.unknown(),
});

/** What a seed file says of itself besides its tickets. */
export type Description = Omit<z.output<typeof schema>, "plan"> & { readonly plan: Plan };
/** The same as it is written, with the plan as its author wrote it. */
export type WrittenDescription = z.input<typeof schema>;

export function encodeDescription(description: WrittenDescription): Uint8Array {
  const text = JSON.stringify(description);
  // Blocks begin at a multiple of 16, so that they can be read as words.
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / 16) * 16).fill(0x20);
  padded.set(bytes);
  return padded;
}

/** @throws Error that says what is wrong */
export function decodeDescription(bytes: Uint8Array, place: string): Description {
  const result = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (!result.success) throw new Error(z.prettifyError(result.error));
  return { ...result.data, plan: parsePlan(result.data.plan, `${place}: plan`) };
}

/** The plan of a description that is right, as it was written. */
export function planOf(bytes: Uint8Array): unknown {
  return (JSON.parse(new TextDecoder().decode(bytes)) as { plan: unknown }).plan;
}
