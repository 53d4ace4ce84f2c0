/**
 * What a send says besides its entry's fields: words that travel in front of the entry, in `EntryKind.part`s, and are
 * stored beside its row. Offsets of the words:
 */
export const SendWord = {
  mode: 0,
  /** 0 if users are named. */
  group: 1,
  /** When the packet's time is over, in unix ms: low and high 32 bits. */
  deadlineLow: 2,
  deadlineHigh: 3,
  /** The sender's own number of this send: the same again is the same send. */
  requestId: 4,
  /** How many users are named; they follow, and then the shares in fen. */
  recipients: 5,
  first: 6,
} as const;

/** Most words of one send or group. */
export const MOST_BODY_WORDS = 1 << 20;

/** A send's body, read. */
export interface SendBody {
  readonly mode: number;
  readonly group: number;
  readonly deadlineMs: number;
  readonly requestId: number;
  readonly recipients: Uint32Array;
  readonly shares: Uint32Array;
}

/** Reads a send's body of `shareCount` shares; undefined if it is none. */
export function readSendBody(words: Uint32Array, shareCount: number): SendBody | undefined {
  if (words.length < SendWord.first) return undefined;
  const sharesAt = SendWord.first + words[SendWord.recipients];
  if (shareCount < 1 || words.length < sharesAt + shareCount) return undefined;
  return {
    mode: words[SendWord.mode],
    group: words[SendWord.group],
    deadlineMs: words[SendWord.deadlineLow] + words[SendWord.deadlineHigh] * 0x1_0000_0000,
    requestId: words[SendWord.requestId],
    recipients: words.subarray(SendWord.first, sharesAt),
    shares: words.subarray(sharesAt, sharesAt + shareCount),
  };
}

/** The words of a send's body. */
export function sendBodyWords(body: SendBody): Uint32Array {
  const sharesAt = SendWord.first + body.recipients.length;
  const words = new Uint32Array(sharesAt + body.shares.length);
  words[SendWord.mode] = body.mode;
  words[SendWord.group] = body.group;
  words[SendWord.deadlineLow] = body.deadlineMs;
  words[SendWord.deadlineHigh] = Math.floor(body.deadlineMs / 0x1_0000_0000);
  words[SendWord.requestId] = body.requestId;
  words[SendWord.recipients] = body.recipients.length;
  words.set(body.recipients, SendWord.first);
  words.set(body.shares, sharesAt);
  return words;
}

/** A packet's amount and its shares are 32 bits on the wire. */
const MOST_FEN = 0xffff_ffff;

/** Whether the shares are a split of the amount: each at least 1 fen, and none missing. */
export function isSplit({ shares, group, recipients }: SendBody, amountFen: number): boolean {
  if (amountFen > MOST_FEN || (group === 0) === (recipients.length === 0)) return false;
  let sumFen = 0;
  for (const fen of shares) {
    if (fen === 0) return false;
    sumFen += fen;
  }
  return sumFen === amountFen;
}
