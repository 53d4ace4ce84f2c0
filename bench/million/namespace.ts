/**
 * A network namespace whose kernel has a larger table of connections, and room for more peers that wait to be accepted.
 * The table's size is fixed when a namespace is made, so this process starts itself again in a new one.
 */
import type { Host } from "../../core/cli/host.ts";
import { readKernelNumbers } from "../../core/doctor/kernel_files.ts";

const CHILD_TABLE = "/proc/sys/net/ipv4/tcp_child_ehash_entries";
const OWN_TABLE = "/proc/sys/net/ipv4/tcp_ehash_entries";
/** With the kernel's own 4,096, peers that connect faster than they are taken are forgotten half-way now and then. */
const LARGE_BACKLOG = "echo 65535 >/proc/sys/net/core/somaxconn";
/** In the environment of the one inside. */
const INSIDE = "REDPKT_BENCH_INSIDE";

/** Buckets of the table that packets of this process are looked up in. */
export interface ConnectionTable {
  /** Undefined where the kernel doesn't tell. */
  readonly buckets: number | undefined;
  readonly isOwn: boolean;
}

export function connectionTable(host: Host): ConnectionTable {
  // Negative in a namespace that shares the host's.
  const buckets = readKernelNumbers(OWN_TABLE)?.[0];
  return { buckets: buckets && Math.abs(buckets), isOwn: host.env(INSIDE) === "1" };
}

/**
 * Runs this program again in a namespace with a table of so many buckets.
 *
 * @returns its exit code, or why no such namespace can be made here
 */
export async function runInside(host: Host, module: string, buckets: number): Promise<number | string> {
  const before = readKernelNumbers(CHILD_TABLE)?.[0];
  if (before === undefined) return "the kernel can't size the table of a namespace (Linux 6.1 can)";
  try {
    await Deno.writeTextFile(CHILD_TABLE, String(buckets));
  } catch {
    return `only root may set ${CHILD_TABLE}`;
  }
  let isSet = true;
  const reset = async () => {
    if (isSet) await Deno.writeTextFile(CHILD_TABLE, String(before));
    isSet = false;
  };
  try {
    const inside = new Deno.Command("unshare", {
      // It says that it is there, so that the setting can be taken back at once.
      args: ["--net", "sh", "-c", `ip link set lo up && ${LARGE_BACKLOG} && echo inside && exec "$@"`, "sh"]
        .concat([Deno.execPath(), "run", "-A", module, ...host.args]),
      env: { [INSIDE]: "1" },
      stdout: "piped",
    }).spawn();
    let isInside = false;
    for await (const bytes of inside.stdout) {
      await reset();
      const text = new TextDecoder().decode(bytes, { stream: true });
      host.out(isInside ? text : text.replace(/^inside\n/, ""));
      isInside = true;
    }
    const { code } = await inside.status;
    return isInside ? code : "no namespace can be made (unshare --net, ip link set lo up)";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "unshare is not installed (util-linux)";
    throw error;
  } finally {
    await reset();
  }
}
