import { z } from "zod";
import { type HttpAddress, parseHttpAddress } from "./serve.ts";

/** Reads the address of an HTTP API from a flag's text; `example` is what the message of a mistake shows. */
export function httpAddress(example: string) {
  return z.string().transform((text, context): HttpAddress => {
    const parsed = parseHttpAddress(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: `must be an address and a port such as ${example}` });
    return z.NEVER;
  });
}
