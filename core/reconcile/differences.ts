/** Differences that are kept in words; the rest is counted. */
const MOST_KEPT = 1_000;

/** What doesn't agree. */
export class Differences {
  readonly first: string[] = [];
  count = 0;

  add(words: string): void {
    this.count++;
    if (this.first.length < MOST_KEPT) this.first.push(words);
  }
}
