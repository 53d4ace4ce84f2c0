import { measuredOf, withFigures } from "../../core/plan/figures.ts";
import { planEvent } from "../../core/plan/plan.ts";
import type { Window } from "./servers.ts";

/** A number of a plan beside what was seen. */
export interface Compared {
  readonly what: string;
  readonly unit: string;
  readonly planned: number;
  readonly seen: number;
}

/** Plans a window's processes out of what one process used just before and just after. */
export function planned(
  window: Window,
  before: Window,
  after: Window,
  users: number,
  perS: number,
): Compared[] {
  const { processes } = window;
  const one = (of: (window: Window) => number) => (of(before) + of(after)) / 2;
  const shakeUs = one(({ cores, answeredPerS }) => cores / answeredPerS) * 1e6;
  const connectionBytes = one(({ residentBytes }) => residentBytes) / users;
  const measured = withFigures(measuredOf(undefined, ""), [
    `shakeUs=${shakeUs}`,
    `connectionBytes=${connectionBytes}`,
  ]);
  const plan = planEvent(
    {
      users: processes * users,
      peakPerS: processes * perS,
      packets: processes,
      packetsPerS: processes,
      shakes: processes * perS,
      ...{ cities: 1, clusters: 1, cores: 1, memoryGb: 1, linkGbps: 1, load: 1, memoryLoad: 1, margin: 1 },
      ...{ tls: 0, returnS: 60, moneyYuan: 1, rowsPerPacket: 1, rowBytes: 1, payoutsPerS: 1 },
      ...{ resourceMb: 1, fetchHours: 1 },
    },
    measured,
    processes,
  );
  const value = (name: string) =>
    plan.groups.flatMap(({ numbers }) => numbers).find((number) => number.name === name)!.value;
  return [
    {
      what: "connections a host",
      unit: "",
      planned: value("usersPerHost"),
      seen: window.connections / processes,
    },
    {
      what: "shakes/s a host",
      unit: "/s",
      planned: value("shakesPerSPerHost"),
      seen: window.answeredPerS / processes,
    },
    {
      what: "CPU of all",
      unit: "cores",
      planned: value("coresPerHost") * processes,
      seen: window.cores,
    },
    {
      what: "memory of all",
      unit: "GB",
      planned: value("memoryPerHost") * processes,
      seen: window.residentBytes / 1e9,
    },
  ];
}
