import { assert } from "../../base/assert.ts";
import { Random } from "../../base/random.ts";
import { type Tickets, TicketWord } from "../../plugin/plugin.ts";
import { WaveTape } from "../../seed/make/wave_tape.ts";
import type { Layout } from "../../seed/plan/layout.ts";
import type { Plan } from "../../seed/plan/plan_schema.ts";

/** Tickets of a wave that can be looked at again: who plays a wave looks at the next two. */
const WINDOW = 16;
const RECORD_WORDS = 4;
/** Waves of a plan at most, for the numbers of their draws. */
const WAVES = 1_000;

/**
 * The tickets that a seed file of this host would have, drawn as they are looked at: a file of 200,000 tickets is 3 MB, and
 * of 600 hosts they would all be in memory at once. Each wave's are read forward.
 */
export class DrawnTickets implements Tickets {
  readonly hash: string;
  readonly waves: Tickets["waves"];
  readonly groups: Tickets["groups"];
  /** Greetings go to users of version 1 alone. */
  readonly greetings: Tickets["greetings"] = [];
  readonly sponsors: Tickets["sponsors"];
  readonly words: Uint32Array;
  /** By wave: how many tickets are drawn, and the tape as soon as one is looked at. */
  readonly #drawn: Float64Array;
  readonly #tapes: (WaveTape | undefined)[];
  readonly #open: (wave: number) => WaveTape;

  /** @param seed of all hosts' draws */
  constructor(plan: Plan, layout: Layout, host: number, seed: number) {
    const groups = layout.groupsOf(host);
    this.hash = `drawn of ${seed}`;
    this.sponsors = plan.sponsors;
    this.groups = groups.map(({ sponsor, wave, firstId, count, amountFen }) => ({
      wave,
      sponsor: plan.sponsors[sponsor].number,
      firstId,
      count,
      amountFen,
    }));
    let firstTicket = 0;
    this.waves = plan.waves.map(({ name, start, lengthS, leftover }, wave) => {
      const tickets = groups.reduce((sum, group) => sum + (group.wave === wave ? group.count : 0), 0);
      const first = firstTicket;
      firstTicket += tickets;
      return {
        name,
        startMs: start,
        lengthMs: lengthS * 1000,
        returnsLeftover: leftover === "return",
        firstTicket: first,
        tickets,
        resource: 0,
      };
    });
    this.words = new Uint32Array(plan.waves.length * WINDOW * RECORD_WORDS);
    this.#drawn = new Float64Array(plan.waves.length);
    this.#tapes = plan.waves.map(() => undefined);
    this.#open = (wave) =>
      new WaveTape(
        plan,
        wave,
        groups.filter((group) => group.wave === wave),
        Random.ofPart(seed, host * WAVES + wave),
      );
  }

  locate(ticket: number): number {
    let wave = 0;
    while (wave + 1 < this.waves.length && this.waves[wave + 1].firstTicket <= ticket) wave++;
    const own = ticket - this.waves[wave].firstTicket;
    while (this.#drawn[wave] <= own) this.#draw(wave);
    assert(own >= this.#drawn[wave] - WINDOW, "a wave's tickets are read forward");
    return (wave * WINDOW + own % WINDOW) * RECORD_WORDS;
  }

  wasAwarded(_packetId: number): boolean {
    return false;
  }

  #draw(wave: number): void {
    const tape = this.#tapes[wave] ??= this.#open(wave);
    tape.draw();
    const at = (wave * WINDOW + this.#drawn[wave]++ % WINDOW) * RECORD_WORDS;
    this.words[at + TicketWord.id] = tape.id;
    this.words[at + TicketWord.amountFen] = tape.amountFen;
    this.words[at + TicketWord.dueMs] = tape.dueMs;
    this.words[at + TicketWord.sponsorAndWave] = tape.sponsor | wave << 16;
    // Its batches of amounts are a hundred kB that nobody needs any more.
    if (this.#drawn[wave] === tape.tickets) this.#tapes[wave] = undefined;
  }
}
