import { libc, RLIMIT_NOFILE, whyNoLibc } from "../engine/posix.ts";

/** How many descriptors this process may open; it raises the first to the second by itself. */
export interface DescriptorLimits {
  readonly soft: number;
  readonly hard: number;
}

/** The limits in force; undefined without libc. */
export function readDescriptorLimits(): DescriptorLimits | undefined {
  if (whyNoLibc() !== null) return undefined;
  const limits = new BigUint64Array(2); // struct rlimit: soft, hard
  if (libc().getrlimit(RLIMIT_NOFILE, new Uint8Array(limits.buffer)) !== 0) return undefined;
  // "Unlimited" is 2^64 - 1.
  const number = (limit: bigint) => limit > 0x7fff_ffffn ? Infinity : Number(limit);
  return { soft: number(limits[0]), hard: number(limits[1]) };
}
