import type { KeyObject } from "node:crypto";
import { UserError } from "../../base/user_error.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import type { HostList } from "./host_list.ts";
import { readSignedList, type SignedList } from "./signed_list.ts";
import { type ListFault, ListRefused } from "./split_signed.ts";

/** What a look at the file came to; undefined: nothing has changed. */
export type ListNews =
  | { readonly is: "newer"; readonly list: HostList }
  | { readonly is: "refused"; readonly fault: ListFault; readonly why: string };

/** A signed host list in a file that whoever runs the event replaces while programs run. */
export class HostListFile {
  /** The list that counts. */
  list: HostList;
  readonly #path: string;
  readonly #trusted: ReadonlyMap<string, KeyObject>;
  #text: string;

  /**
   * @param keys folder of those whose lists count
   * @throws UserError if there is no list that counts
   */
  constructor(path: string, keys: string, flags = { list: "--hosts", keys: "--hosts-keys" }) {
    this.#path = path;
    this.#trusted = trustedKeys(keys, flags.keys);
    this.#text = readText(path, flags.list);
    try {
      this.list = this.#read().list;
    } catch (error) {
      if (!(error instanceof ListRefused)) throw error;
      throw new UserError(
        error.message.split("\n").map((line) => `${flags.list} ${path}: ${line}`).join("\n"),
      );
    }
  }

  /** Looks at the file again. What is refused is told once. */
  look(): ListNews | undefined {
    let text: string;
    try {
      text = Deno.readTextFileSync(this.#path);
    } catch {
      return undefined; // it is being replaced, or will be back: the list that is known goes on
    }
    if (text === this.#text) return undefined;
    this.#text = text;
    try {
      const { list } = this.#read(this.list);
      if (list.version === this.list.version) return undefined;
      this.list = list;
      return { is: "newer", list };
    } catch (error) {
      if (!(error instanceof ListRefused)) throw error;
      return { is: "refused", fault: error.fault, why: error.message };
    }
  }

  #read(before?: HostList): SignedList {
    return readSignedList(this.#text, this.#trusted, before);
  }
}

/** @throws UserError if nobody is trusted */
function trustedKeys(folder: string, flag: string): ReadonlyMap<string, KeyObject> {
  const trusted = new KeyFolder(folder, "redpkt hosts key").trusted();
  if (trusted.size > 0) return trusted;
  throw new UserError(`${flag} ${folder}: holds no trusted key. Make one: redpkt hosts key new --keys DIR`);
}

function readText(path: string, flag: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UserError(
      `${flag} ${path}: cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
