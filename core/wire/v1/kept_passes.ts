/** Most passes that a client keeps: more than one only after answers were lost. */
const MAX_KEPT = 4;

/**
 * What a client keeps when it hears of another pass: that one, and those that say of an award which it lacks. A host that
 * hasn't taken an earlier pass in yet knows less than its client, so the newest alone isn't enough.
 *
 * @param kept the oldest first
 * @param idsOf the packets that a pass says
 */
export function keepPass<T>(kept: readonly T[], heard: T, idsOf: (pass: T) => readonly number[]): T[] {
  const says = (pass: T, others: T) => {
    const ids = new Set(idsOf(pass));
    return idsOf(others).every((id) => ids.has(id));
  };
  const left = kept.filter((pass) => !says(heard, pass));
  // One that says less than another is no news.
  if (left.some((pass) => says(pass, heard))) return left;
  return [...left, heard].slice(-MAX_KEPT);
}
