import { z } from "zod";
import { didYouMean } from "../base/did_you_mean.ts";
import { flag, type Flags } from "../cli/flags.ts";
import { type Command, commandOf } from "../cli/command/command.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { KeyFolder } from "./file/keys.ts";

export const KEYS_FLAG = flag("DIR", "folder of keys", z.string().default("keys"));
const FLAGS = { keys: KEYS_FLAG, json: JSON_FLAG } satisfies Flags;

const WORDS = {
  new: "makes the key that signs, and trusts it",
  rotate: "replaces it by another; what it has signed stays trusted until distrust",
  list: "shows who is trusted",
  trust: "takes what the public key in FILE.pem has signed",
  distrust: "takes nothing that the key with this ID has signed any more",
};

/** `redpkt seed key`, and the same of other commands whose keys sign something else. */
export function keyCommand(name: string, what: string): Command {
  return commandOf({
    name,
    about: `Keys that sign ${what}.\n\n` +
      "DIR/signing.pem belongs where they are made, and nowhere else. Access hosts need DIR/trusted alone.",
    takes: "ACTION [FILE.pem|ID]",
    words: WORDS,
    flags: FLAGS,
    examples: [
      { line: `redpkt ${name} new`, shows: "makes keys/signing.pem, and trusts it" },
      { line: `redpkt ${name} list`, shows: "whose signatures count" },
    ],
  }, (host, values, [action, ...operands]) => {
    const folder = new KeyFolder(values.keys, `redpkt ${name}`);
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
      case undefined:
        throw new UserError(`key: give one of ${Object.keys(WORDS).join(", ")}`);
      default: {
        const names = Object.keys(WORDS);
        throw new UserError(`key ${action}: no such action.${didYouMean(action, names)}`);
      }
    }
  });
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
