import { z } from "zod";
import { flag, type Flags, switchFlag, wholeNumber } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { MAX_USER, parseUsers } from "../base/segment.ts";
import { systemBytes } from "../base/random.ts";
import { Tokens } from "./token.ts";
import { readTokenKeys } from "./token_keys.ts";

const HOUR_MS = 3_600_000;
const SECRET_BYTES = 32;

const users = z.string().transform((text, context) => {
  const parsed = parseUsers(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: `must be a range of ids up to ${MAX_USER}, such as 0-999` });
  return z.NEVER;
});

/** The flags of `redpkt token`. */
export const TOKEN_FLAGS = {
  keys: flag("FILE", "keys, ID SECRET a line; the first makes the tokens", z.string().optional()),
  event: flag("NAME", "the event that tokens are for", z.string().default("")),
  users: flag("A-B", "ids of the users [0-0]", users.prefault("0-0")),
  hours: flag("N", "how long the tokens are good", wholeNumber(1, 24 * 366).default(24)),
  "new-key": switchFlag("prints a line with a new key, to put first into a file of keys"),
  json: JSON_FLAG,
} satisfies Flags;

/** `redpkt token`: what users log in with, for rehearsals and for trying things out. */
export const command = commandOf({
  name: "token",
  about: "Makes tokens, one a line: user, token in hex.",
  flags: TOKEN_FLAGS,
  examples: [
    { line: "redpkt token --new-key", shows: "a line for a file of keys, such as keys.txt" },
    {
      line: "redpkt token --keys keys.txt --users 0-9 --event gala",
      shows: "tokens of ten users for one event",
    },
  ],
}, (host, values) => {
  if (values["new-key"]) {
    const key = {
      id: String(Math.floor(host.clock.wallMs() / 1000)),
      secret: systemBytes(SECRET_BYTES).toHex(),
    };
    writeResult(host, values.json, key, () => `${key.id} ${key.secret}\n`);
    return ExitCode.ok;
  }
  if (values.keys === undefined) {
    throw new UserError("--keys FILE is missing. Make one: redpkt token --new-key > keys.txt");
  }
  const tokens = new Tokens({ keys: readTokenKeys(values.keys, "--keys"), event: values.event });
  const expiresMs = Math.floor(host.clock.wallMs() + values.hours * HOUR_MS);
  const { first, last } = values.users;
  const tokenOf = (user: number) => tokens.make(user, expiresMs).toHex();
  if (values.json) {
    const made = Array.from({ length: last - first + 1 }, (_, i) => ({
      user: first + i,
      token: tokenOf(first + i),
    }));
    writeResult(host, true, { event: values.event, expiresMs, tokens: made }, () => "");
    return ExitCode.ok;
  }
  // A line at a time: millions of them needn't be in memory together.
  for (let user = first; user <= last; user++) host.out(`${user} ${tokenOf(user)}\n`);
  return ExitCode.ok;
});
