import { formatCount } from "../../base/units.ts";

/** Of one kind so many are told whole, the others counted. */
const MOST_OF_A_KIND = 20;

/** What a check finds, a line each. One that follows from the one before, again and again, doesn't hide the others. */
export class Problems {
  readonly #lines: string[] = [];
  readonly #counts = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** @param kind what is counted together, such as `postings` */
  add(kind: string, line: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= MOST_OF_A_KIND) this.#lines.push(line);
  }

  lines(): string[] {
    const more = [...this.#counts].filter(([, count]) => count > MOST_OF_A_KIND);
    return [
      ...this.#lines,
      ...more.map(([kind, count]) => `${kind}: ${formatCount(count - MOST_OF_A_KIND)} problems more`),
    ];
  }
}

/** Whatever can't be read is a problem like the others. */
export function attempt<T>(problems: Problems, name: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    problems.add(`${name} reading`, `${name}: cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}
