/** Names of guests: text that is shown to everybody, so nothing in it may hide, turn round or pile up. */

export const MOST_NAME_LETTERS = 24;
/** Marks on one letter, such as accents; some scripts need three. */
const MOST_MARKS = 3;

/** A name as it is shown; undefined if nothing is left of it, or it is too long. */
export function cleanName(given: string): string | undefined {
  if (given.length > 400) return undefined;
  const plain = given.normalize("NFC")
    .replaceAll(/\s/gu, " ")
    // What can't be seen, and what turns the direction of the line round.
    .replaceAll(/(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]/gu, "")
    // Joiners stay where they join: scripts of India and Persia need them, and families of emoji.
    .replaceAll(/(?<![\p{L}\p{M}\p{S}])[\u200c\u200d]+|[\u200c\u200d]+(?![\p{L}\p{S}])/gu, "")
    .replaceAll(new RegExp(`(\\p{M}{${MOST_MARKS}})\\p{M}+`, "gu"), "$1")
    .replaceAll(/ +/g, " ")
    .trim();
  const letters = [...new Intl.Segmenter().segment(plain)].length;
  return /[\p{L}\p{N}\p{S}]/u.test(plain) && letters <= MOST_NAME_LETTERS ? plain : undefined;
}

/** What two names have in common that people would take for the same. */
export function nameKey(name: string): string {
  return name.normalize("NFKC").toLowerCase().replaceAll(/[\s\u200c\u200d]/g, "");
}

/** A code as it counts, however it was typed. */
export function codeKey(code: string): string {
  return code.normalize("NFKC").toUpperCase().replaceAll(/[\s-]/g, "");
}
