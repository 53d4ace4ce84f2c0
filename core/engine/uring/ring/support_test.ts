import { equal, match } from "node:assert/strict";
import { whyNoLibc } from "../../../os/posix.ts";
import { Feature, Op, PARAMS_FEATURES, Register } from "./abi.ts";
import { whyNoRing, whyNoUring } from "./support.ts";
import type { UringSyscalls } from "./syscalls.ts";

/** A kernel that has everything but what a test takes away. */
interface Lack {
  readonly setupErrno?: number;
  readonly feature?: number;
  readonly operation?: number;
  /** A registration that fails with EINVAL. */
  readonly register?: number;
}

const RING = 77;

/** @returns why the engine can't run on such a kernel */
function askKernel(lack: Lack): string | null {
  const open = new Set<number>();
  const sys: UringSyscalls = {
    setup(_entries, params) {
      if (lack.setupErrno !== undefined) return -1;
      const all = Object.values(Feature).reduce<number>((sum, bit) => sum | bit, 0);
      new Int32Array(params.buffer)[PARAMS_FEATURES] = all & ~(lack.feature ?? 0);
      open.add(RING);
      return RING;
    },
    register(ring, opcode, argument, count) {
      equal(ring, RING);
      if (opcode === lack.register) return -1;
      if (opcode === Register.probe) {
        for (let operation = 0; operation < count; operation++) {
          argument[16 + operation * 8 + 2] = operation === lack.operation ? 0 : 1;
        }
      }
      return 0;
    },
    enter: () => -1,
    close: (fd) => void open.delete(fd),
    errno: () => lack.setupErrno ?? 22,
  };
  const why = whyNoRing(sys);
  equal(open.size, 0, "the ring that asked is closed");
  return why;
}

Deno.test("whyNoRing: nothing is missing", () => equal(askKernel({}), null));

Deno.test("whyNoRing: says what refuses or is missing", () => {
  match(askKernel({ setupErrno: 1 })!, /EPERM.*io_uring_disabled.*seccomp/);
  match(askKernel({ setupErrno: 38 })!, /no io_uring \(ENOSYS\)/);
  match(askKernel({ setupErrno: 22 })!, /older than Linux 6\.1/);
  match(askKernel({ setupErrno: 12 })!, /no memory.*ulimit -l/);
  match(askKernel({ setupErrno: 99 })!, /errno 99/);
  equal(askKernel({ feature: Feature.cqeSkip }), "io_uring lacks the feature cqeSkip");
  equal(askKernel({ feature: Feature.extArg | Feature.nodrop }), "io_uring lacks the feature nodrop, extArg");
  equal(askKernel({ operation: Op.recv }), "io_uring lacks the operation recv");
  match(askKernel({ register: Register.probe })!, /can't be asked for its operations/);
  match(askKernel({ register: Register.files2 })!, /table of direct descriptors/);
});

Deno.test("whyNoRing: does without what only makes it faster", () => {
  for (const name of ["minTimeout", "noIowait", "recvsendBundle"] as const) {
    equal(askKernel({ feature: Feature[name] }), null);
  }
});

const SETTING = "/proc/sys/kernel/io_uring_disabled";
/** Changes the whole machine for a moment, so it has to be asked for. */
const mayChangeMachine = Deno.env.get("REDPKT_TEST_SYSCTL") === "1" && Deno.uid() === 0;

Deno.test({
  name: "whyNoUring: kernel.io_uring_disabled=2 (needs root and REDPKT_TEST_SYSCTL=1)",
  ignore: whyNoLibc() !== null || !mayChangeMachine,
  fn() {
    const before = Deno.readTextFileSync(SETTING);
    try {
      Deno.writeTextFileSync(SETTING, "2");
      match(whyNoUring()!, /EPERM/);
    } finally {
      Deno.writeTextFileSync(SETTING, before);
    }
  },
});
