import { z } from "zod";
import { flag } from "../../cli/flags.ts";
import type { Host } from "../../cli/host.ts";
import { UserError } from "../../base/user_error.ts";

export const CLAIMS_FLAG = flag(
  "DIR",
  "where the second copy of each seed file's claim is kept [a state directory of the user's]",
  z.string().min(1).optional(),
);

/**
 * The directory with the second copy of each claim: as given, else the service manager's or the user's for state, the same
 * for all servers of the user.
 *
 * @throws UserError if there is none
 */
export function claimsDirectory(host: Pick<Host, "env">, given: string | undefined): string {
  if (given !== undefined) return given;
  // A unit with several state directories names all of them.
  const [ofUnit] = (host.env("STATE_DIRECTORY") ?? "").split(":");
  if (ofUnit !== "") return `${ofUnit}/claims`;
  const xdg = host.env("XDG_STATE_HOME");
  // The specification says to ignore a path that isn't absolute.
  if (xdg?.startsWith("/")) return `${xdg}/redpkt/claims`;
  const windows = host.env("LOCALAPPDATA");
  if (windows !== undefined) return `${windows}/redpkt/claims`;
  const home = host.env("HOME");
  if (home !== undefined && home !== "") return `${home}/.local/state/redpkt/claims`;
  throw new UserError("--claims: there is no state directory here (no HOME). Name one: --claims DIR");
}
