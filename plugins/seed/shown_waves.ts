import {
  type HostContext,
  type ShowDocument,
  type ShowWave,
  showWaves,
  versionText,
} from "../../core/plugin/plugin.ts";
import type { Releases } from "./releases.ts";
import type { Schedule } from "./schedule.ts";
import type { WaveChanges } from "./wave_changes.ts";
import type { WavePlayer } from "./wave_player.ts";

/** Names the orders of a show; there is no such route, so no operator's key can be one of them. */
const ROUTE = "SHOW waves";
/** How long a change that the ledger doesn't take now waits. */
const RETRY_MS = 1_000;

/** Why a host's tickets can't be played as a show says; undefined while they are being read. */
export function showProblems(show: ShowDocument, releases: Releases | undefined): string[] | undefined {
  if (releases === undefined) return undefined;
  const waves = new Map(showWaves(show).map((wave) => [wave.name, wave]));
  const strange = [...waves.keys()].filter((name) =>
    !releases.players.some(({ wave }) => wave.name === name)
  );
  return [
    ...strange.map((name) => `wave ${name}: the tickets of this host know none of this name`),
    ...releases.players.flatMap((player) => {
      const { name, lengthMs } = player.wave;
      const wanted = waves.get(name);
      if (wanted === undefined) return [`wave ${name}: is missing, and this host has tickets of it`];
      if (wanted.lengthMs < lengthMs) {
        return [`wave ${name}: takes ${wanted.lengthMs} ms, less than the ${lengthMs} ms of its tickets`];
      }
      if (releases.isClosed(player) && player.schedule.isStopped && !wanted.isCut) {
        return [`wave ${name}: was cut, and its tickets went back to their sponsors`];
      }
      return [];
    }),
  ];
}

/**
 * Lets a host's waves play as the show says: every wave that doesn't is changed by an order of its own, so that it is
 * durable before it counts, counts once, and lasts as any operator's change does.
 */
export class ShownWaves {
  readonly #host: HostContext;
  readonly #changes: WaveChanges;
  #show: ShowDocument | undefined;
  #releases: Releases | undefined;
  #isPlacing = false;
  #retryAtMs = Infinity;

  constructor(host: HostContext, changes: WaveChanges) {
    this.#host = host;
    this.#changes = changes;
  }

  take(show: ShowDocument, releases: Releases | undefined): void {
    this.#show = show;
    if (releases !== undefined) this.begin(releases);
  }

  /** The tickets are there: what the show has said by now counts. */
  begin(releases: Releases): void {
    this.#releases = releases;
    if (this.#show !== undefined && !this.#isPlacing) void this.#placeAll();
  }

  async #placeAll(): Promise<void> {
    this.#isPlacing = true;
    // A newer show may come while one is on its way into the ledger.
    for (let show = this.#show!, isDone = false; !isDone; isDone = show === this.#show, show = this.#show!) {
      for (const wave of showWaves(show)) await this.#place(show, wave);
    }
    this.#isPlacing = false;
  }

  async #place(show: ShowDocument, wave: ShowWave): Promise<void> {
    const releases = this.#releases!;
    const player = releases.players.find((one) => one.wave.name === wave.name);
    if (player === undefined) return; // it was checked, by a host with other tickets
    const schedule = scheduleOf(wave, player);
    if (isSameSchedule(schedule, player.schedule)) return;
    const version = versionText(show);
    const request = {
      route: ROUTE,
      key: `${show.event} ${version} ${wave.name}`,
      body: { wave: wave.name, schedule },
    };
    try {
      await this.#changes.place(request, () => ({
        hash: this.#host.tickets!.hash,
        wave: wave.name,
        schedule,
        greetedMs: releases.greetedMs,
      }));
      this.#host.log("wave as the show says", { version, ...releases.describe(player) });
    } catch (error) {
      // The ledger takes no orders now: what the show says waits until it does.
      const reason = error instanceof Error ? error.message : String(error);
      this.#host.log("wave not yet as the show says", { version, wave: wave.name, reason }, "warn");
      this.#retryAtMs = this.#host.monotonicMs() + RETRY_MS;
      this.#host.wakeUp();
    }
  }

  /** Tries again what the ledger didn't take; returns when to call next. */
  turn(nowMs: number): number {
    if (nowMs < this.#retryAtMs || this.#isPlacing || this.#releases === undefined) return this.#retryAtMs;
    this.#retryAtMs = Infinity;
    void this.#placeAll();
    return Infinity;
  }
}

/** A show says begin and length, a schedule says how fast the wave's own time goes by. */
function scheduleOf({ startMs, lengthMs, pausedMs, isCut }: ShowWave, { wave }: WavePlayer): Schedule {
  return {
    anchorWallMs: startMs,
    anchorMs: 0,
    stretch: lengthMs / wave.lengthMs,
    ...(pausedMs === undefined ? {} : { pausedWallMs: pausedMs }),
    isStopped: isCut,
  };
}

function isSameSchedule(a: Schedule, b: Schedule): boolean {
  return a.anchorWallMs === b.anchorWallMs && a.anchorMs === b.anchorMs && a.stretch === b.stretch &&
    a.pausedWallMs === b.pausedWallMs && a.isStopped === b.isStopped;
}
