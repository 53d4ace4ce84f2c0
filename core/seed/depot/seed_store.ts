import { nextTurn } from "../../base/event_loop.ts";
import { exists } from "../../base/exists.ts";
import { UserError } from "../../base/user_error.ts";
import type { KeyFolder } from "../file/keys.ts";
import { SeedFile } from "../file/seed_file.ts";
import { readSeedManifest, type SeedManifest } from "./seed_manifest.ts";

/** Blocks of 64 KiB that are proven before something else gets a turn. */
const BLOCKS_AT_ONCE = 64;
/** A file of 32 bits of tickets has no more, in bytes. */
export const MAX_SEED_BYTES = 2 ** 37;
/** So much of a file goes over the wire at once. */
export const PIECE_BYTES = 1 << 20;

/** How much of a file is there. */
export interface SeedState {
  readonly bytes: number;
  /** It is all there, and proven. */
  readonly isWhole: boolean;
}

/**
 * A folder of seed files, each under its hash. What is being brought has another name until every byte of it is proven:
 * by its hash, and by the signature of somebody who is trusted. What has its name is never changed.
 */
export class SeedStore {
  readonly folder: string;
  readonly #keys: KeyFolder;
  readonly #proving = new Set<string>();

  /** @throws UserError if the folder can't be used */
  constructor(folder: string, keys: KeyFolder) {
    this.folder = folder;
    this.#keys = keys;
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new UserError(`${folder}: cannot be used: ${(error as Error).message}`);
    }
  }

  path(hash: string): string {
    return `${this.folder}/${hash}.seed`;
  }

  state(hash: string): SeedState {
    const whole = sizeOf(this.path(hash));
    return whole >= 0
      ? { bytes: whole, isWhole: true }
      : { bytes: Math.max(0, sizeOf(this.#part(hash))), isWhole: false };
  }

  /**
   * Adds a piece to what is there. A piece that doesn't begin where that ends changes nothing.
   *
   * @param piece empty to have proven what is all there
   * @param total bytes of the whole file; with the last one it is proven, and gets its name
   * @throws UserError if it isn't the file of this hash, signed by somebody trusted: nothing of it is kept then
   */
  async add(hash: string, at: number, piece: Uint8Array, total: number): Promise<SeedState> {
    const { bytes, isWhole } = this.state(hash);
    if (!isWhole && bytes > total) {
      Deno.removeSync(this.#part(hash)); // somebody has brought something else
      return this.state(hash);
    }
    if (isWhole || bytes !== at || this.#proving.has(hash) || at + piece.length > total) {
      return { bytes, isWhole };
    }
    using file = Deno.openSync(this.#part(hash), { append: true, create: true, mode: 0o600 });
    for (let done = 0; done < piece.length;) done += file.writeSync(piece.subarray(done));
    if (at + piece.length < total) return this.state(hash);
    file.syncSync();
    this.#proving.add(hash);
    try {
      await this.#prove(hash);
      Deno.renameSync(this.#part(hash), this.path(hash));
    } catch (error) {
      Deno.removeSync(this.#part(hash));
      throw error;
    } finally {
      this.#proving.delete(hash);
    }
    return this.state(hash);
  }

  /** A piece of a whole file. */
  read(hash: string, at: number): Uint8Array<ArrayBuffer> {
    using file = Deno.openSync(this.path(hash));
    const bytes = new Uint8Array(Math.max(0, Math.min(PIECE_BYTES, file.statSync().size - at)));
    file.seekSync(at, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += file.readSync(bytes.subarray(done)) ?? bytes.length;
    return bytes;
  }

  /** The manifest as it is signed; undefined if there is none. */
  manifestText(): string | undefined {
    const path = `${this.folder}/manifest`;
    return exists(path) ? Deno.readTextFileSync(path) : undefined;
  }

  /** @throws UserError if the folder's own manifest isn't good */
  manifest(): SeedManifest | undefined {
    const text = this.manifestText();
    return text === undefined ? undefined : this.readManifest(text, `${this.folder}/manifest`);
  }

  /** @throws UserError */
  readManifest(text: string, place: string): SeedManifest {
    return readSeedManifest(text, this.#keys.trusted(), place);
  }

  /** Keeps a manifest that `readManifest` has read. */
  keepManifest(text: string): void {
    const path = `${this.folder}/manifest`;
    Deno.writeTextFileSync(`${path}.new`, text);
    Deno.renameSync(`${path}.new`, path);
  }

  #part(hash: string): string {
    return `${this.path(hash)}.part`;
  }

  async #prove(hash: string): Promise<void> {
    using file = new SeedFile(this.#part(hash));
    if (file.hash !== hash) throw new UserError(`${hash}: this is the file ${file.hash}`);
    file.checkSignature(this.#keys.trusted());
    for (let block = 0; block < file.blocks; block++) {
      file.loadBlock(block);
      if (block % BLOCKS_AT_ONCE === BLOCKS_AT_ONCE - 1) await nextTurn();
    }
  }
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return -1;
  }
}
