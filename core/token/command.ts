import { z } from "zod";
import { flag, type Flags, helpText, parseFlags, switchFlag, wholeNumber } from "../cli/flags.ts";
import type { Command } from "../cli/host.ts";
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
} satisfies Flags;

/** `redpkt token`: what users log in with, for rehearsals and for trying things out. */
export const command: Command = {
  summary: "makes tokens that users log in with, and keys for them",
  run(host, args) {
    const { values, operands, wantsHelp } = parseFlags(args, TOKEN_FLAGS);
    if (wantsHelp) {
      host.out(
        helpText("redpkt token [FLAGS]", "Makes tokens, one a line: user, token in hex.", TOKEN_FLAGS),
      );
      return Promise.resolve(ExitCode.ok);
    }
    if (operands.length > 0) throw new UserError(`${operands.join(" ")}: redpkt token takes flags only`);
    if (values["new-key"]) {
      host.out(`${Math.floor(host.clock.wallMs() / 1000)} ${systemBytes(SECRET_BYTES).toHex()}\n`);
      return Promise.resolve(ExitCode.ok);
    }
    if (values.keys === undefined) {
      throw new UserError("--keys FILE is missing. Make one: redpkt token --new-key > keys.txt");
    }
    const tokens = new Tokens({ keys: readTokenKeys(values.keys, "--keys"), event: values.event });
    const expiresMs = host.clock.wallMs() + values.hours * HOUR_MS;
    for (let user = values.users.first; user <= values.users.last; user++) {
      host.out(`${user} ${tokens.make(user, Math.floor(expiresMs)).toHex()}\n`);
    }
    return Promise.resolve(ExitCode.ok);
  },
};
