/**
 * How the 32 bits of a packet id are divided, so that the ledgers of several hosts can be compared together:
 *
 * | ids                         | whose                                                                              |
 * | --------------------------- | ---------------------------------------------------------------------------------- |
 * | 1 to 0x7fff_ffff            | tickets of seed files, and behind them what host number 0 generates                |
 * | 0x8010_0000 to 0xbfff_ffff  | hosts number 1 to 1023, 2^20 ids each: generated ones upwards, sent ones downwards |
 * | 0xc000_0000 to 0xffff_ffff  | what users of host number 0 send, downwards                                        |
 */
export interface IdSpace {
  readonly hostNumber: number;
  /** Generated packets have ids from `first` up to and including `last`. */
  readonly firstGenerated: number;
  readonly lastGenerated: number;
  /** Sent packets have ids from `first` down to and including `last`. */
  readonly firstSent: number;
  readonly lastSent: number;
}

export const MOST_HOST_NUMBER = 1_023;
/** The highest id of a seed file's ticket. */
export const LAST_TICKET_ID = 0x7fff_ffff;
/** Where the sent packets of host number 0 begin. */
export const FIRST_SENT_ID = 0xffff_ffff;

const HOSTS_AT = 0x8000_0000;
const IDS_PER_HOST = 1 << 20;

/** The ids that a host may give to packets. */
export function idSpaceOf(hostNumber: number): IdSpace {
  if (hostNumber === 0) {
    return {
      hostNumber,
      firstGenerated: 1,
      lastGenerated: LAST_TICKET_ID,
      firstSent: FIRST_SENT_ID,
      lastSent: HOSTS_AT + (MOST_HOST_NUMBER + 1) * IDS_PER_HOST,
    };
  }
  const first = HOSTS_AT + hostNumber * IDS_PER_HOST;
  const last = first + IDS_PER_HOST - 1;
  return { hostNumber, firstGenerated: first, lastGenerated: last, firstSent: last, lastSent: first };
}

/** The number of the host in whose range an id is. Tickets of seed files aren't in any range of a host but 0's. */
export function hostNumberOf(packetId: number): number {
  const number = Math.floor((packetId - HOSTS_AT) / IDS_PER_HOST);
  return number >= 1 && number <= MOST_HOST_NUMBER ? number : 0;
}

/** Whether a host may make packets with these ids: its own, or tickets. What is no range of ids is somebody else's to refuse. */
export function mayMint({ firstGenerated, lastGenerated }: IdSpace, firstId: number, count: number): boolean {
  const lastId = firstId + count - 1;
  return lastId <= LAST_TICKET_ID || lastId > 0xffff_ffff ||
    (firstId >= firstGenerated && lastId <= lastGenerated);
}
