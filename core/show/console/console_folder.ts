import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { sleep } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import { syncFolder } from "../../ledger/disk/sync_folder.ts";
import { eventName, versionText } from "../document.ts";
import { readShow, ShowRefused, type SignedShow } from "../signed.ts";
import { Journal } from "./journal.ts";

/** Of the console's own files. */
const FOLDER_VERSION = 1;
/** How long a command waits for another one of the same console. */
const LOCK_TRIES = 50;
const LOCK_WAIT_MS = 100;

const stateSchema = z.object({
  schemaVersion: z.literal(FOLDER_VERSION),
  event: eventName,
  epoch: z.int().min(1),
  /** The last number that was used, counting or only prepared. */
  number: z.int().min(0),
});
const rosterSchema = z.array(z.object({ host: z.string(), city: z.string(), cluster: z.string() }));

export type ConsoleState = Omit<z.infer<typeof stateSchema>, "schemaVersion">;
/** A host that is expected to acknowledge. */
export type RosterHost = z.infer<typeof rosterSchema>[number];

/**
 * A console is a folder: whose epoch it is, every document that it has issued, which hosts it expects, and its journal.
 * Commands come and go; one at a time has the folder.
 */
export class ConsoleFolder {
  readonly path: string;
  readonly journal: Journal;
  /** Documents that were read before: their files never change. */
  readonly #known = new Map<string, SignedShow>();

  constructor(path: string) {
    this.path = path;
    this.journal = new Journal(`${path}/journal.jsonl`);
  }

  /** Keeps other commands of this console out until the returned function is called. */
  async lock(): Promise<() => void> {
    Deno.mkdirSync(`${this.path}/documents`, { recursive: true });
    const file = Deno.openSync(`${this.path}/lock`, { read: true, write: true, create: true });
    for (let tries = 0; !file.tryLockSync(true); tries++) {
      if (tries === LOCK_TRIES) {
        file.close();
        throw new UserError(`--console ${this.path}: another command of this console is at work. Try again`);
      }
      await sleep(LOCK_WAIT_MS);
    }
    return () => file.close();
  }

  /** Undefined for a folder that is no console yet. */
  get state(): ConsoleState | undefined {
    const text = this.#read("console.json");
    if (text === undefined) return undefined;
    const state = stateSchema.safeParse(parsed(text));
    if (!state.success) {
      throw new UserError(`${this.path}/console.json: is damaged. Take over with another folder`);
    }
    const { schemaVersion: _version, ...rest } = state.data;
    return rest;
  }

  writeState(state: ConsoleState): void {
    this.#write("console.json", JSON.stringify({ schemaVersion: FOLDER_VERSION, ...state }, null, 2));
  }

  get roster(): RosterHost[] {
    const text = this.#read("hosts.json");
    return (text === undefined ? undefined : rosterSchema.safeParse(parsed(text)).data) ?? [];
  }

  writeRoster(hosts: readonly RosterHost[]): void {
    const sorted = hosts.map(({ host, city, cluster }) => ({ host, city, cluster }))
      .sort((a, b) => a.host < b.host ? -1 : 1);
    this.#write("hosts.json", JSON.stringify(sorted, null, 2));
  }

  /** A document is about to be issued: durable when it returns. */
  keep(show: SignedShow): void {
    this.#write(`documents/${fileOf(show)}`, show.bytes);
  }

  /** The documents that were to count, oldest first. */
  history(trusted: ReadonlyMap<string, KeyObject>): SignedShow[] {
    const event = this.state?.event;
    if (event === undefined) return [];
    const names = [...Deno.readDirSync(`${this.path}/documents`)].map(({ name }) => name)
      .filter((name) => name.endsWith(".show")).sort();
    return names.flatMap((name) => {
      const known = this.#known.get(name);
      if (known !== undefined) return [known];
      try {
        const show = readShow(Deno.readFileSync(`${this.path}/documents/${name}`), trusted, event);
        this.#known.set(name, show);
        return [show];
      } catch (error) {
        if (error instanceof ShowRefused) return []; // its signer is trusted no more
        throw error;
      }
    });
  }

  #read(name: string): string | undefined {
    try {
      return Deno.readTextFileSync(`${this.path}/${name}`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw new UserError(`${this.path}/${name}: cannot be read: ${(error as Error).message}`);
    }
  }

  #write(name: string, content: string | Uint8Array): void {
    const path = `${this.path}/${name}`;
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    try {
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      {
        using file = Deno.openSync(`${path}.new`, { write: true, create: true, truncate: true });
        for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
        file.syncSync();
      }
      Deno.renameSync(`${path}.new`, path);
      syncFolder(path.slice(0, path.lastIndexOf("/")));
    } catch (error) {
      throw new UserError(`${path}: cannot be written: ${(error as Error).message}`);
    }
  }
}

/** Sorted by name they are sorted by version. */
function fileOf({ document: { epoch, number } }: SignedShow): string {
  return `${String(epoch).padStart(10, "0")}-${String(number).padStart(10, "0")}.show`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of the documents of a console, oldest first, those that have counted: a later one came before the time of the others. */
export function countedOf(history: readonly SignedShow[], nowMs: number): SignedShow[] {
  return history.filter(({ document }, i) =>
    document.activateMs! <= (history[i + 1]?.document.issuedMs ?? nowMs)
  );
}

/** A version as people give it, such as `2.17`. */
export function isVersion(show: SignedShow, text: string): boolean {
  return versionText(show.document) === text;
}
