/** Documents and keys for tests. */
import type { KeyObject } from "node:crypto";
import { KeyFolder, type SigningKey } from "../seed/file/keys.ts";
import { SHOW_VERSION, type ShowDocument } from "./document.ts";
import { approvePlan } from "./signed.ts";

/** Who may direct and approve in a test, made anew: a folder's worth of keys without a folder. */
export class TestKeys implements Disposable {
  readonly #folders: string[] = [];
  readonly director: SigningKey;
  readonly second: SigningKey;
  readonly trusted: ReadonlyMap<string, KeyObject>;

  constructor() {
    const [director, second] = [this.folder(), this.folder()].map((path) => {
      const folder = new KeyFolder(path);
      folder.make(false);
      return folder;
    });
    this.director = director.signing()!;
    this.second = second.signing()!;
    this.trusted = new Map([...director.trusted(), ...second.trusted()]);
  }

  /** A folder that goes with the keys. */
  folder(): string {
    const path = Deno.makeTempDirSync();
    this.#folders.push(path);
    return path;
  }

  /** A document that both have approved. */
  approved(document: ShowDocument): ShowDocument {
    return { ...document, approvals: [this.director, this.second].map((key) => approvePlan(document, key)) };
  }

  [Symbol.dispose](): void {
    for (const path of this.#folders) Deno.removeSync(path, { recursive: true });
  }
}

/** A show of two waves, at 100 s and 200 s after `atMs`, 50 s each; not approved. */
export function testShow(over: Partial<ShowDocument> = {}, atMs = 1_700_000_000_000): ShowDocument {
  const names = ["first", "second"];
  return {
    schemaVersion: SHOW_VERSION,
    event: "gala",
    epoch: 1,
    number: 1,
    issuedMs: atMs,
    activateMs: atMs,
    plan: {
      revision: 1,
      waves: names.map((name, i) => ({
        name,
        startMs: atMs + 100_000 * (i + 1),
        lengthMs: 50_000,
        needsGo: false,
        isCut: false,
        resource: null,
      })),
      protected: [],
      bans: [],
    },
    approvals: [],
    waves: names.map((name) => ({ name, delayMs: 0, pausedMs: null, isArmed: false })),
    heldMs: null,
    level: 0,
    limits: { shakesPerS: null, loginsPerS: null, acceptsPerS: null, connections: null },
    policy: null,
    resources: null,
    bans: [],
    ...over,
  };
}
