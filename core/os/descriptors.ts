import { libc, RLIMIT_NOFILE, whyNoLibc } from "./posix.ts";

/** What we assume where the limit can't be asked for. */
const ASSUMED_DESCRIPTORS = 10_240;

/** How many descriptors the process may open, after raising the soft limit to the hard one. */
export function descriptorLimit(): number {
  if (whyNoLibc() !== null) return ASSUMED_DESCRIPTORS;
  const limits = new BigUint64Array(2); // struct rlimit: soft, hard
  const bytes = new Uint8Array(limits.buffer);
  if (libc().getrlimit(RLIMIT_NOFILE, bytes) !== 0) return ASSUMED_DESCRIPTORS;
  if (limits[0] < limits[1]) {
    const soft = limits[0];
    limits[0] = limits[1];
    if (libc().setrlimit(RLIMIT_NOFILE, bytes) !== 0) limits[0] = soft;
  }
  const most = 0x7fff_ffffn;
  return Number(limits[0] < most ? limits[0] : most);
}
