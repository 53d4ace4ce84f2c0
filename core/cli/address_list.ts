import { z } from "zod";

/** A list of addresses as flags take it: given once with commas, or several times. */
export function addressList<T>(
  parse: (texts: readonly string[]) => { readonly values: readonly T[] } | { readonly problem: string },
): z.ZodType<readonly T[]> {
  return z.array(z.string()).default([]).transform((texts, context) => {
    const list = parse(texts);
    if ("values" in list) return list.values;
    context.addIssue({ code: "custom", message: list.problem });
    return z.NEVER;
  });
}
