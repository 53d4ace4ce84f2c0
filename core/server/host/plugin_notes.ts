import { UserError } from "../../base/user_error.ts";

/** What a plugin's half keeps for its next start, by plugin: small JSON, durable when `write` returns. */
export interface PluginNotes {
  read(plugin: string): unknown;
  write(plugin: string, value: unknown): void;
}

/** Notes that end with the process. */
export class MemoryNotes implements PluginNotes {
  readonly #texts = new Map<string, string>();

  read(plugin: string): unknown {
    const text = this.#texts.get(plugin);
    return text === undefined ? undefined : JSON.parse(text);
  }

  write(plugin: string, value: unknown): void {
    this.#texts.set(plugin, JSON.stringify(value));
  }
}

/** Notes as files of a folder, such as the ledger's. */
export class FileNotes implements PluginNotes {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  read(plugin: string): unknown {
    try {
      return JSON.parse(Deno.readTextFileSync(this.#path(plugin)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw new UserError(`${this.#path(plugin)}: cannot be read: ${(error as Error).message}`);
    }
  }

  write(plugin: string, value: unknown): void {
    const path = this.#path(plugin);
    const file = Deno.openSync(`${path}.new`, { write: true, create: true, truncate: true });
    const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
    file.close();
    Deno.renameSync(`${path}.new`, path);
  }

  #path(plugin: string): string {
    return `${this.#directory}/plugin-${plugin}.json`;
  }
}
