/** What a mark on the time axis tells of. */
export const MARK_KINDS = ["phase", "event", "action", "trouble"] as const;
export type MarkKind = typeof MARK_KINDS[number];

/** Something that happened at a moment: a phase began, a host was killed, an operator did something. */
export interface Mark {
  readonly id: number;
  /** Unix time in ms. */
  readonly atMs: number;
  readonly kind: MarkKind;
  readonly text: string;
  /** Who did it, if somebody did. */
  readonly who?: string;
}

/** Marks that are kept; a flapping target must not fill the memory. */
const MOST_MARKS = 2_000;

/** Everything that happened, in order of arrival. */
export class Marks {
  readonly #all: Mark[] = [];
  readonly #listeners = new Set<(mark: Mark) => void>();
  #nextId = 1;

  get all(): readonly Mark[] {
    return this.#all;
  }

  add(mark: Omit<Mark, "id">): Mark {
    const whole: Mark = { id: this.#nextId++, ...mark };
    this.#all.push(whole);
    if (this.#all.length > MOST_MARKS) this.#all.shift();
    for (const listener of this.#listeners) listener(whole);
    return whole;
  }

  subscribe(listener: (mark: Mark) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
