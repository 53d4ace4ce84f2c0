import { hashOf } from "../../depot/manifest/manifest.ts";
import { type ChunkSource, Fetched, type OnFetched } from "./chunk_source.ts";
import type { FetchList } from "./fetch_list.ts";

/** Chunks that are fetched at once, at most. */
const MOST_UNDER_WAY = 48;
/** Parts of chunks that are kept to go on with, at most. */
const MOST_PARTS = 256;
const DEFAULT_RETRY_S = 5;
/** A depot that says nothing for so long has failed, in ms. */
const ANSWER_MS = 30_000;

/** Fetches from a real depot over HTTP, proves every chunk, and goes on where it was broken off. */
export class HttpSource implements ChunkSource {
  readonly #list: FetchList;
  #depots: readonly string[];
  readonly #onBytes: (bytes: number) => void;
  /** What came of a chunk that was broken off, by user and chunk. */
  readonly #parts = new Map<string, Uint8Array<ArrayBuffer>[]>();
  readonly #running = new Set<Transfer>();

  /**
   * @param depots each user has one of their own
   * @param onBytes told of the bytes of chunks as they come
   */
  constructor(list: FetchList, depots: readonly string[], onBytes: (bytes: number) => void) {
    this.#list = list;
    this.#depots = depots;
    this.#onBytes = onBytes;
  }

  /** From now on these are the depots; none: nothing is fetched any more. */
  at(depots: readonly string[]): void {
    if (depots.length > 0) this.#depots = depots;
  }

  get underWay(): number {
    return this.#running.size;
  }

  fetch(user: number, chunk: number, done: OnFetched): boolean {
    if (this.#running.size >= MOST_UNDER_WAY) return false;
    const transfer = new Transfer(user, chunk, done);
    this.#running.add(transfer);
    void this.#run(transfer);
    return true;
  }

  tick(): void {}

  breakOff(): void {
    for (const transfer of this.#running) this.#end(transfer, Fetched.brokenOff);
  }

  async #run(transfer: Transfer): Promise<void> {
    const key = `${transfer.user} ${transfer.chunk}`;
    const parts = this.#parts.get(key) ?? [];
    try {
      const outcome = await this.#transfer(transfer, parts);
      if (!this.#running.has(transfer)) return;
      this.#parts.delete(key);
      this.#end(transfer, outcome);
    } catch {
      // The network's words are of no use here: it is tried again, from where it stood.
      if (parts.length > 0 && this.#parts.size < MOST_PARTS) this.#parts.set(key, parts);
      this.#end(transfer, Fetched.failed);
    }
  }

  /** @param parts what has come before; grows */
  async #transfer(transfer: Transfer, parts: Uint8Array<ArrayBuffer>[]): Promise<Fetched> {
    const sha256 = this.#list.sha256[transfer.chunk];
    const wanted = this.#list.bytes[transfer.chunk];
    let have = parts.reduce((sum, { length }) => sum + length, 0);
    const signal = AbortSignal.any([transfer.abort.signal, AbortSignal.timeout(ANSWER_MS)]);
    const depot = this.#depots[transfer.user % this.#depots.length];
    const headers: HeadersInit = have === 0 ? {} : { range: `bytes=${have}-` };
    const response = await fetch(`${depot}/chunks/${sha256}`, { signal, headers });
    if (response.status === 503 || response.status === 429) {
      await response.body?.cancel();
      transfer.retryS = Number(response.headers.get("retry-after")) || DEFAULT_RETRY_S;
      return Fetched.later;
    }
    if (response.status !== (have === 0 ? 200 : 206) || response.body === null) {
      await response.body?.cancel();
      return Fetched.failed;
    }
    for await (const piece of response.body) {
      if (transfer.abort.signal.aborted) break;
      this.#onBytes(piece.length);
      parts.push(piece);
      have += piece.length;
      if (have > wanted) return Fetched.damaged;
    }
    if (have < wanted) throw new Error("cut short");
    const whole = new Uint8Array(wanted);
    parts.reduce((at, piece) => (whole.set(piece, at), at + piece.length), 0);
    return hashOf(whole) === sha256 ? Fetched.whole : Fetched.damaged;
  }

  #end(transfer: Transfer, outcome: Fetched): void {
    if (!this.#running.delete(transfer)) return;
    const { user, chunk, done, retryS } = transfer;
    if (outcome === Fetched.brokenOff) transfer.abort.abort();
    done(user, chunk, outcome, retryS);
  }
}

/** A chunk on its way to a user. */
class Transfer {
  readonly abort = new AbortController();
  retryS = 0;
  constructor(readonly user: number, readonly chunk: number, readonly done: OnFetched) {}
}
