import { z } from "../../../core/plugin/plugin.ts";

/** A user's id. */
export const user = z.int().min(0).max(0xffff_ffff);

/** First and last of some users. */
export const userRange = z.tuple([user, user])
  .refine(([first, last]) => first <= last, "must be first and last user");

export function usersOf([first, last]: readonly [number, number]): Uint32Array {
  return Uint32Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
