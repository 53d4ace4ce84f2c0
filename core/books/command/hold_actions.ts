import { z } from "zod";
import { formatCount, formatYuan } from "../../base/units.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { flag, type Flags, type FlagValues } from "../../cli/flags.ts";
import type { Host } from "../../cli/host.ts";
import { writeResult } from "../../cli/json_output.ts";
import type { ActResult, BooksAct, HoldTarget } from "../account/holds.ts";
import { withBooks } from "./with_books.ts";

const MAX_ID = 0xffff_ffff;

/** One id, or a range of them. */
const ids = z.string().transform((text, context): readonly [first: number, last: number] => {
  const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
  const first = Number(match?.[1] ?? NaN);
  const last = Number(match?.[2] ?? match?.[1] ?? NaN);
  if (first <= last && last <= MAX_ID) return [first, last];
  context.addIssue({ code: "custom", message: "must be an id or a range of them, such as 17 or 100-199" });
  return z.NEVER;
}).optional();

/** Flags of `redpkt books hold|release|revoke`. */
export const HOLD_FLAGS = {
  users: flag("A-B", "hold, release: users, one id or a range", ids),
  packets: flag("A-B", "hold, release, revoke: packets, one id or a range", ids),
  reason: flag(
    "TEXT",
    "hold, release, revoke: why, for those who read it later",
    z.string().min(1).optional(),
  ),
} satisfies Flags;

interface Options extends FlagValues<typeof HOLD_FLAGS> {
  readonly books: string;
  readonly json: boolean;
}

/** Users or packets, and why. @throws UserError with all that is missing */
function targetOf(
  act: BooksAct["act"],
  { users, packets, reason }: Options,
): HoldTarget & { reason: string } {
  const problems: string[] = [];
  if (act === "revoke" && users !== undefined) problems.push("--users: packets alone can be revoked");
  const target = users ?? packets;
  if (target === undefined || (users !== undefined && packets !== undefined)) {
    problems.push(act === "revoke" ? "--packets: is missing" : "give one of --users and --packets");
  }
  if (reason === undefined) problems.push('--reason: is missing, such as --reason "a suspect"');
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  const [first, last] = target!;
  return { kind: users === undefined ? "packet" : "user", first, last, reason: reason! };
}

export function hold(host: Host, options: Options): Promise<number> {
  const { reason, ...target } = targetOf("hold", options);
  return withBooks(options.books, async ({ holds }) => {
    const result = await holds.hold(target, reason, host.clock.wallMs());
    return report(host, options, "held", target, result);
  });
}

export function release(host: Host, options: Options): Promise<number> {
  const { reason, ...target } = targetOf("release", options);
  return withBooks(options.books, async ({ holds }) => {
    const result = await holds.release(target, reason, host.clock.wallMs());
    if (result !== undefined) return report(host, options, "released", target, result);
    const inForce = (await holds.holds()).slice(0, 20).map(targetWords);
    throw new UserError(
      `${targetWords(target)}: there is no hold of exactly these. There are ${inForce.join("; ") || "none"}`,
    );
  });
}

export function revoke(host: Host, options: Options): Promise<number> {
  const { reason, ...target } = targetOf("revoke", options);
  return withBooks(options.books, async ({ holds }) => {
    const result = await holds.revoke(target.first, target.last, reason, host.clock.wallMs());
    return report(host, options, "revoked", target, result);
  });
}

/** What operators did, and what is held now. */
export function journal(host: Host, { books: url, json }: Options): Promise<number> {
  return withBooks(url, async ({ holds }) => {
    const acts = await holds.journal();
    const inForce = await holds.holds();
    writeResult(host, json, { acts, holds: inForce }, () =>
      [
        ...acts.map(({ act, wallMs, awards, fen, reason, ...target }) =>
          `${new Date(wallMs).toISOString()} ${act} ${targetWords(target)}: ` +
          `${formatCount(awards)} awards, ${formatYuan(fen)}: ${reason}`
        ),
        ...inForce.map((hold) => `held now: ${targetWords(hold)}: ${hold.reason}`),
        ...(acts.length === 0 ? ["nobody has held, released or revoked anything"] : []),
      ].map((line) => `${line}\n`).join(""));
    return ExitCode.ok;
  });
}

function report(host: Host, { json }: Options, done: string, target: HoldTarget, result: ActResult): number {
  const { awards, fen, tooLate } = result;
  const late = tooLate === 0
    ? ""
    : `; too late for ${formatCount(tooLate)} that are paid, or that the gateway may have`;
  writeResult(
    host,
    json,
    { ...target, ...result },
    () => `${targetWords(target)} ${done}: ${formatCount(awards)} awards, ${formatYuan(fen)}${late}\n`,
  );
  return ExitCode.ok;
}

function targetWords({ kind, first, last }: HoldTarget): string {
  return first === last ? `${kind} ${first}` : `${kind}s ${first} to ${last}`;
}
