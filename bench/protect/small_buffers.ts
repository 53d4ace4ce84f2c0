/**
 * A peer that doesn't read is told from one that does once the kernel's buffers between them are full, which takes
 * minutes with replies of 28 bytes. In a network namespace of its own a program has small ones.
 */
import type { Host } from "../../core/cli/host.ts";

/** In the environment of the one inside. */
const INSIDE = "REDPKT_BENCH_SMALL_BUFFERS";
/** Least, default and most bytes of a socket's buffer. */
const READ_BYTES = "4096 4096 4096";
const WRITE_BYTES = "4096 8192 8192";

/** Whether this process has small buffers. */
export function hasSmallBuffers(host: Host): boolean {
  return host.env(INSIDE) === "1";
}

/** Runs a program with small buffers. Returns its exit code; undefined if no such namespace can be made here. */
export async function runWithSmallBuffers(
  module: string,
  args: readonly string[],
): Promise<number | undefined> {
  const settings = `ip link set lo up && echo ${READ_BYTES} >/proc/sys/net/ipv4/tcp_rmem && ` +
    `echo ${WRITE_BYTES} >/proc/sys/net/ipv4/tcp_wmem`;
  const inNamespace = (words: readonly string[], isQuiet: boolean) =>
    new Deno.Command("unshare", {
      args: ["--net", "sh", "-c", `${settings} && exec "$@"`, "sh", ...words],
      env: { [INSIDE]: "1" },
      stdout: isQuiet ? "null" : "inherit",
      stderr: isQuiet ? "null" : "inherit",
    });
  try {
    if (!(await inNamespace(["true"], true).output()).success) return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return (await inNamespace([Deno.execPath(), "run", "-A", module, ...args], false).spawn().status).code;
}
