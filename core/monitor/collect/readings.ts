/**
 * The latest counters of a process, in memory that is used again every second: objects that live just long enough to be
 * kept by the garbage collector would be most of the monitor's memory.
 */
export class Readings {
  #names: string[] = [];
  #values = new Float64Array(0);

  /** The value of a counter; 0 for one that is not known. */
  get(name: string): number {
    const at = this.#names.indexOf(name);
    return at < 0 ? 0 : this.#values[at];
  }

  /** Takes over new values. */
  set(totals: Readonly<Record<string, number>>): void {
    let at = 0;
    for (const name in totals) {
      if (this.#names[at] !== name) return this.#rebuild(totals);
      this.#values[at++] = totals[name];
    }
    if (at !== this.#names.length) this.#rebuild(totals);
  }

  /** Whether a counter stands lower than here: then a process counts anew. */
  isAbove(totals: Readonly<Record<string, number>>): boolean {
    return this.#names.some((name, at) => (totals[name] ?? 0) < this.#values[at]);
  }

  /** By how much totals exceed these and the growth of their own second; what is 0 is left out. */
  growthBeside(
    totals: Readonly<Record<string, number>>,
    deltas: Readonly<Record<string, number>>,
  ): Record<string, number> {
    const beside: Record<string, number> = {};
    let at = 0;
    for (const name in deltas) {
      // Every snapshot of a process has its counters in the same order.
      const before = this.#names[at] === name ? this.#values[at] : this.get(name);
      at++;
      const growth = (totals[name] ?? 0) - deltas[name] - before;
      if (growth !== 0) beside[name] = growth;
    }
    return beside;
  }

  /** Adds the values to a sum, name by name. */
  addTo(sum: Record<string, number>): void {
    this.#names.forEach((name, at) => sum[name] = (sum[name] ?? 0) + this.#values[at]);
  }

  #rebuild(totals: Readonly<Record<string, number>>): void {
    this.#names = Object.keys(totals);
    this.#values = Float64Array.from(this.#names, (name) => totals[name]);
  }
}
