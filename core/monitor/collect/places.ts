import type { Finding } from "../timeline/health.ts";
import type { Target } from "./target.ts";

/** A cluster or a city, as its hosts tell of it. */
export interface PlaceRow {
  readonly kind: "city" | "cluster";
  readonly name: string;
  /** Of a cluster. */
  readonly city: string;
  readonly hosts: number;
  /** Hosts that can't be read, and those that ended in good order. */
  readonly lost: number;
  readonly ended: number;
  /** Sums, and the worst p99. */
  readonly connections: number;
  readonly answered: number;
  readonly p99Us: number;
}

/** As much of a target as is needed here. */
export type PlacedTarget = Pick<Target, "spec" | "state" | "why" | "last">;

/** Whether nothing can be read of a target that should be there. */
export function isLost({ state }: Pick<Target, "state">): boolean {
  return state !== "live" && state !== "ended" && state !== "connecting";
}

/** Every city and cluster that targets are in, cities first, each with what its hosts tell. */
export function placesOf(targets: readonly PlacedTarget[]): PlaceRow[] {
  const cities = grouped(targets, ({ spec }) => spec.city ?? "");
  const clusters = grouped(targets, ({ spec }) => spec.cluster ?? "");
  return [
    ...[...cities].map(([name, hosts]) => rowOf("city", name, hosts)),
    ...[...clusters].map(([name, hosts]) => rowOf("cluster", name, hosts)),
  ];
}

/** What is lost, as few lines as say it: a city, else a cluster, else a host by its name. */
export function placeFindings(targets: readonly PlacedTarget[]): Finding[] {
  const lost = new Set(targets.filter((target) => target.spec.cluster !== undefined && isLost(target)));
  const findings: Finding[] = [];
  for (const { kind, name, hosts, lost: lostHosts } of placesOf(targets)) {
    const within = targets.filter(({ spec }) => spec[kind] === name);
    if (hosts < 2 || lostHosts < hosts || !within.every((target) => lost.has(target))) continue;
    for (const target of within) lost.delete(target);
    findings.push({ level: "bad", text: `${kind} ${name} is lost: none of its ${hosts} hosts can be read` });
  }
  for (const { spec: { name, cluster, city }, why } of lost) {
    const where = city === undefined || city === "" ? "" : ` in ${city}`;
    findings.push({ level: "bad", text: `host ${name} of cluster ${cluster}${where} is lost: ${why}` });
  }
  return findings;
}

function rowOf(kind: PlaceRow["kind"], name: string, targets: readonly PlacedTarget[]): PlaceRow {
  const sum = (of: (target: PlacedTarget) => number) =>
    targets.reduce((total, target) => total + of(target), 0);
  const live = (target: PlacedTarget) => target.state === "live" ? target.last : undefined;
  return {
    kind,
    name,
    city: kind === "city" ? "" : targets[0].spec.city ?? "",
    hosts: targets.length,
    lost: targets.filter(isLost).length,
    ended: targets.filter(({ state }) => state === "ended").length,
    connections: sum((target) => live(target)?.connections ?? 0),
    answered: sum((target) => live(target)?.answered ?? 0),
    p99Us: Math.max(...targets.map((target) => live(target)?.p99Us ?? 0)),
  };
}

function grouped(
  targets: readonly PlacedTarget[],
  nameOf: (target: PlacedTarget) => string,
): Map<string, PlacedTarget[]> {
  const groups = new Map<string, PlacedTarget[]>();
  for (const target of targets) {
    const name = nameOf(target);
    if (name !== "") groups.set(name, [...groups.get(name) ?? [], target]);
  }
  return groups;
}
