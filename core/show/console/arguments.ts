import { UserError } from "../../base/user_error.ts";
import type { ShowLimits, ShowPolicy } from "../document.ts";

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000 };

/** Reads a span such as `40s`, `1.5m`, `+40s` or `-10s`, in ms; undefined if it is none. */
export function parseSpan(text: string): number | undefined {
  const match = /^([+\-\u2212]?)(\d+(?:\.\d+)?)(ms|s|m|min|h)$/.exec(text);
  if (match === null) return undefined;
  return (match[1] === "" || match[1] === "+" ? 1 : -1) * Math.round(Number(match[2]) * UNIT_MS[match[3]]);
}

/** The same of an operand. @throws UserError */
export function spanOf(text: string | undefined, what: string): number {
  const ms = text === undefined ? undefined : parseSpan(text);
  if (ms === undefined) throw new UserError(`${what}: give a time such as 40s, +40s, -10s or 1.5m`);
  return ms;
}

/** `interval=10s jitter=500ms retry=500ms-30s`, or `none`. @throws UserError, all mistakes at once */
export function policyOf(words: readonly string[]): ShowPolicy | null {
  if (words.length === 1 && words[0] === "none") return null;
  const problems: string[] = [];
  const given = pairsOf(words, ["interval", "jitter", "retry"], "policy", problems);
  const span = (name: string, text: string | undefined): number => {
    const ms = text === undefined ? undefined : parseSpan(text);
    if (ms === undefined || ms < 0 || ms > 3_600_000) {
      problems.push(`policy: ${name}: give a time up to 1h, such as ${name}=500ms`);
    }
    return ms ?? 0;
  };
  const [first, most] = (given.get("retry") ?? "500ms-30s").split("-");
  const policy = {
    minShakeIntervalMs: span("interval", given.get("interval")),
    jitterMs: span("jitter", given.get("jitter") ?? "0ms"),
    retry: { firstMs: span("retry", first), mostMs: span("retry", most ?? first) },
  };
  if (policy.retry.firstMs < 1 || policy.retry.firstMs > policy.retry.mostMs) {
    problems.push("policy: retry: give the first and the longest pause, such as retry=500ms-30s");
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return policy;
}

const LIMITS = ["shakesPerS", "loginsPerS", "acceptsPerS", "connections"] as const;

/** `shakesPerS=50000 loginsPerS=none`. @throws UserError, all mistakes at once */
export function limitsOf(words: readonly string[]): Partial<ShowLimits> {
  const problems: string[] = [];
  const limits: Partial<Record<keyof ShowLimits, number | null>> = {};
  for (const [name, text] of pairsOf(words, LIMITS, "limits", problems)) {
    const number = text === "none" ? null : Number(text);
    if (number === null || (text !== "" && number >= 1 && number <= 100_000_000)) {
      limits[name as keyof ShowLimits] = number;
    } else problems.push(`limits: ${name}: must be a number from 1 to 100000000, or none`);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return limits;
}

/** One or more users. @throws UserError, all mistakes at once */
export function usersOf(action: string, operands: readonly string[]): number[] {
  const wrong = operands.filter((user) => !isUser(user));
  if (operands.length === 0) throw new UserError(`${action}: give one or more users`);
  if (wrong.length > 0) {
    throw new UserError(wrong.map((user) => `${action}: ${user}: must be a user's number`).join("\n"));
  }
  return operands.map(Number);
}

/** `100000-100099 7`, or `none`. @throws UserError, all mistakes at once */
export function rangesOf(what: string, words: readonly string[]): [number, number][] {
  if (words.length === 1 && words[0] === "none") return [];
  if (words.length === 0) throw new UserError(`${what}: give users, such as 7 or 100-199, or none`);
  const ranges = words.map((word) => word.split("-"));
  const wrong = words.filter((_, i) => {
    const [first, last = first, ...more] = ranges[i];
    return more.length > 0 || !isUser(first) || !isUser(last) || Number(first) > Number(last);
  });
  if (wrong.length > 0) {
    throw new UserError(wrong.map((word) => `${what}: ${word}: must be a user, or FIRST-LAST`).join("\n"));
  }
  return ranges.map(([first, last = first]) => [Number(first), Number(last)]);
}

function isUser(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= 0xffff_ffff;
}

function pairsOf(
  words: readonly string[],
  names: readonly string[],
  action: string,
  problems: string[],
): Map<string, string> {
  const pairs = words.map((word) => word.split("=") as [string, string?]);
  const wrong = pairs.filter(([name, value, ...more]) =>
    !names.includes(name) || value === undefined || more.length > 0
  );
  problems.push(
    ...wrong.map(([name]) => `${action}: ${name}: give ${names.map((one) => `${one}=...`).join(" ")}`),
  );
  if (words.length === 0) problems.push(`${action}: give ${names.map((one) => `${one}=...`).join(" ")}`);
  return new Map(pairs.filter((pair) => !wrong.includes(pair)) as [string, string][]);
}
