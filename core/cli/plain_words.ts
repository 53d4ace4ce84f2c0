import { z } from "zod";

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
};

/** What is wrong with a value, in words that follow its name; undefined where zod's own do. */
function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is missing";
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `must ${
        sizeOf(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum)
      }`;
    case "too_big":
      return `must ${
        sizeOf(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum)
      }`;
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.join(", ")}`;
  }
  return undefined;
}

function sizeOf(origin: string, bound: string, size: number | bigint): string {
  if (origin === "string") return `have ${bound} ${size} characters`;
  if (origin === "array" || origin === "set") return `have ${bound} ${size} entries`;
  return `be ${bound} ${size}`;
}

/** From now on a value that a schema refuses is told of in words for users, as everything else is. */
export function speakPlainly(): void {
  z.config({ customError: plainWords });
}
