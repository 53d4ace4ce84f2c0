import type { Clock } from "../../base/clock.ts";
import { Random } from "../../base/random.ts";
import type { LoadedPlugin } from "../../plugin/loader.ts";
import { Layout } from "../../seed/plan/layout.ts";
import { DrawnTickets } from "./drawn_tickets.ts";
import { replayAreas } from "./replay_engine.ts";
import { ReplayHost } from "./replay_host.ts";
import { Evening, type ReplaySettings } from "./replay_options.ts";
import { ReplaySums } from "./replay_sums.ts";

/**
 * The hosts take turns of so much virtual time: what a host needs is in the processor's cache again after its first few ms,
 * and they don't depend on each other.
 */
const SLICE_MS = 10_000;
/** The longest that a host goes on at once with nothing due, while a wave plays and while none does. */
const WAVE_TURN_MS = 100;
const QUIET_TURN_MS = 1_000;
/** How often it is told how far it is. */
const TELL_MS = 500;
/** Number of a host's own draws, past those of its tickets. */
const HOST_DRAWS = 1_000_000_000;

/** What some hosts' evening came to. */
export interface PartResult {
  readonly sums: Pick<ReplaySums, "minutes" | "groups" | "hosts" | "readWaitUs" | "awardWaitUs">;
  /** Two words of trace for each host. */
  readonly traces: Uint32Array;
}

/** Hosts that one thread plays, in turn. */
export class ReplayPart {
  readonly #evening: Evening;
  readonly #sums: ReplaySums;
  readonly #hosts: readonly ReplayHost[];
  readonly #won: readonly { readonly packets: string; readonly fen: string }[];
  readonly #shakes: number;

  /** @param to the first host that is another thread's */
  constructor(settings: ReplaySettings, from: number, to: number, plugins: readonly LoadedPlugin[]) {
    const { plan, seed, seats, users, shakesPerVisit, capacityPerS } = settings;
    const layout = new Layout(plan);
    const evening = this.#evening = new Evening(settings, layout);
    const sponsors = plan.sponsors.length;
    const sums = this.#sums = new ReplaySums(evening.minutes, plan.waves.length * sponsors);
    const areas = replayAreas();
    const usersOfEach = Math.max(2 * seats, Math.floor(users / layout.hosts.length));
    this.#shakes = evening.shakesUpTo(to) - evening.shakesUpTo(from);
    this.#won = plugins.flatMap(({ plugin }) => plugin.rehearsal?.won ?? []);
    this.#hosts = Array.from({ length: to - from }, (_, i) => {
      const host = from + i;
      const shakes = evening.shakesOf(host);
      const tickets = new DrawnTickets(plan, layout, host, seed);
      const groups = layout.groupsOf(host).map(({ firstId, count, wave, sponsor }) => ({
        firstId,
        count,
        group: wave * sponsors + sponsor,
      }));
      return new ReplayHost({
        plugins,
        tickets,
        limits: plan.limits,
        users: { seats, firstUser: 1 + host * usersOfEach, users: usersOfEach, shakesPerVisit, groups },
        seed: Random.ofPart(seed, HOST_DRAWS + host).forkSeed(),
        startWallMs: evening.startWallMs,
        capacityPerS,
        dueBy: (timeMs) => Math.floor(evening.curve.partAt(timeMs / 1000) * shakes),
        areas,
        sums,
      });
    });
  }

  /** Plays the whole evening. @param tell told now and then how many shakes have been sent, of all */
  async play(clock: Clock, tell: (shakes: number, all: number) => void): Promise<PartResult> {
    for (const host of this.#hosts) await host.begin();
    const endMs = this.#evening.lengthS * 1000;
    const { curve } = this.#evening;
    let nextTellMs = clock.monotonicMs() + TELL_MS;
    for (let fromMs = 0; fromMs < endMs;) {
      const timeMs = Math.min(endMs, fromMs + SLICE_MS);
      const turnMs = this.#evening.isQuiet(fromMs, timeMs) ? QUIET_TURN_MS : WAVE_TURN_MS;
      for (const [i, host] of this.#hosts.entries()) {
        host.playTo(timeMs, turnMs);
        if (clock.monotonicMs() < nextTellMs) continue;
        nextTellMs = clock.monotonicMs() + TELL_MS;
        const [before, after] = [curve.partAt(fromMs / 1000), curve.partAt(timeMs / 1000)];
        tell((before + (after - before) * (i + 1) / this.#hosts.length) * this.#shakes, this.#shakes);
      }
      fromMs = timeMs;
    }
    this.#drain(endMs);
    return this.#result();
  }

  /** Hosts that were given more than they can read go on until they have read it. */
  #drain(endMs: number): void {
    for (const host of this.#hosts) {
      for (let timeMs = endMs + WAVE_TURN_MS; host.behind > 0; timeMs += WAVE_TURN_MS) {
        host.playTo(timeMs, WAVE_TURN_MS);
      }
      host.finish();
    }
  }

  #result(): PartResult {
    const traces = new Uint32Array(2 * this.#hosts.length);
    this.#hosts.forEach((host, i) => {
      host.addTo(this.#sums, this.#won);
      traces.set(host.trace.words, 2 * i);
    });
    const { minutes, groups, hosts, readWaitUs, awardWaitUs } = this.#sums;
    return { sums: { minutes, groups, hosts, readWaitUs, awardWaitUs }, traces };
  }
}
