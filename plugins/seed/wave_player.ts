import { assert, type Tickets, type TicketWave, TicketWord } from "../../core/plugin/plugin.ts";
import { endWallMs, ownTimeMs, plannedSchedule, type Schedule, startWallMs } from "./schedule.ts";

/**
 * The most of a wave's time that is played at once, from when a ticket is due. A longer break of the main thread isn't made
 * up for: afterwards there would be more packets in a second than planned.
 */
const LONGEST_STEP_MS = 20;

/**
 * Plays one wave like a tape: the position only goes forward, at most as fast as time, and tickets are released as it
 * passes them. So whatever happens, no second has more tickets than the plan has somewhere.
 */
export class WavePlayer {
  readonly wave: TicketWave;
  schedule: Schedule;
  /** Tickets that were released, and those that had been awarded before. */
  released = 0;
  skipped = 0;
  /** Nothing more comes of this wave. */
  isOver = false;
  /** Where the tape is, in ms of the wave's own time. */
  #positionMs = 0;
  /** The next ticket, from the wave's first on. */
  #next = 0;

  /** @param isEmpty nothing comes of it at all */
  constructor(wave: TicketWave, schedule: Schedule = plannedSchedule(wave.startMs), isEmpty = false) {
    this.wave = wave;
    this.schedule = schedule;
    this.isOver = schedule.isStopped || isEmpty;
  }

  get startWallMs(): number {
    return startWallMs(this.schedule);
  }

  get endWallMs(): number {
    return endWallMs(this.schedule, this.wave.lengthMs);
  }

  /** Whether there is something to play at this wall time. */
  isPlaying(wallMs: number): boolean {
    return !this.isOver && this.schedule.pausedWallMs === undefined && this.#targetMs(wallMs) >= 0;
  }

  /** How far the tape is behind the plan, in ms. */
  behindMs(wallMs: number): number {
    return this.isOver ? 0 : Math.max(0, this.#targetMs(wallMs) - this.#positionMs);
  }

  /**
   * Plays on, and hands over what the tape passes.
   *
   * @param elapsedMs time since the last call
   */
  play(
    tickets: Tickets,
    wallMs: number,
    elapsedMs: number,
    give: (packetId: number, amountFen: number, sponsor: number) => void,
  ): void {
    const targetMs = this.#targetMs(wallMs);
    const { words } = tickets;
    const mostMs = Math.max(
      Math.max(this.#positionMs, this.#dueMs(tickets, 0)) + LONGEST_STEP_MS / this.schedule.stretch,
      // One ticket that is late is no crowd.
      this.#dueMs(tickets, 1) - 1,
    );
    const reachedMs = this.#positionMs + elapsedMs / this.schedule.stretch;
    let positionMs = Math.max(this.#positionMs, Math.min(targetMs, reachedMs, mostMs));
    for (; this.#next < this.wave.tickets; this.#next++) {
      const at = tickets.locate(this.wave.firstTicket + this.#next);
      const dueMs = words[at + TicketWord.dueMs];
      if (tickets.wasAwarded(words[at + TicketWord.id])) {
        // What was awarded before costs no time: after a restart the tape is soon where it was.
        if (dueMs <= targetMs) positionMs = Math.max(positionMs, Math.min(targetMs, dueMs));
        this.skipped++;
        continue;
      }
      if (dueMs > positionMs) break;
      this.released++;
      give(
        words[at + TicketWord.id],
        words[at + TicketWord.amountFen],
        words[at + TicketWord.sponsorAndWave] & 0xffff,
      );
    }
    assert(positionMs >= this.#positionMs, "a tape only goes forward");
    this.#positionMs = positionMs;
    if (this.#next === this.wave.tickets && positionMs >= this.wave.lengthMs) this.isOver = true;
  }

  /** How long until the next ticket, if the tape plays on, in ms of real time. */
  nextDueInMs(tickets: Tickets, wallMs: number): number {
    if (this.isOver || this.schedule.pausedWallMs !== undefined) return Infinity;
    const targetMs = this.#targetMs(wallMs);
    if (targetMs < 0) return -targetMs * this.schedule.stretch;
    return Math.max(0, this.#dueMs(tickets, 0) - targetMs) * this.schedule.stretch;
  }

  /** When a ticket is due in the wave's own time, counted from the next one; past the last it is the wave's end. */
  #dueMs(tickets: Tickets, ahead: number): number {
    const ticket = this.#next + ahead;
    if (ticket >= this.wave.tickets) return this.wave.lengthMs;
    return tickets.words[tickets.locate(this.wave.firstTicket + ticket) + TicketWord.dueMs];
  }

  #targetMs(wallMs: number): number {
    return ownTimeMs(this.schedule, wallMs, this.wave.lengthMs);
  }
}
