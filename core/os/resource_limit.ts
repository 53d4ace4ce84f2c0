import { libc, whyNoLibc } from "./posix.ts";

/** What a process may use of something. */
export interface ResourceLimit {
  /** In force; the process may raise it to the other. */
  readonly soft: number;
  readonly hard: number;
}

/** The limit of one of the `RLIMIT`s; undefined without libc. */
export function readResourceLimit(resource: number): ResourceLimit | undefined {
  if (whyNoLibc() !== null) return undefined;
  const limits = new BigUint64Array(2); // struct rlimit: soft, hard
  if (libc().getrlimit(resource, new Uint8Array(limits.buffer)) !== 0) return undefined;
  // "Unlimited" is 2^64 - 1.
  const number = (limit: bigint) => limit > 0x7fff_ffffn ? Infinity : Number(limit);
  return { soft: number(limits[0]), hard: number(limits[1]) };
}
