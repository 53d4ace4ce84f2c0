import type { KeyObject } from "node:crypto";
import { assert } from "../base/assert.ts";
import { compareShows, readShow, type ShowFault, ShowRefused, type SignedShow } from "../show/signed.ts";
import { resourcesProblem, versionText } from "../show/document.ts";
import type { ShowStore } from "./show_store.ts";

/** What becomes of a document that a path has brought. */
export type Offered =
  | { readonly kind: "new"; readonly show: SignedShow }
  /** It is the one that the host has. */
  | { readonly kind: "same" }
  | { readonly kind: "refused"; readonly fault: ShowFault; readonly why: string; readonly show?: SignedShow };

/**
 * The documents of a host: the newest valid one, and the one that counts. Each is on disk before it is either. Which path
 * has brought it doesn't matter, nor how often or in which order.
 */
export class ShowKeeper {
  readonly #trusted: ReadonlyMap<string, KeyObject>;
  readonly #event: string;
  readonly #store: ShowStore;
  #newest: SignedShow | undefined;
  #active: SignedShow | undefined;
  /** The newest one lies on disk as the one that counts. */
  #isWrittenActive = false;

  /**
   * Begins with what is on disk. What began to count while the host was down counts.
   *
   * @param tell told of a document on disk that doesn't count any more, such as one whose signer isn't trusted now
   */
  constructor(
    trusted: ReadonlyMap<string, KeyObject>,
    event: string,
    store: ShowStore,
    wallMs: number,
    tell: (fault: ShowFault, why: string) => void,
  ) {
    this.#trusted = trusted;
    this.#event = event;
    this.#store = store;
    for (const which of ["active", "newest"] as const) {
      const bytes = store.read(which);
      if (bytes === undefined) continue;
      const read = this.#read(bytes);
      if (read.kind === "refused") tell(read.fault, read.why);
      else if (which === "active") {
        this.#active = this.#newest = read.show;
        this.#isWrittenActive = true;
      } else if (this.#newest === undefined || compareShows(read.show, this.#newest) > 0) {
        this.#newest = read.show;
        this.#isWrittenActive = false;
      }
    }
    this.#active = this.due(wallMs) ?? this.#active;
  }

  get newest(): SignedShow | undefined {
    return this.#newest;
  }

  get active(): SignedShow | undefined {
    return this.#active;
  }

  /** Judges what a path has brought, and changes nothing. */
  judge(bytes: Uint8Array): Offered {
    // Most of what comes is what is there already, by the other path or by another look.
    if (this.#newest !== undefined && isSame(bytes, this.#newest.bytes)) return { kind: "same" };
    const read = this.#read(bytes);
    if (read.kind !== "new" || this.#newest === undefined) return read;
    const { show } = read;
    const order = compareShows(show, this.#newest);
    if (order === 0) return { kind: "same" };
    // A change that was dropped before its time has changed no plan.
    const { plan, resources } = (this.#active ?? this.#newest).document;
    const why = order < 0
      ? `is ${versionText(show.document)}, and the host has ${versionText(this.#newest.document)}`
      : show.document.plan.revision < plan.revision
      ? `brings back revision ${show.document.plan.revision} of the plan, and the host has ${plan.revision}`
      : undefined;
    if (why !== undefined) return { kind: "refused", fault: "older", why, show };
    const wrong = resourcesProblem(resources, show.document.resources);
    return wrong === undefined ? read : { kind: "refused", fault: "mistaken", why: wrong, show };
  }

  /** Keeps a document that `judge` has called new: on disk when it returns. */
  keep(show: SignedShow, wallMs: number): void {
    const { activateMs } = show.document;
    assert(activateMs !== null, "what is only to be prepared never counts");
    this.settle();
    // What counts at once is written once: `settle` finds it there.
    this.#isWrittenActive = activateMs <= wallMs;
    this.#store.write(this.#isWrittenActive ? "active" : "newest", show.bytes);
    this.#newest = show;
  }

  /** The document that is to count now and doesn't yet; undefined if there is none. */
  due(wallMs: number): SignedShow | undefined {
    const show = this.#newest;
    if (show === undefined || show === this.#active || show.document.activateMs! > wallMs) return undefined;
    return show;
  }

  /** When the next one is to count, in unix ms. */
  get dueMs(): number {
    return this.#newest === this.#active ? Infinity : this.#newest!.document.activateMs!;
  }

  /** The newest one, which is on disk, counts from now on. */
  activate(show: SignedShow): void {
    this.#active = show;
  }

  /** Whether what counts lies on disk as the newest alone. */
  get isUnsettled(): boolean {
    return this.#active !== undefined && this.#active === this.#newest && !this.#isWrittenActive;
  }

  /** What counts is on disk as that when it returns, so that a newer one may take its place as the newest. */
  settle(): void {
    if (!this.isUnsettled || this.#active === undefined) return;
    this.#store.write("active", this.#active.bytes);
    this.#isWrittenActive = true;
  }

  #read(bytes: Uint8Array): Exclude<Offered, { kind: "same" }> {
    try {
      return { kind: "new", show: readShow(bytes, this.#trusted, this.#event) };
    } catch (error) {
      if (!(error instanceof ShowRefused)) throw error;
      return { kind: "refused", fault: error.fault, why: error.message };
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
