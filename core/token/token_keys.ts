import { UserError } from "../base/user_error.ts";

const LEAST_SECRET_BYTES = 16;

/** A secret that tokens are made with. */
export interface TokenKey {
  readonly id: number;
  readonly secret: Uint8Array;
}

/** Who may log in: the keys, the first of which makes new tokens, and the event that tokens are for. */
export interface TokenRules {
  readonly keys: readonly TokenKey[];
  readonly event: string;
}

/**
 * Reads a file of keys, `ID SECRET` a line with the secret in hex; empty lines and those that begin with `#` don't count.
 *
 * @param flag the flag that names the file, for the message
 * @throws UserError that lists every bad line
 */
export function readTokenKeys(path: string, flag: string): TokenKey[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    throw new UserError(`${flag} ${path}: cannot be read: ${reason}`);
  }
  const keys: TokenKey[] = [];
  const problems: string[] = [];
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "" || line.startsWith("#")) return;
    const found = parseKey(line);
    if (typeof found === "string") problems.push(`${path}:${i + 1}: ${found}`);
    else if (keys.some(({ id }) => id === found.id)) {
      problems.push(`${path}:${i + 1}: key ${found.id} is there already`);
    } else keys.push(found);
  });
  if (problems.length === 0 && keys.length === 0) problems.push(`${path}: holds no key`);
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return keys;
}

function parseKey(line: string): TokenKey | string {
  const match = line.trim().match(/^(\d{1,10})\s+((?:[0-9a-fA-F]{2})+)$/);
  if (match === null || Number(match[1]) > 0xffff_ffff) {
    return "must be an id and a secret in hex, such as 1 00112233445566778899aabbccddeeff";
  }
  const secret = Uint8Array.fromHex(match[2]);
  if (secret.length < LEAST_SECRET_BYTES) return `the secret must have at least ${LEAST_SECRET_BYTES} bytes`;
  return { id: Number(match[1]), secret };
}
