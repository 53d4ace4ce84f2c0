import { assert, type TicketGreeting, type Tickets } from "../../core/plugin/plugin.ts";
import { ownTimeMs } from "./schedule.ts";
import type { WavePlayer } from "./wave_player.ts";

/** After a break of the main thread so much of its time is made up for, besides one greeting that is late. */
const LONGEST_STEP_MS = 20;

/** Whether greetings belong to a wave. */
export function hasGreetings({ greetings }: Tickets, wave: number): boolean {
  return greetings.some(({ limit, waves }) => limit > 0 && waves.includes(wave));
}

/**
 * Releases a host's greetings, evenly while a wave of their sponsor plays, until their limit is reached. They are no
 * money: what isn't taken when it is due is gone, and after a restart everything that was due before counts as released.
 */
export class Greetings {
  readonly #all: readonly TicketGreeting[];
  readonly #players: readonly WavePlayer[];
  /** By wave, the greetings that belong to it. */
  readonly #ofWave: readonly (readonly number[])[];
  /** By wave: up to where in its own time they have been released. */
  readonly #reachedMs: Float64Array;
  /** By greeting: how many were released, and the part of the next one that is due. */
  readonly #released: Float64Array;
  readonly #owed: Float64Array;

  /** @param reachedMs by wave's name, up to where they had been released when somebody moved a wave */
  constructor(
    tickets: Tickets,
    players: readonly WavePlayer[],
    wallMs: number,
    reachedMs: ReadonlyMap<string, number>,
  ) {
    this.#all = tickets.greetings;
    this.#players = players;
    this.#ofWave = players.map((_, wave) =>
      this.#all.flatMap(({ waves }, greeting) => waves.includes(wave) ? [greeting] : [])
    );
    this.#reachedMs = Float64Array.from(players, ({ schedule, wave }) => {
      const nowMs = schedule.isStopped ? 0 : ownTimeMs(schedule, wallMs, wave.lengthMs);
      return Math.max(0, nowMs, reachedMs.get(wave.name) ?? 0);
    });
    // The plan's rate bounds what was released, so no ledger is needed to stay within the limit.
    this.#released = Float64Array.from(this.#all, ({ perS, limit, waves }) => {
      const playedMs = waves.reduce((sum, wave) => sum + this.#reachedMs[wave], 0);
      return Math.min(limit, Math.ceil(perS * playedMs / 1000));
    });
    // Each in the middle of its share of time, as tickets are.
    this.#owed = new Float64Array(this.#all.length).fill(0.5);
  }

  /** How many their limits still allow. */
  get unreleased(): number {
    return this.#all.reduce((sum, { limit }, greeting) => sum + limit - this.#released[greeting], 0);
  }

  /** By wave's name, up to where in its own time greetings have been released. */
  get reachedMs(): Record<string, number> {
    return Object.fromEntries(this.#players.map(({ wave }, i) => [wave.name, this.#reachedMs[i]]));
  }

  /**
   * Offers those of the wave that plays.
   *
   * @param elapsedMs time since the last call
   * @param greet takes so many that are due, or fewer; returns how many
   */
  release(wallMs: number, elapsedMs: number, greet: (greeting: number, due: number) => number): void {
    const at = this.#playing(wallMs);
    if (at < 0) return;
    const { schedule, wave } = this.#players[at];
    const ownMs = ownTimeMs(schedule, wallMs, wave.lengthMs);
    // A wall clock that steps brings no more, and what it has skipped is gone.
    const stepMs = Math.max(0, Math.min(ownMs - this.#reachedMs[at], elapsedMs / schedule.stretch));
    this.#reachedMs[at] = Math.max(this.#reachedMs[at], ownMs);
    for (const greeting of this.#ofWave[at]) {
      const { perS, limit } = this.#all[greeting];
      const most = 1 + perS * LONGEST_STEP_MS / 1000;
      const owed = Math.min(most, this.#owed[greeting] + perS * stepMs / 1000);
      const whole = Math.floor(owed);
      this.#owed[greeting] = owed - whole;
      const due = Math.min(whole, limit - this.#released[greeting]);
      const taken = greet(greeting, due);
      assert(taken >= 0 && taken <= due, "at most what is due is taken");
      this.#released[greeting] += taken;
    }
  }

  /** How long until the next one, in ms of real time. */
  nextDueInMs(wallMs: number): number {
    let next = Infinity;
    const playing = this.#playing(wallMs);
    this.#players.forEach(({ schedule, wave }, at) => {
      if (schedule.isStopped || schedule.pausedWallMs !== undefined || this.#ofWave[at].length === 0) return;
      const ownMs = ownTimeMs(schedule, wallMs, wave.lengthMs);
      if (ownMs < 0) next = Math.min(next, -ownMs * schedule.stretch);
      if (at !== playing) return;
      for (const greeting of this.#ofWave[at]) {
        const { perS, limit } = this.#all[greeting];
        if (this.#released[greeting] >= limit) continue;
        next = Math.min(next, (1 - this.#owed[greeting]) / perS * 1000 * schedule.stretch);
      }
    });
    return next;
  }

  /** The wave that plays, -1 for none: of those whose time it is, the one that began last. */
  #playing(wallMs: number): number {
    let found = -1;
    this.#players.forEach((player, at) => {
      const { schedule, wave } = player;
      if (schedule.isStopped || schedule.pausedWallMs !== undefined) return;
      if (ownTimeMs(schedule, wallMs, wave.lengthMs) < 0 || this.#reachedMs[at] >= wave.lengthMs) return;
      if (found < 0 || player.startWallMs >= this.#players[found].startWallMs) found = at;
    });
    return found;
  }
}
