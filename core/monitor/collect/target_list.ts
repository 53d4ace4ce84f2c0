import type { HostList } from "../../hosts/list/host_list.ts";
import { formatAddress, parseAddress } from "../../os/address.ts";

/** A process to watch. */
export interface TargetSpec {
  /** Where its admin or control API answers, without a slash at the end. */
  readonly url: string;
  /** What people call it; `host:port` unless the file gives a name. */
  readonly name: string;
  /** The cluster and the city that it is in, if a host list says so. */
  readonly cluster?: string;
  readonly city?: string;
}

export type TargetList = { readonly targets: readonly TargetSpec[] } | { readonly problem: string };

/** Most targets of one range; a longer one is a typing mistake. */
const MAX_RANGE = 4_096;

/**
 * Reads one target or a range of them: `127.0.0.1:8989`, `http://host:8989`, `10.0.0.1-10.0.0.40:8989`,
 * `127.0.0.1:9000-9099`.
 */
export function parseTarget(text: string): TargetList {
  const match = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:]+\]|[^/:\s]+):(\d{1,5})(?:-(\d{1,5}))?\/?$/.exec(text);
  if (match === null) {
    return { problem: `${text}: no target. Write host:port, such as 127.0.0.1:8989, or a range of either` };
  }
  const [, scheme = "http", hostText, firstPort, lastPort = firstPort] = match;
  const hosts = hostRange(hostText);
  const [from, to] = [Number(firstPort), Number(lastPort)];
  if (hosts === undefined || from > to || to > 65_535 || from === 0) {
    return { problem: `${text}: the range is wrong. Both ends count, and the first is not above the last` };
  }
  const count = hosts.length * (to - from + 1);
  if (count > MAX_RANGE) return { problem: `${text}: ${count} targets; at most ${MAX_RANGE} are possible` };
  const targets: TargetSpec[] = [];
  for (const host of hosts) {
    for (let port = from; port <= to; port++) {
      targets.push({ url: `${scheme}://${host}:${port}`, name: `${host}:${port}` });
    }
  }
  return { targets };
}

/**
 * Reads a file of targets: one a line, with a name behind it if wanted; `#` starts a comment. A line that is wrong is
 * told and left out, so that one slip doesn't lose the others.
 */
export function parseTargetFile(text: string): { targets: TargetSpec[]; problems: string[] } {
  const targets = new Map<string, TargetSpec>();
  const problems: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const [address, ...name] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (address === "") continue;
    const list = parseTarget(address);
    if ("problem" in list) {
      problems.push(`line ${index + 1}: ${list.problem}`);
      continue;
    }
    for (const target of list.targets) {
      const isOne = list.targets.length === 1 && name.length > 0;
      targets.set(target.url, isOne ? { ...target, name: name.join(" ") } : target);
    }
  }
  return { targets: [...targets.values()], problems };
}

/** The hosts of a list whose admin APIs it tells, but for those that are out. */
export function targetsOfHosts({ clusters }: HostList): TargetSpec[] {
  return clusters.flatMap(({ name: cluster, city, state, hosts }) =>
    hosts.filter((host) => host.admin !== "" && host.state !== "out" && state !== "out").map((
      { name, admin },
    ) => ({ url: `http://${admin}`, name, cluster, city }))
  );
}

function hostRange(text: string): string[] | undefined {
  const [from, to, ...more] = text.split("-");
  const first = parseAddress(from);
  const last = to === undefined ? undefined : parseAddress(to);
  // A name may hold a hyphen; only two dotted addresses are a range.
  if (first === undefined || last === undefined) return [text];
  if (more.length > 0 || last < first || last - first >= MAX_RANGE) return undefined;
  return Array.from({ length: last - first + 1 }, (_, i) => formatAddress(first + i));
}
