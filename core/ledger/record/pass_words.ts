/** Most awards that one pass says. */
export const MOST_PASS_AWARDS = 16;

/** Offsets of the words of an award in a pass, in an entry `carried` and in the words of a `HoldingsBoard`. */
export const PassWord = {
  packetId: 0,
  /** In fen; 2^32 - 1 also for more. */
  amountFen: 1,
  sponsor: 2,
  /** Number of the host that owns the packet. */
  host: 3,
} as const;
/** Words of an award. */
export const PASS_AWARD_WORDS = 4;

const MAX_WORD = 0xffff_ffff;

/** Writes the award of this index into words that begin at `at`. */
export function writeHolding(
  words: Uint32Array,
  at: number,
  index: number,
  packetId: number,
  amountFen: number,
  sponsor: number,
  host: number,
): void {
  const to = at + index * PASS_AWARD_WORDS;
  words[to + PassWord.packetId] = packetId;
  words[to + PassWord.amountFen] = Math.min(amountFen, MAX_WORD);
  words[to + PassWord.sponsor] = sponsor;
  words[to + PassWord.host] = host;
}
