/// <reference lib="dom" />
/** What a page has of the resources: fetched while nobody shakes, proven by its hash, shown as soon as it is whole. */
import { after } from "../../base/clock.ts";
import { Random, systemSeed } from "../../base/random.ts";
import { type Resource, type ResourceList, RESOURCES_VERSION } from "./resource_list.ts";
import { sha256 } from "./sha256.ts";

/** Phones that come in together don't fetch together. */
const SPREAD_MS = 4_000;
/** How long to wait after a fetch that came to nothing, if the host doesn't say. */
const AGAIN_S = 5;
/** What takes longer is given up, and asked for again: one that hangs would keep the others waiting. */
const MOST_FETCH_MS = 30_000;
/** Most of the list; a picture's size is on it. */
const MOST_LIST_BYTES = 200_000;
/** Bytes with another hash are asked for so often: what damages them may be in between for good. */
const MOST_DAMAGED = 3;

/** A page of the resources as it can be shown now. */
export interface ShownResource extends Resource {
  /** Of the picture, once it is whole; else empty. */
  readonly url: string;
}

export class ResourceStore {
  readonly #changed: () => void;
  readonly #random = new Random(systemSeed());
  readonly #urls = new Map<string, string>();
  readonly #damaged = new Map<string, number>();
  #wanted = "";
  #list: readonly Resource[] = [];
  #listHash = "";
  #isIdle = false;
  #abort: AbortController | undefined;
  #cancel: () => void = () => {};

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The list that the host has now, by its hash; empty for none. */
  want(listHash: string): void {
    if (listHash === this.#wanted) return;
    this.#wanted = listHash;
    if (listHash === "") this.#list = [];
    this.#later(this.#random.float() * SPREAD_MS);
  }

  /** Whether the page has nothing better to do: while people shake nothing is fetched, and what is under way ends. */
  set isIdle(isIdle: boolean) {
    if (isIdle === this.#isIdle) return;
    this.#isIdle = isIdle;
    if (isIdle) this.#later(this.#random.float() * SPREAD_MS);
    else {
      this.#cancel();
      this.#abort?.abort();
    }
  }

  /** What there is to show for a number. */
  shown(resource: number): ShownResource | undefined {
    const found = this.#list.find((one) => one.resource === resource);
    return found && { ...found, url: this.#urls.get(found.picture?.sha256 ?? "") ?? "" };
  }

  /** Numbers of the pages that belong to somebody. */
  get sponsors(): readonly number[] {
    return this.#list.filter(({ name }) => name !== "").map(({ resource }) => resource);
  }

  #later(ms: number): void {
    this.#cancel();
    this.#cancel = after(ms, () => void this.#next());
  }

  /** Fetches the list, then one picture after the other, beginning with any. */
  async #next(): Promise<void> {
    if (!this.#isIdle || this.#abort !== undefined || this.#wanted === "") return;
    if (this.#listHash !== this.#wanted) {
      const hash = this.#wanted;
      return await this.#fetch(hash, MOST_LIST_BYTES, (bytes) => {
        const { version, resources } = JSON.parse(new TextDecoder().decode(bytes)) as ResourceList;
        if (version === RESOURCES_VERSION) this.#list = resources;
        this.#listHash = hash;
      });
    }
    const missing = this.#list.flatMap(({ picture }) => picture ?? []).filter((picture) =>
      !this.#urls.has(picture.sha256) && (this.#damaged.get(picture.sha256) ?? 0) < MOST_DAMAGED
    );
    if (missing.length === 0) return;
    const { sha256, bytes, type } = missing[this.#random.below(missing.length)];
    await this.#fetch(sha256, bytes, (found) => {
      this.#urls.set(sha256, URL.createObjectURL(new Blob([found], { type })));
    });
  }

  async #fetch(
    hash: string,
    mostBytes: number,
    take: (bytes: Uint8Array<ArrayBuffer>) => void,
  ): Promise<void> {
    const abort = this.#abort = new AbortController();
    const cancel = after(MOST_FETCH_MS, () => abort.abort());
    let againS = AGAIN_S;
    try {
      const response = await fetch(`/resource/${hash}`, { signal: abort.signal });
      if (response.ok) {
        const bytes = new Uint8Array(await response.arrayBuffer());
        if (bytes.length <= mostBytes && sha256(bytes) === hash) {
          take(bytes);
          againS = 0;
          this.#changed();
        } else this.#damaged.set(hash, (this.#damaged.get(hash) ?? 0) + 1);
      } else againS = Number(response.headers.get("retry-after")) || AGAIN_S;
    } catch {
      // Broken off, or there is no network: it is tried again when there is time.
    }
    cancel();
    this.#abort = undefined;
    if (this.#isIdle) this.#later(againS * 1_000 * (0.5 + this.#random.float()));
  }
}
