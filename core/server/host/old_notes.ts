import { UserError } from "../../base/user_error.ts";

/**
 * What a plugin has noted in a file beside the ledger before its orders were entries; undefined if there is nothing.
 * Nobody writes such a file any more.
 *
 * @param directory the ledger's; undefined for one in memory
 * @throws UserError if it is there and can't be read
 */
export function readOldNote(directory: string | undefined, plugin: string): unknown {
  if (directory === undefined) return undefined;
  const path = `${directory}/plugin-${plugin}.json`;
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`${path}: cannot be read: ${(error as Error).message}`);
  }
}
