/**
 * The few calls of libc that the FFI engines need, and their constants for Linux. Nothing is opened before the first
 * {@linkcode libc}, so that a host without FFI can still load every module.
 */
import { assert } from "../base/assert.ts";

// No `usize` where it is fast that counts: optimised code takes a bigint alone for it, and with a number throws itself
// away at the first call, for ever. Sizes are below 2^32, and a 32-bit argument fills its register.
const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  recv: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  sched_setscheduler: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  adjtimex: { parameters: ["buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/**
 * The same calls with addresses and sizes as numbers: Deno takes them, its types say bigint only, and a bigint would be
 * allocated on every call.
 */
type Libc = {
  [Name in keyof typeof SYMBOLS]: (...args: ArgumentsOf<typeof SYMBOLS[Name]["parameters"]>) => ResultOf<
    typeof SYMBOLS[Name]["result"]
  >;
};
type ArgumentsOf<Types extends readonly string[]> = { -readonly [I in keyof Types]: ArgumentOf<Types[I]> };
type ArgumentOf<Type> = Type extends "buffer" ? Uint8Array<ArrayBuffer> | null
  : Type extends "pointer" ? Deno.PointerValue
  : number;
type ResultOf<Type> = Type extends "pointer" ? Deno.PointerValue : number;

let library: Libc | undefined;
let errnoView: Deno.UnsafePointerView | undefined;

/** The calls, opened at the first use. Throws what `Deno.dlopen` throws: ask {@linkcode canUseLibc} first. */
export function libc(): Libc {
  library ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols as unknown as Libc;
  return library;
}

/** Why libc can't be used here, or null. Never prompts. */
export function whyNoLibc(): string | null {
  if (Deno.build.os !== "linux") return `this is ${Deno.build.os}, not Linux`;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return "no FFI permission (--allow-ffi)";
  }
  try {
    libc();
    return null;
  } catch (error) {
    return `libc.so.6 can't be opened (${error instanceof Error ? error.message : error})`;
  }
}

/** The error of this thread's last call; read it straight after a call that returned -1. */
export function errno(): number {
  errnoView ??= new Deno.UnsafePointerView(libc().__errno_location()!);
  return errnoView.getInt32(0);
}

export const EPERM = 1;
export const EINTR = 4;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const ENFILE = 23;
export const EMFILE = 24;
export const EPIPE = 32;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;
export const EINPROGRESS = 115;
export const ECANCELED = 125;

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_LINGER = 13;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_USER_TIMEOUT = 18;
export const SO_RCVBUF = 8;
export const IPPROTO_IP = 0;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const SHUT_WR = 1;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const EFD_NONBLOCK = 0o4000;
export const EFD_CLOEXEC = 0o2000000;
export const RLIMIT_NOFILE = 7;
export const RLIMIT_RTPRIO = 14;
export const PRIO_PROCESS = 0;
export const CLOCK_THREAD_CPUTIME_ID = 3;
export const SCHED_OTHER = 0;
export const SCHED_RR = 2;
export const SCHED_IDLE = 5;
/** With a policy: threads that are started from now on don't inherit it. */
export const SCHED_RESET_ON_FORK = 0x4000_0000;

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/** Memory outside the JavaScript heap, which the kernel may keep the address of. */
export interface MappedArea {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** As a number: user addresses are below 2^47. */
  readonly address: number;
  /** As calls take it. */
  readonly pointer: Deno.PointerObject;
  unmap(): void;
}

/** Maps `length` bytes of zeroes. */
export function mapMemory(length: number): MappedArea {
  const pointer = libc().mmap(0, length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  const address = Number(Deno.UnsafePointer.value(pointer));
  assert(pointer !== null && address < 0x8000_0000_0000, "mmap returns an address in user space");
  const buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, length);
  return {
    bytes: new Uint8Array(buffer),
    view: new DataView(buffer),
    address,
    pointer,
    unmap: () => {
      libc().munmap(pointer, length);
    },
  };
}

/** Bytes of a `struct sockaddr_in6`. */
export const SOCKET_ADDRESS_6_BYTES = 28;

/** A `struct sockaddr_in` for an IPv4 address as a number. */
export function socketAddress(address: number, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  view.setUint32(4, address);
  return bytes;
}

/** A `struct sockaddr_in6` for the 16 bytes of an IPv6 address. */
export function socketAddress6(address: ArrayLike<number>, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKET_ADDRESS_6_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(address, 8); // behind a flow label
  return bytes;
}

/**
 * Changes how the kernel schedules the calling thread: on Linux that is of threads, whatever POSIX says.
 *
 * @param priority 1 to 99 for a real-time policy, 0 for any other
 * @returns false if it may not
 */
export function scheduleThread(policy: number, priority = 0): boolean {
  const parameters = new Uint8Array(new Int32Array([priority]).buffer); // struct sched_param
  return libc().sched_setscheduler(0, policy, parameters) === 0;
}

/** CPU time of the calling thread, in ms. */
export function threadCpuMs(): number {
  libc().clock_gettime(CLOCK_THREAD_CPUTIME_ID, timeBytes);
  return Number(time[0]) * 1_000 + Number(time[1]) / 1e6;
}
const time = new BigInt64Array(2); // struct timespec: s, ns
const timeBytes = new Uint8Array(time.buffer);

/** Wakes whoever waits on an eventfd. */
export function signalEventfd(fd: number): void {
  // The kernel adds 1 to a 64-bit counter; EAGAIN means that it is already full of wake-ups.
  libc().write(fd, ONE_U64, 8);
}
const ONE_U64 = new Uint8Array(new BigUint64Array([1n]).buffer);
