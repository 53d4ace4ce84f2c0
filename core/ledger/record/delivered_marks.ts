/**
 * What was delivered, as words: the id of a packet that a shake won, or for a share of a sent packet three words: 0, which
 * is no id, the packet and the user.
 */
const SHARE = 0;

/** Words of a mark at most. */
export const MAX_MARK_WORDS = 3;

/** Writes a share's mark at `words[at]`; returns its size in words. */
export function writeShareMark(words: Uint32Array, at: number, packetId: number, user: number): number {
  words[at] = SHARE;
  words[at + 1] = packetId;
  words[at + 2] = user;
  return 3;
}

/** Hands over each award and each share that was delivered. */
export function eachDelivered(
  words: Uint32Array,
  onAward: (packetId: number) => void,
  onShare: (packetId: number, user: number) => void,
): void {
  for (let at = 0; at < words.length; at++) {
    if (words[at] !== SHARE) {
      onAward(words[at]);
      continue;
    }
    onShare(words[at + 1], words[at + 2]);
    at += 2;
  }
}
