/**
 * A network namespace whose kernel has a larger table of connections, and room for more peers that wait to be accepted.
 * The table's size is fixed when a namespace is made, so this process starts itself again in a new one.
 */
import type { Host } from "../../core/cli/host.ts";
import { readKernelNumbers } from "../../core/os/kernel_files.ts";

const CHILD_TABLE = "/proc/sys/net/ipv4/tcp_child_ehash_entries";
const OWN_TABLE = "/proc/sys/net/ipv4/tcp_ehash_entries";
/** With the kernel's own 4,096, peers that connect faster than they are taken are forgotten half-way now and then. */
const LARGE_BACKLOG: Readonly<Record<string, string>> = { "core/somaxconn": "65535" };
/** In the environment of the one inside: what of TCP was left out, if anything. */
const INSIDE = "REDPKT_BENCH_INSIDE";

/**
 * What TCP does for every packet, and a giveaway of single small frames has no use for: rates that are estimated and
 * paced by BBR, timestamps, probes of the tail, windows that are sized anew after each pause.
 */
const LEAN_TCP: Readonly<Record<string, string>> = {
  "ipv4/tcp_congestion_control": "reno",
  "ipv4/tcp_timestamps": "0",
  "ipv4/tcp_sack": "0",
  "ipv4/tcp_early_retrans": "0",
  "ipv4/tcp_slow_start_after_idle": "0",
  "ipv4/tcp_moderate_rcvbuf": "0",
};

/** Buckets of the table that packets of this process are looked up in. */
export interface ConnectionTable {
  /** Undefined where the kernel doesn't tell. */
  readonly buckets: number | undefined;
  readonly isOwn: boolean;
  /** Whether TCP was told to do less than it usually does. */
  readonly isLean: boolean;
}

export function connectionTable(host: Host): ConnectionTable {
  // Negative in a namespace that shares the host's.
  const buckets = readKernelNumbers(OWN_TABLE)?.[0];
  const inside = host.env(INSIDE);
  return {
    buckets: buckets && Math.abs(buckets),
    isOwn: inside !== undefined,
    isLean: inside === "lean",
  };
}

/**
 * Runs this program again in a namespace with a table of so many buckets, and if `isLean` a TCP that does less.
 *
 * @returns its exit code, or why no such namespace can be made here
 */
export async function runInside(
  host: Host,
  module: string,
  buckets: number,
  isLean: boolean,
): Promise<number | string> {
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
  const settings = Object.entries({ ...LARGE_BACKLOG, ...(isLean ? LEAN_TCP : {}) })
    .map(([name, value]) => `echo ${value} >/proc/sys/net/${name} && `).join("");
  try {
    const inside = new Deno.Command("unshare", {
      // It says that it is there, so that the setting can be taken back at once.
      args: [
        "--net",
        "sh",
        "-c",
        `ip link set lo up && ${settings}echo inside && exec "$@"`,
        "sh",
      ]
        .concat([Deno.execPath(), "run", "-A", module, ...host.args]),
      env: { [INSIDE]: isLean ? "lean" : "usual" },
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
