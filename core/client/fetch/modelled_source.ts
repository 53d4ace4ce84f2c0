import type { DepotGate } from "../../depot/serve/depot_gate.ts";
import { type ChunkSource, Fetched, type OnFetched } from "./chunk_source.ts";
import type { FetchList } from "./fetch_list.ts";

/** The most that is granted at once, so that a small part of a cap can be used too. */
const PIECE_BYTES = 32 * 1024;

/**
 * A depot that is only reckoned with: the real one's gate decides who gets what when, and no byte moves. For fleets with
 * more users than a machine can fetch for.
 */
export class ModelledSource implements ChunkSource {
  /** Bytes that were granted, and the most of them in any second, wherever it begins. */
  bytes = 0;
  mostBytesInS = 0;
  readonly #list: FetchList;
  readonly #gate: DepotGate;
  /** Who was let in, in order: user, chunk, and bytes that are to come. */
  #users: number[] = [];
  #chunks: number[] = [];
  #left: number[] = [];
  #done: OnFetched[] = [];
  #first = 0;
  #nowMs = 0;
  #wallMs = 0;

  constructor(list: FetchList, gate: DepotGate) {
    this.#list = list;
    this.#gate = gate;
  }

  get underWay(): number {
    return this.#users.length - this.#first;
  }

  fetch(user: number, chunk: number, done: OnFetched): boolean {
    const refusal = this.#gate.admit(this.#wallMs, this.#list.bytes[chunk]);
    if (refusal !== undefined) {
      done(user, chunk, Fetched.later, refusal.retryS);
      return true;
    }
    this.#users.push(user);
    this.#chunks.push(chunk);
    this.#left.push(this.#list.bytes[chunk]);
    this.#done.push(done);
    this.#grant();
    return true;
  }

  tick(nowMs: number, wallMs: number): void {
    this.#nowMs = nowMs;
    this.#wallMs = wallMs;
    this.#grant();
  }

  breakOff(): void {
    for (let i = this.#first; i < this.#users.length; i++) {
      this.#gate.giveUp(this.#left[i]);
      this.#done[i](this.#users[i], this.#chunks[i], Fetched.brokenOff, 0);
    }
    this.#forget(this.#users.length);
  }

  #grant(): void {
    while (this.#first < this.#users.length) {
      const at = this.#first;
      const piece = Math.min(PIECE_BYTES, this.#left[at]);
      if (this.#gate.take(this.#nowMs, this.#wallMs, piece) > 0) break;
      this.bytes += piece;
      this.#left[at] -= piece;
      if (this.#left[at] > 0) continue;
      this.#first++;
      this.#done[at](this.#users[at], this.#chunks[at], Fetched.whole, 0);
    }
    this.mostBytesInS = Math.max(this.mostBytesInS, this.#gate.granted(this.#nowMs));
    if (this.#first === this.#users.length || this.#first > 4_096) this.#forget(this.#first);
  }

  #forget(count: number): void {
    for (const column of [this.#users, this.#chunks, this.#left, this.#done]) column.splice(0, count);
    this.#first = 0;
  }
}
