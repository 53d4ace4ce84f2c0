import type { Bus } from "../../bus/bus.ts";
import type { ShowMark } from "../../link/words.ts";
import { showWaves, versionText } from "../document.ts";
import type { SignedShow } from "../signed.ts";
import type { RosterHost } from "./console_folder.ts";
import type { Director, SeenHost } from "./director.ts";

/** Of `redpkt show status --json` and the monitor's page. */
export interface ShowStatus {
  readonly wallMs: number;
  /** The newest document, whoever has issued it; null: there is none. */
  readonly version: string | null;
  readonly signer: string | null;
  readonly issuedMs: number | null;
  readonly activateMs: number | null;
  readonly isHeld: boolean;
  readonly level: number;
  readonly waves: readonly WaveStatus[];
  readonly hosts: readonly HostStatus[];
  readonly places: readonly PlaceStatus[];
  readonly paths: readonly {
    readonly name: string;
    readonly isConnected: boolean;
    readonly has: string | null;
  }[];
  /** By how much this console's clock is ahead of most hosts'; 0 while they agree. */
  readonly ownClockOffMs: number;
}

export type WaveState = "cut" | "waits for go" | "held" | "planned" | "plays" | "over";

export interface WaveStatus {
  readonly name: string;
  readonly state: WaveState;
  readonly startMs: number;
  readonly lengthMs: number;
  readonly pausedMs: number | null;
  readonly resource: number | null;
}

export interface HostStatus {
  readonly host: string;
  readonly city: string;
  readonly cluster: string;
  readonly isPresent: boolean;
  /** It has the newest document on disk, and it counts there. */
  readonly hasNewest: boolean;
  readonly isActive: boolean;
  readonly has: string | null;
  readonly clockMs: number | null;
  readonly isHolding: boolean;
  readonly refuses: string | null;
  readonly path: string | null;
}

/** How many hosts of a cluster have the newest document. */
export interface PlaceStatus {
  readonly city: string;
  readonly cluster: string;
  readonly hosts: number;
  readonly acked: number;
}

/** What a console sees, as a whole. */
export function statusOf(
  director: Director,
  newest: SignedShow | undefined,
  roster: readonly RosterHost[],
  wallMs: number,
): ShowStatus {
  const hosts = hostStatuses(director, newest, roster);
  return {
    wallMs,
    version: newest === undefined ? null : versionText(newest.document),
    signer: newest?.signer ?? null,
    issuedMs: newest?.document.issuedMs ?? null,
    activateMs: newest?.document.activateMs ?? null,
    isHeld: newest !== undefined && newest.document.heldMs !== null,
    level: newest?.document.level ?? 0,
    waves: newest === undefined ? [] : waveStatuses(newest, wallMs),
    hosts,
    places: placesOf(hosts),
    paths: director.buses.map((bus) => ({
      name: bus.name,
      isConnected: bus.state.isConnected,
      has: pathHas(director, bus),
    })),
    ownClockOffMs: Math.round(director.ownClockOffMs),
  };
}

export function waveStatuses({ document }: SignedShow, wallMs: number): WaveStatus[] {
  return showWaves(document).map(({ name, startMs, lengthMs, pausedMs, isArmed, isCut, resource }) => ({
    name,
    state: stateOf({ startMs, lengthMs, pausedMs, isArmed, isCut }, wallMs),
    startMs,
    lengthMs,
    pausedMs: pausedMs ?? null,
    resource,
  }));
}

function stateOf(
  { startMs, lengthMs, pausedMs, isArmed, isCut }: {
    startMs: number;
    lengthMs: number;
    pausedMs: number | undefined;
    isArmed: boolean;
    isCut: boolean;
  },
  wallMs: number,
): WaveState {
  if (isCut) return "cut";
  if (isArmed) return "waits for go";
  const stoodAtMs = Math.min(wallMs, pausedMs ?? Infinity);
  if (stoodAtMs >= startMs + lengthMs) return "over";
  if (pausedMs !== undefined && pausedMs <= wallMs) return "held";
  return wallMs < startMs ? "planned" : "plays";
}

function hostStatuses(
  director: Director,
  newest: SignedShow | undefined,
  roster: readonly RosterHost[],
): HostStatus[] {
  const known = new Map<string, RosterHost>(roster.map((one) => [one.host, one]));
  for (const { host, city, cluster } of director.hosts.values()) known.set(host, { host, city, cluster });
  return [...known.values()].sort((a, b) => a.host < b.host ? -1 : 1).map((one) => {
    const seen = director.hosts.get(one.host);
    return { ...one, ...seenStatus(director, seen, newest) };
  });
}

function seenStatus(director: Director, seen: SeenHost | undefined, newest: SignedShow | undefined) {
  const has = (what: "newest" | "active") =>
    seen !== undefined && newest !== undefined && director.has(seen.host, newest, what);
  return {
    isPresent: seen !== undefined && director.isPresent(seen),
    hasNewest: has("newest"),
    isActive: has("active"),
    has: markText(seen?.newest ?? null),
    clockMs: seen?.clock === null || seen === undefined ? null : Math.round(seen.clock.behindMs),
    isHolding: seen?.isHolding ?? false,
    refuses: seen !== undefined && newest !== undefined ? director.refusal(seen.host, newest) ?? null : null,
    path: seen?.path ?? null,
  };
}

function placesOf(hosts: readonly HostStatus[]): PlaceStatus[] {
  const places = new Map<string, { city: string; cluster: string; hosts: number; acked: number }>();
  for (const { city, cluster, hasNewest } of hosts) {
    const key = `${city} ${cluster}`;
    const place = places.get(key) ?? { city, cluster, hosts: 0, acked: 0 };
    places.set(key, { ...place, hosts: place.hosts + 1, acked: place.acked + (hasNewest ? 1 : 0) });
  }
  return [...places.values()].sort((a, b) => `${a.city} ${a.cluster}` < `${b.city} ${b.cluster}` ? -1 : 1);
}

function pathHas(director: Director, bus: Bus): string | null {
  return markText(director.heldBy(bus) ?? null);
}

function markText(mark: ShowMark | null): string | null {
  return mark === null ? null : versionText(mark);
}
