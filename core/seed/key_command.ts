import { z } from "zod";
import { didYouMean } from "../base/did_you_mean.ts";
import { flag, type Flags, helpText, parseFlags } from "../cli/flags.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { KeyFolder } from "./file/keys.ts";

export const KEYS_FLAG = flag("DIR", "folder of keys", z.string().default("keys"));
const FLAGS = { keys: KEYS_FLAG, json: JSON_FLAG } satisfies Flags;

const usage = (command: string) => `${command} new|rotate|list|trust FILE.pem|distrust ID [FLAGS]`;
const about = (what: string) =>
  `Keys that sign ${what}.\n\n` +
  "  new            makes the key that signs, and trusts it\n" +
  "  rotate         replaces it by another; what it has signed stays trusted until distrust\n" +
  "  list           shows who is trusted\n" +
  "  trust FILE     takes what this public key has signed\n" +
  "  distrust ID    takes none of them any more\n\n" +
  "DIR/signing.pem belongs where they are made, and nowhere else. Access hosts need DIR/trusted alone.";

/** `redpkt seed key`, and the same of other commands whose keys sign something else. */
export function runKey(
  host: Host,
  args: readonly string[],
  command = "redpkt seed key",
  what = "seed files",
): number {
  const { values, operands: [action, ...operands], wantsHelp } = parseFlags(args, FLAGS);
  if (wantsHelp || action === undefined) {
    host.out(helpText(usage(command), about(what), FLAGS));
    return wantsHelp ? ExitCode.ok : ExitCode.usage;
  }
  const folder = new KeyFolder(values.keys, command);
  const operand = (what: string) => {
    if (operands.length !== 1) throw new UserError(`key ${action}: give ${what}`);
    return operands[0];
  };
  const nothingElse = () => {
    if (operands.length > 0) throw new UserError(`key ${action}: ${operands.join(" ")}: takes flags only`);
  };
  const say = (result: object, text: string) => writeResult(host, values.json, result, () => text);
  switch (action) {
    case "new":
    case "rotate": {
      nothingElse();
      const key = folder.make(action === "rotate");
      say({ key, state: "signs" }, `key ${key} signs from now on\n`);
      return ExitCode.ok;
    }
    case "list": {
      nothingElse();
      const keys = listed(folder);
      say({ folder: folder.path, keys }, listText(folder, keys));
      return ExitCode.ok;
    }
    case "trust": {
      const path = operand("the file of a public key, such as trusted/0011223344556677.pem");
      const key = folder.trust(readText(path), path);
      say({ key, state: "trusted" }, `key ${key} is trusted from now on\n`);
      return ExitCode.ok;
    }
    case "distrust": {
      const id = operand("the id of a key");
      folder.distrust(id);
      say({ key: id, state: "distrusted" }, `key ${id} is trusted no more\n`);
      return ExitCode.ok;
    }
    default: {
      const names = ["new", "rotate", "list", "trust", "distrust"];
      throw new UserError(`key ${action}: no such action.${didYouMean(action, names)}`);
    }
  }
}

interface ListedKey {
  readonly id: string;
  readonly signs: boolean;
}

function listed(folder: KeyFolder): ListedKey[] {
  const signing = folder.signing()?.id;
  return [...folder.trusted().keys()].sort().map((id) => ({ id, signs: id === signing }));
}

function listText(folder: KeyFolder, keys: readonly ListedKey[]): string {
  const lines = keys.map(({ id, signs }) => `${id}  trusted${signs ? ", signs" : ""}\n`);
  return lines.length === 0 ? `no key is trusted in ${folder.path}\n` : lines.join("");
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UserError(`${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
