/** Tickets without a file, for tests of their release. */
import { type TicketGreeting, type Tickets, type TicketWave, TicketWord } from "../../core/plugin/plugin.ts";

/** Tickets of one sponsor in one wave. */
export class TestTickets implements Tickets {
  readonly hash = "test";
  readonly sponsors = [{ number: 1, name: "One", budgetFen: 0 }];
  readonly waves: readonly TicketWave[];
  readonly groups: Tickets["groups"];
  readonly greetings: readonly TicketGreeting[];
  readonly words: Uint32Array;
  readonly awarded = new Set<number>();

  /** @param duesMs by wave, when its tickets are due in its own time */
  constructor(
    duesMs: readonly (readonly number[])[],
    waves: readonly Partial<TicketWave>[],
    greetings: readonly TicketGreeting[] = [],
  ) {
    this.greetings = greetings;
    let firstTicket = 0;
    this.waves = duesMs.map(({ length: tickets }, i) => {
      const wave = {
        name: `w${i}`,
        startMs: 0,
        lengthMs: 1_000,
        returnsLeftover: false,
        resource: undefined,
        ...waves[i],
        firstTicket,
        tickets,
      };
      firstTicket += tickets;
      return wave;
    });
    this.groups = this.waves.map(({ firstTicket, tickets }, wave) => ({
      wave,
      sponsor: 1,
      firstId: firstTicket + 1,
      count: tickets,
      amountFen: tickets * 100,
    }));
    this.words = new Uint32Array(firstTicket * 4);
    let at = 0;
    duesMs.forEach((dues, wave) => {
      for (const dueMs of dues) {
        this.words[at + TicketWord.id] = at / 4 + 1;
        this.words[at + TicketWord.amountFen] = 100;
        this.words[at + TicketWord.dueMs] = dueMs;
        this.words[at + TicketWord.sponsorAndWave] = 1 | wave << 16;
        at += 4;
      }
    });
  }

  locate(ticket: number): number {
    return ticket * 4;
  }

  wasAwarded(packetId: number): boolean {
    return this.awarded.has(packetId);
  }
}
