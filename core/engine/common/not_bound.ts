import { UserError } from "../../base/user_error.ts";

/** What stands in the way of listening on an address. */
export type BindProblem = "taken" | "forbidden" | "absent";

/** In the words of a server whose port somebody has. */
export const PORT_TAKEN = "the port is taken";

/** The error for a user whose server can't listen where it should. */
export function notBound(
  problem: BindProblem | undefined,
  host: string,
  port: number,
  other: string,
): UserError {
  const advice: Record<BindProblem, string> = {
    taken: `${PORT_TAKEN}. Choose another with --port, or stop what uses it`,
    forbidden: "no permission. Choose a port above 1023 with --port",
    absent: "this host has no such address. Choose another with --host",
  };
  const why = problem === undefined ? `the system refused (${other})` : advice[problem];
  return new UserError(`Cannot listen on ${host}:${port}: ${why}`);
}
