import type { HostContext, PacketSource, SponsorResource, Tickets, Wave } from "../../core/plugin/plugin.ts";
import { Greetings, hasGreetings } from "./greetings.ts";
import { plannedSchedule, type Schedule } from "./schedule.ts";
import { WavePlayer } from "./wave_player.ts";

/** A wall clock that goes off by more than this from one look to the next has stepped. */
const STEP_MS = 100;

/** How an earlier run left the waves, by their names; those that are as planned may be absent. */
export interface KeptWaves {
  readonly schedules: ReadonlyMap<string, Schedule>;
  readonly greetedMs: ReadonlyMap<string, number>;
}

/**
 * Releases a host's tickets when they are due. One wave plays at a time, the one that began last: what an earlier one has
 * not released, because the host was down, comes after it. Greetings are released beside them.
 */
export class Releases implements PacketSource {
  readonly players: readonly WavePlayer[];
  readonly greetings: Tickets["greetings"];
  readonly resources: readonly SponsorResource[];
  /** Tickets can be won: they are in the ledger. */
  isReady = false;
  /** An operator's change is on its way into the ledger: no greeting is given that a restart would not know of. */
  isChanging = false;
  readonly #host: HostContext;
  readonly #tickets: Tickets;
  readonly #greetings: Greetings;
  /** By wave: its end has come, and what nobody has won goes back. */
  readonly #isClosed: Uint8Array;
  #lastMs = NaN;
  #lastOffsetMs = NaN;

  constructor(host: HostContext, tickets: Tickets, { schedules, greetedMs }: KeptWaves) {
    this.#host = host;
    this.#tickets = tickets;
    this.greetings = tickets.greetings;
    this.resources = tickets.sponsors.flatMap(({ number, resource }) =>
      resource === undefined ? [] : [{ sponsor: number, resource }]
    );
    this.players = tickets.waves.map((wave, at) =>
      new WavePlayer(
        wave,
        schedules.get(wave.name) ?? plannedSchedule(wave.startMs),
        wave.tickets === 0 && !hasGreetings(tickets, at),
      )
    );
    this.#greetings = new Greetings(tickets, this.players, host.unixMs(), greetedMs);
    this.#isClosed = new Uint8Array(this.players.length);
  }

  /** By wave's name, up to where in its own time greetings have been released. */
  get greetedMs(): Record<string, number> {
    return this.#greetings.reachedMs;
  }

  release(
    nowMs: number,
    give: (packetId: number, amountFen: number, sponsor: number) => void,
    greet: (greeting: number, due: number) => number,
  ): void {
    const elapsedMs = Number.isNaN(this.#lastMs) ? 0 : nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const wallMs = this.#host.unixMs();
    this.#noteStep(wallMs - nowMs);
    if (!this.isReady || !this.#host.mayRelease()) return;
    this.#close(wallMs);
    const player = this.#playing(wallMs);
    if (player !== undefined) {
      player.play(this.#tickets, wallMs, elapsedMs, (packetId, amountFen, sponsor) => {
        this.#host.count("seedReleased", 1);
        this.#host.count("seedReleasedFen", amountFen);
        give(packetId, amountFen, sponsor);
      });
    }
    if (!this.isChanging) {
      this.#greetings.release(wallMs, elapsedMs, (greeting, due) => {
        const taken = greet(greeting, due);
        this.#host.count("seedGreetingsReleased", taken);
        return taken;
      });
    }
    this.#host.gauge("seedGreetingsUnreleased", this.#greetings.unreleased);
    this.#host.gauge(
      "seedBehindMs",
      this.players.reduce((sum, one) => Math.max(sum, one.behindMs(wallMs)), 0),
    );
  }

  nextDueMs(nowMs: number): number {
    if (!this.isReady) return nowMs;
    const wallMs = this.#host.unixMs();
    return nowMs + this.players.reduce(
      (next, player) => Math.min(next, player.nextDueInMs(this.#tickets, wallMs)),
      this.#greetings.nextDueInMs(wallMs),
    );
  }

  get isDone(): boolean {
    return this.isReady && this.players.every(({ isOver }) => isOver);
  }

  isOpen(packetId: number): boolean {
    return this.#isClosed[this.#waveOf(packetId)] === 0;
  }

  get waves(): Wave[] {
    return this.players.map(({ wave, schedule, isOver, startWallMs, endWallMs }, at) => ({
      name: wave.name,
      startMs: startWallMs,
      endMs: endWallMs,
      isHeld: schedule.pausedWallMs !== undefined,
      isOver,
      resource: wave.resource ?? this.greetings.find(({ waves }) => waves.includes(at))?.resource ?? 0,
    }));
  }

  /** Whether a wave's leftover went back: nothing can come of it any more. */
  isClosed(player: WavePlayer): boolean {
    return this.#isClosed[this.players.indexOf(player)] === 1;
  }

  /** What an operator sees of a wave. */
  describe(player: WavePlayer): Record<string, unknown> {
    const { wave, schedule, released, skipped, isOver } = player;
    const wallMs = this.#host.unixMs();
    const at = this.players.indexOf(player);
    return {
      wave: wave.name,
      state: schedule.isStopped
        ? "stopped"
        : isOver
        ? "over"
        : schedule.pausedWallMs !== undefined
        ? "paused"
        : player === this.#playing(wallMs)
        ? "playing"
        : player.isPlaying(wallMs)
        ? "waiting"
        : "planned",
      start: new Date(player.startWallMs).toISOString(),
      end: new Date(player.endWallMs).toISOString(),
      stretch: schedule.stretch,
      tickets: wave.tickets,
      released,
      awardedBefore: skipped,
      behindMs: Math.round(player.behindMs(wallMs)),
      isClosed: this.#isClosed[at] === 1,
    };
  }

  /** The wave that plays: of those that could, the one that began last. */
  #playing(wallMs: number): WavePlayer | undefined {
    let found: WavePlayer | undefined;
    for (const player of this.players) {
      if (!player.isPlaying(wallMs)) continue;
      if (found === undefined || player.startWallMs >= found.startWallMs) found = player;
    }
    return found;
  }

  /** Ends waves whose leftovers go back, once their end has come. */
  #close(wallMs: number): void {
    if (!this.#host.mayExpire()) return;
    this.players.forEach((player, at) => {
      if (!player.wave.returnsLeftover || this.#isClosed[at] === 1) return;
      const hasEnded = player.schedule.isStopped ||
        (player.schedule.pausedWallMs === undefined && wallMs >= player.endWallMs);
      if (!hasEnded) return;
      this.#isClosed[at] = 1;
      player.isOver = true;
      this.#host.log("wave closed", this.describe(player));
    });
  }

  #noteStep(offsetMs: number): void {
    const stepMs = offsetMs - this.#lastOffsetMs;
    this.#lastOffsetMs = offsetMs;
    if (!(Math.abs(stepMs) > STEP_MS)) return;
    this.#host.count("seedWallSteps", 1);
    this.#host.log("the wall clock has stepped", { ms: Math.round(stepMs) });
  }

  #waveOf(packetId: number): number {
    const { groups } = this.#tickets;
    let low = 0;
    let high = groups.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (groups[middle].firstId <= packetId) low = middle;
      else high = middle - 1;
    }
    return groups[low].wave;
  }
}
