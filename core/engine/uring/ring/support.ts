import { EPERM, whyNoLibc } from "../../../os/posix.ts";
import { Feature, Op, PARAMS_FEATURES, PARAMS_WORDS, Register, Setup } from "./abi.ts";
import { type UringSyscalls, uringSyscalls } from "./syscalls.ts";

/** How every ring of the engine is made. */
export const RING_FLAGS = Setup.cqSize | Setup.submitAll | Setup.taskrunFlag | Setup.singleIssuer |
  Setup.deferTaskrun;

const ENOSYS = 38;
const EINVAL = 22;
const ENOMEM = 12;

const NEEDED_FEATURES = ["singleMmap", "nodrop", "submitStable", "fastPoll", "extArg", "cqeSkip"] as const;

/** `struct io_uring_probe`: 16 bytes, then 8 for each operation, whose flags say whether it is supported. */
const PROBED_OPERATIONS = 64;
const PROBE_HEAD_BYTES = 16;
const PROBE_OPERATION_BYTES = 8;
const PROBE_SUPPORTED = 1;

/** Why io_uring can't run the engine on this host, or null. Asks the kernel, never its version. */
export function whyNoUring(): string | null {
  return whyNoLibc() ?? whyNoRing(uringSyscalls());
}

/** The same for any kernel, so that a test can play one. */
export function whyNoRing(sys: UringSyscalls): string | null {
  const params = new Int32Array(PARAMS_WORDS);
  params[1] = 4;
  params[2] = RING_FLAGS;
  const ring = sys.setup(2, new Uint8Array(params.buffer));
  if (ring < 0) return whyNotMade(sys.errno());
  try {
    return whyLacking(params[PARAMS_FEATURES]) ?? whyNoOperation(sys, ring) ?? whyNoTables(sys, ring);
  } finally {
    sys.close(ring);
  }
}

function whyNotMade(code: number): string {
  switch (code) {
    case EPERM:
      return "the kernel refuses io_uring (EPERM): kernel.io_uring_disabled is set, or a container's seccomp profile forbids it";
    case ENOSYS:
      return "the kernel has no io_uring (ENOSYS)";
    case EINVAL:
      return "the kernel's io_uring is older than Linux 6.1 (EINVAL: no deferred task work)";
    case ENOMEM:
      return "the kernel has no memory for a ring (ENOMEM): raise the limit with ulimit -l";
    default:
      return `io_uring_setup failed (errno ${code})`;
  }
}

function whyLacking(features: number): string | null {
  const missing = NEEDED_FEATURES.filter((name) => (features & Feature[name]) === 0);
  return missing.length === 0 ? null : `io_uring lacks the feature ${missing.join(", ")}`;
}

function whyNoOperation(sys: UringSyscalls, ring: number): string | null {
  const probe = new Uint8Array(PROBE_HEAD_BYTES + PROBED_OPERATIONS * PROBE_OPERATION_BYTES);
  if (sys.register(ring, Register.probe, probe, PROBED_OPERATIONS) < 0) {
    return `io_uring can't be asked for its operations (errno ${sys.errno()})`;
  }
  const isSupported = (operation: number) =>
    (probe[PROBE_HEAD_BYTES + operation * PROBE_OPERATION_BYTES + 2] & PROBE_SUPPORTED) !== 0;
  const missing = Object.entries(Op).filter(([, operation]) => !isSupported(operation)).map(([name]) => name);
  return missing.length === 0 ? null : `io_uring lacks the operation ${missing.join(", ")}`;
}

/** A table of direct descriptors can't be probed, only made. (Pools of buffers are as old as deferred task work.) */
function whyNoTables(sys: UringSyscalls, ring: number): string | null {
  const files = new Int32Array(8); // struct io_uring_rsrc_register: nr, flags (1: sparse), and no data
  files.set([1, 1]);
  if (sys.register(ring, Register.files2, new Uint8Array(files.buffer), 32) >= 0) return null;
  return `io_uring can't have a table of direct descriptors (errno ${sys.errno()})`;
}
