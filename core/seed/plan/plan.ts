import { UserError } from "../../base/user_error.ts";
import { checkPlan } from "./plan_checks.ts";
import { type Plan, planFields, planSchema } from "./plan_schema.ts";

/**
 * Checks a plan.
 *
 * @param place what the plan was read from, for messages
 * @throws UserError that lists everything that is wrong with it
 */
export function parsePlan(json: unknown, place: string): Plan {
  const result = planSchema.safeParse(json);
  const problems = (result.error?.issues ?? []).map(({ path, message }) =>
    `${place}: ${path.length === 0 ? "" : `${path.join(".")}: `}${message}`
  );
  // What fits by itself is checked against the rest at the same time, so that nobody corrects a plan in two rounds.
  const whole = json instanceof Object ? json as Record<string, unknown> : {};
  const parts = Object.entries(planFields).map(([name, field]) => [name, field.safeParse(whole[name]).data]);
  problems.push(...checkPlan(Object.fromEntries(parts)).map((problem) => `${place}: ${problem}`));
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return result.data!;
}

/**
 * Reads a plan's file.
 *
 * @throws UserError if it can't be read or is wrong
 */
export async function readPlan(path: string): Promise<{ plan: Plan; json: unknown }> {
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new UserError(`${path}: ${error instanceof SyntaxError ? "is no JSON" : "cannot be read"}: ${why}`);
  }
  return { plan: parsePlan(json, path), json };
}
