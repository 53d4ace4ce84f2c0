/** A hint for a mistyped name: ` Did you mean --port?`, or nothing if no name is near. */
export function didYouMean(given: string, names: readonly string[], prefix = ""): string {
  let best = "";
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(given, name);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best === "" ? "" : ` Did you mean ${prefix}${best}?`;
}

/** How many letters must be added, dropped or changed to make `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + change);
    }
    row = next;
  }
  return row[b.length];
}
