/**
 * Numbers of the io_uring interface, from the kernel's include/uapi/linux/io_uring.h. All structures are read and
 * written as 32-bit words; both processors that the FFI engines run on are little-endian.
 */

/** System calls; the same on x86-64 and arm64. */
export const SYS_IO_URING_SETUP = 425;
export const SYS_IO_URING_ENTER = 426;
export const SYS_IO_URING_REGISTER = 427;

export const Op = {
  pollAdd: 6,
  accept: 13,
  asyncCancel: 14,
  connect: 16,
  close: 19,
  read: 22,
  send: 26,
  recv: 27,
  shutdown: 34,
} as const;

/** Bits of `sqe->flags`, moved to where they stand in the first word of an entry. */
export const EntryFlag = {
  /** The descriptor is a slot of the ring's own table. */
  fixedFile: 1 << 8,
  /** The kernel picks a buffer from a pool. */
  bufferSelect: 1 << 13,
  /** Say nothing if it succeeds. */
  skipSuccess: 1 << 14,
} as const;

/** `ioprio` of a receive, moved to where it stands in the first word: stay armed. */
export const RECV_MULTISHOT = 2 << 16;

/** `len` of a poll: stay armed, and tell each time that something comes. */
export const POLL_MULTISHOT = 1;

/** `ioprio` of an accept, moved likewise: answer EAGAIN if no peer is there. */
export const ACCEPT_DONTWAIT = 2 << 16;

export const Setup = {
  cqSize: 1 << 3,
  submitAll: 1 << 7,
  taskrunFlag: 1 << 9,
  singleIssuer: 1 << 12,
  deferTaskrun: 1 << 13,
} as const;

export const Feature = {
  singleMmap: 1 << 0,
  nodrop: 1 << 1,
  submitStable: 1 << 2,
  fastPoll: 1 << 5,
  extArg: 1 << 8,
  cqeSkip: 1 << 11,
  /** Linux 6.10, which also lets an accept be tried without waiting. */
  recvsendBundle: 1 << 14,
  /** Linux 6.12: a wait can be short for many completions and long for one. */
  minTimeout: 1 << 15,
  /** Linux 6.15: a sleep needn't be counted as waiting for a disk. */
  noIowait: 1 << 17,
} as const;

export const Register = {
  eventfd: 4,
  filesUpdate: 6,
  probe: 8,
  files2: 13,
  pbufRing: 22,
  unregisterPbufRing: 23,
} as const;

export const Enter = { getEvents: 1 << 0, extArg: 1 << 3, noIowait: 1 << 7 } as const;

/** Bits that the kernel shows in the submission ring. */
export const SqFlag = { cqOverflow: 1 << 1, taskrun: 1 << 2 } as const;

/** Set in the completion ring: don't signal the registered eventfd now. */
export const CQ_EVENTFD_DISABLED = 1;

/** Set in a completion: the operation is still armed. */
export const CQE_MORE = 2;

/** Words of `struct io_uring_params`, and where the two rings' offsets begin in it. */
export const PARAMS_WORDS = 30;
export const PARAMS_FEATURES = 5;
export const PARAMS_SQ_OFF = 10;
export const PARAMS_CQ_OFF = 20;

/** Bytes of a submission and of a completion entry. */
export const SQE_BYTES = 64;
export const CQE_BYTES = 16;

/** Where the submission entries are mapped from. */
export const OFF_SQES = 0x1000_0000;

/** Most slots of one ring's table. */
export const MAX_FIXED_FILES = 1 << 20;

export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;
export const EPOLLRDHUP = 1 << 13;
export const MSG_WAITALL = 0x100;
