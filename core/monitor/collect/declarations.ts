import type { Declared } from "../../charts/declared.ts";

/** Most declarations that are kept: servers of a few versions have a few plugins each. */
const MAX_TOLD = 100;

/** What is known of plugins' charts. What servers say counts before what comes with this program. */
export class Declarations {
  readonly #builtIn: readonly Declared[];
  readonly #told = new Map<string, Declared>();

  constructor(builtIn: readonly Declared[]) {
    this.#builtIn = builtIn;
  }

  /** What servers have said. */
  get told(): readonly Declared[] {
    return [...this.#told.values()];
  }

  /** All there is, what counts most first. */
  get all(): readonly Declared[] {
    const told = this.told;
    return [...told, ...this.#builtIn.filter(({ plugin }) => told.every((other) => other.plugin !== plugin))];
  }

  /** Whether there is anything new in it. */
  add(declared: readonly Declared[]): boolean {
    const before = this.#told.size;
    for (const plugin of declared) {
      const text = JSON.stringify(plugin);
      if (this.#told.size < MAX_TOLD && !this.#told.has(text)) this.#told.set(text, plugin);
    }
    return this.#told.size > before;
  }
}
