import type { KeyFolder } from "../../seed/file/keys.ts";
import { UserError } from "../../base/user_error.ts";
import { chunkBytes, readManifest, type SignedManifest } from "../manifest/manifest.ts";
import { chunkPath, manifestPath } from "../manifest/pack.ts";

/** Problems that are told at once. */
const MOST_PROBLEMS = 20;

/** A depot's folder as it is served: a manifest that is proven, and its chunks. */
export class DepotFiles {
  readonly signed: SignedManifest;
  readonly #dir: string;
  /** By hash. */
  readonly #bytes = new Map<string, number>();

  /** @throws UserError that lists every chunk that is missing or has another size */
  constructor(dir: string, keys: KeyFolder) {
    this.#dir = dir;
    this.signed = readManifest(readFile(manifestPath(dir)), keys.trusted(), manifestPath(dir));
    const problems: string[] = [];
    for (const one of this.signed.manifest.packages) {
      one.chunks.forEach((sha256, i) => {
        const bytes = chunkBytes(one, i);
        const path = chunkPath(dir, sha256);
        if (!this.#bytes.has(sha256) && sizeOf(path) !== bytes) {
          problems.push(`${path}: must have ${bytes} bytes`);
        }
        this.#bytes.set(sha256, bytes);
      });
    }
    if (problems.length === 0) return;
    const more = problems.length > MOST_PROBLEMS ? [`and ${problems.length - MOST_PROBLEMS} more`] : [];
    throw new UserError(
      [...problems.slice(0, MOST_PROBLEMS), ...more].join("\n") + "\npack it again: redpkt depot pack",
    );
  }

  /** Bytes of a chunk; undefined if there is none of this hash. */
  bytesOf(sha256: string): number | undefined {
    return this.#bytes.get(sha256);
  }

  async open(sha256: string): Promise<Deno.FsFile> {
    return await Deno.open(chunkPath(this.#dir, sha256));
  }
}

/** What a folder's manifest was written, to see that it was written anew; 0 if there is none. */
export function writtenMs(dir: string): number {
  try {
    return Deno.statSync(manifestPath(dir)).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
}

function readFile(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new UserError(`${path}: cannot be read: ${why}. Make it with: redpkt depot pack PLAN.json`);
  }
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return -1;
  }
}
