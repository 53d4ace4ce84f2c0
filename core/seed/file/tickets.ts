import { RecordWord } from "./format.ts";
import type { Plan } from "../plan/plan_schema.ts";
import type { SeedFile } from "./seed_file.ts";

/** Offsets of a ticket's words; see `docs/seed-format.md`. */
export const TicketWord: typeof RecordWord = RecordWord;

/** A wave as this host has it. */
export interface TicketWave {
  readonly name: string;
  /** Wall time, in ms. */
  readonly startMs: number;
  readonly lengthMs: number;
  /** Whether what nobody has won at its end can't be won any more. */
  readonly returnsLeftover: boolean;
  /** What the client shows for it; undefined where the plan doesn't say. */
  readonly resource: number | undefined;
  /** Its tickets are these, in the order of their release. */
  readonly firstTicket: number;
  readonly tickets: number;
}

/** The tickets of one sponsor in one wave: contiguous ids, an exact sum. */
export interface TicketGroup {
  /** Index of the wave. */
  readonly wave: number;
  /** The sponsor's number. */
  readonly sponsor: number;
  readonly firstId: number;
  readonly count: number;
  readonly amountFen: number;
}

/** What a sponsor shows to shakers who win nothing, as this host has it. It is no money, so it has no tickets. */
export interface TicketGreeting {
  /** The sponsor's number. */
  readonly sponsor: number;
  /** A number that the sponsor and the app have agreed on. */
  readonly resource: number;
  /** Greetings a second of a wave's own time, and in all. */
  readonly perS: number;
  readonly limit: number;
  /** Indexes of the waves that its sponsor takes part in. */
  readonly waves: readonly number[];
}

/** Tickets that were made in advance for this host: read one by one, never held. */
export interface Tickets {
  /** Names them for ever. */
  readonly hash: string;
  readonly waves: readonly TicketWave[];
  /** In order of their ids. */
  readonly groups: readonly TicketGroup[];
  readonly greetings: readonly TicketGreeting[];
  readonly sponsors: readonly {
    readonly number: number;
    readonly name: string;
    readonly budgetFen: number;
    /** What an app shows for a win of theirs, if anything. */
    readonly resource?: number | undefined;
  }[];
  /** The ticket's offset in `words`; good until the next call. */
  locate(ticket: number): number;
  /** See {@linkcode TicketWord}. */
  readonly words: Uint32Array;
  /** Whether the ledger had awarded a packet when this process started. */
  wasAwarded(packetId: number): boolean;
}

/** The tickets of a seed file. */
export class SeedTickets implements Tickets {
  readonly hash: string;
  readonly waves: readonly TicketWave[];
  readonly groups: readonly TicketGroup[];
  readonly greetings: readonly TicketGreeting[];
  readonly sponsors: Plan["sponsors"];
  readonly words: Uint32Array;
  readonly firstId: number;
  readonly count: number;
  /** One bit a ticket, from the first id on; set by whoever reads the ledger. */
  readonly awarded: SharedArrayBuffer;
  readonly #awarded: Uint8Array;
  readonly #file: SeedFile;

  constructor(file: SeedFile) {
    const { plan, groups, greetings } = file.description;
    this.#file = file;
    this.hash = file.hash;
    this.words = file.words;
    this.sponsors = plan.sponsors;
    this.groups = groups.map(([wave, sponsor, firstId, count, amountFen]) => ({
      wave,
      sponsor,
      firstId,
      count,
      amountFen,
    }));
    this.greetings = greetings.map(([sponsor, resource, perS, limit]) => {
      const names = plan.sponsors.find(({ number }) => number === sponsor)?.waves;
      const waves = plan.waves.flatMap(({ name }, wave) => names?.includes(name) ?? true ? [wave] : []);
      return { sponsor, resource, perS, limit, waves };
    });
    let firstTicket = 0;
    this.waves = plan.waves.map(({ name, start, lengthS, leftover, resource }, wave) => {
      const tickets = this.groups.reduce((sum, group) => sum + (group.wave === wave ? group.count : 0), 0);
      const part = { firstTicket, tickets };
      firstTicket += tickets;
      return {
        name,
        startMs: start,
        lengthMs: lengthS * 1000,
        returnsLeftover: leftover === "return",
        resource,
        ...part,
      };
    });
    this.firstId = this.groups[0]?.firstId ?? 1;
    this.count = file.records;
    this.awarded = new SharedArrayBuffer(Math.ceil(file.records / 8));
    this.#awarded = new Uint8Array(this.awarded);
  }

  locate(ticket: number): number {
    return this.#file.locate(ticket);
  }

  wasAwarded(packetId: number): boolean {
    const at = packetId - this.firstId;
    return (this.#awarded[at >>> 3] & 1 << (at & 7)) !== 0;
  }
}
