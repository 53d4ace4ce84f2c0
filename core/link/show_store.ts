import { syncFolder } from "../ledger/disk/sync_folder.ts";

/** Which of the two documents that a host keeps. */
export type KeptShow = "newest" | "active";

/** Where a host keeps its documents: what was written is durable when the call returns. */
export interface ShowStore {
  read(which: KeptShow): Uint8Array | undefined;
  write(which: KeptShow, bytes: Uint8Array): void;
}

/** A folder beside the ledger. */
export class FolderStore implements ShowStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(which: KeptShow): Uint8Array | undefined {
    try {
      return Deno.readFileSync(`${this.#path}/${which}.show`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Whole and synced under another name first: after a power loss there is the old one or the new one. */
  write(which: KeptShow, bytes: Uint8Array): void {
    Deno.mkdirSync(this.#path, { recursive: true });
    const path = `${this.#path}/${which}.show`;
    {
      using file = Deno.openSync(`${path}.new`, { write: true, create: true, truncate: true });
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      file.syncSync();
    }
    Deno.renameSync(`${path}.new`, path);
    syncFolder(this.#path);
  }
}

/** For a host whose awards don't last either, and for models. */
export class MemoryStore implements ShowStore {
  readonly #kept = new Map<KeptShow, Uint8Array>();

  read(which: KeptShow): Uint8Array | undefined {
    return this.#kept.get(which);
  }

  write(which: KeptShow, bytes: Uint8Array): void {
    this.#kept.set(which, Uint8Array.from(bytes));
  }
}
