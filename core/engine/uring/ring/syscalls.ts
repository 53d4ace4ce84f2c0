import { assert } from "../../../base/assert.ts";
import { errno, libc } from "../../../os/posix.ts";
import { SYS_IO_URING_ENTER, SYS_IO_URING_REGISTER, SYS_IO_URING_SETUP } from "./abi.ts";

/** The three calls of io_uring; each returns -1 and leaves the reason in `errno`. A test hands in others. */
export interface UringSyscalls {
  /** `params` is a `struct io_uring_params`. Returns the ring's descriptor. */
  setup(entries: number, params: Uint8Array<ArrayBuffer>): number;
  register(ring: number, opcode: number, argument: Uint8Array<ArrayBuffer>, count: number): number;
  /** Returns how many entries were consumed. */
  enter(
    ring: number,
    submit: number,
    minComplete: number,
    flags: number,
    argument: Deno.PointerValue,
    argumentBytes: bigint,
  ): number;
  close(fd: number): void;
  errno(): number;
}

/** Why a ring can't be made: the process or the host is out of something. */
export class NoRing extends Error {
  override name = "NoRing";
  constructor(readonly what: string, readonly code: number) {
    super(`Cannot make a ring: ${what} (errno ${code})`);
  }
}

// glibc has no functions of these names; its syscall(2) takes any arguments, so it is declared once a shape.
const SYMBOLS = {
  setup: { name: "syscall", parameters: ["i32", "u32", "buffer"], result: "i32" },
  register: { name: "syscall", parameters: ["i32", "i32", "u32", "buffer", "u32"], result: "i32" },
  // The last one lies on the stack, where 32 bits would leave the other half as it was.
  enter: {
    name: "syscall",
    parameters: ["i32", "i32", "u32", "u32", "u32", "pointer", "usize"],
    result: "i32",
  },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "usize"], result: "pointer" },
} as const;

/** As in posix.ts: Deno takes numbers where its types say bigint. */
interface RawCalls {
  setup(call: number, entries: number, params: Uint8Array<ArrayBuffer>): number;
  register(
    call: number,
    ring: number,
    opcode: number,
    argument: Uint8Array<ArrayBuffer>,
    count: number,
  ): number;
  enter(
    call: number,
    ring: number,
    submit: number,
    minComplete: number,
    flags: number,
    argument: Deno.PointerValue,
    argumentBytes: bigint,
  ): number;
  mmap(
    hint: number,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Deno.PointerValue;
}

let raw: RawCalls | undefined;

function calls(): RawCalls {
  raw ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols as unknown as RawCalls;
  return raw;
}

/** The kernel's own calls. Nothing is opened before this. */
export function uringSyscalls(): UringSyscalls {
  const c = calls();
  return {
    setup: (entries, params) => c.setup(SYS_IO_URING_SETUP, entries, params),
    register: (ring, opcode, argument, count) =>
      c.register(SYS_IO_URING_REGISTER, ring, opcode, argument, count),
    enter: (ring, submit, minComplete, flags, argument, argumentBytes) =>
      c.enter(SYS_IO_URING_ENTER, ring, submit, minComplete, flags, argument, argumentBytes),
    close: (fd) => {
      libc().close(fd);
    },
    errno,
  };
}

const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;

/** A part of a ring, which kernel and program both see. It keeps the ring alive until it is unmapped. */
export interface MappedRing {
  readonly buffer: ArrayBuffer;
  unmap(): void;
}

/** Maps a part of a ring. */
export function mapRing(ring: number, length: number, offset: number): MappedRing {
  const pointer = calls().mmap(0, length, PROT_READ_WRITE, MAP_SHARED_POPULATE, ring, offset);
  const address = Number(Deno.UnsafePointer.value(pointer));
  assert(pointer !== null && address < 0x8000_0000_0000, "a ring can be mapped");
  return {
    buffer: Deno.UnsafePointerView.getArrayBuffer(pointer, length),
    unmap: () => {
      libc().munmap(pointer, length);
    },
  };
}
