/** Our own mistake: an invariant of this program does not hold. Never caught to go on, see design "Errors". */
export class AssertionFailed extends Error {
  override name = "AssertionFailed";
}

/**
 * Stops loudly when an invariant of this program is broken. Always on, in every build.
 *
 * @param condition what must hold
 * @param message the invariant, in words
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}
