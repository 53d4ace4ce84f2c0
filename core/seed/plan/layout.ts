import { assert } from "../../base/assert.ts";
import { countTickets, type TicketCount } from "./amounts.ts";
import { Curve } from "./curve.ts";
import { hostsOf, type Plan, type PlanSponsor } from "./plan_schema.ts";
import { mulDiv, phaseOf, runningTotals, Splitter, wholeWeights } from "./split.ts";

/** The tickets of one sponsor in one wave of one host: contiguous ids, an exact sum. */
export interface Group {
  /** Index of the wave in the plan. */
  readonly wave: number;
  /** Index of the sponsor in the plan. */
  readonly sponsor: number;
  readonly firstId: number;
  readonly count: number;
  readonly amountFen: number;
  /** Of a list of amounts: how many tickets of each. */
  readonly ofEach: readonly number[] | undefined;
}

/**
 * Who gets what: divides each sponsor's tickets over hosts and waves. What a host has follows from the plan alone, so each
 * file can be made and checked by itself, and together they are the whole plan, to the ticket and the fen.
 */
export class Layout {
  readonly hosts: readonly { readonly id: string; readonly weight: number }[];
  /** Tickets of all hosts. */
  readonly tickets: number;
  readonly #plan: Pick<Plan, "waves" | "firstId">;
  /** Whole weights of the hosts, added up. */
  readonly #hostsUpTo: readonly number[];
  readonly #sponsors: readonly SponsorLayout[];

  constructor(plan: Pick<Plan, "sponsors" | "waves" | "hosts" | "firstId">) {
    this.#plan = plan;
    this.hosts = hostsOf(plan);
    this.#hostsUpTo = runningTotals(wholeWeights(this.hosts.map(({ weight }) => weight)));
    const hostWeight = this.#hostsUpTo[this.hosts.length];
    this.#sponsors = plan.sponsors.map((sponsor, i) => new SponsorLayout(sponsor, i, plan.waves, hostWeight));
    this.tickets = this.#sponsors.reduce((sum, { counted }) => sum + counted.count, 0);
  }

  /** The first id of a host's tickets; of the number of hosts: the first id past all. */
  firstIdOf(host: number): number {
    return this.#sponsors.reduce(
      (sum, sponsor) => sum + sponsor.ticketsUpTo(this.#point(sponsor, host, 0)),
      this.#plan.firstId,
    );
  }

  ticketsOf(host: number): number {
    return this.firstIdOf(host + 1) - this.firstIdOf(host);
  }

  /** A sponsor's tickets of a wave on all hosts, but for rounding. */
  plannedIn(wave: number, sponsor: number): number {
    const { counted, wavesUpTo } = this.#sponsors[sponsor];
    return counted.count * (wavesUpTo[wave + 1] - wavesUpTo[wave]) / wavesUpTo[wavesUpTo.length - 1];
  }

  /** The highest rate of a wave on all hosts, in tickets a second. */
  peakPerS(wave: number): number {
    let tickets = 0;
    for (let sponsor = 0; sponsor < this.#sponsors.length; sponsor++) {
      tickets += this.plannedIn(wave, sponsor);
    }
    const { curve, lengthS } = this.#plan.waves[wave];
    return tickets * new Curve(curve).peak / lengthS;
  }

  /** What a host has, by wave and sponsor in the plan's order; empty groups are left out. */
  groupsOf(host: number): Group[] {
    const groups: Group[] = [];
    let firstId = this.firstIdOf(host);
    for (let wave = 0; wave < this.#plan.waves.length; wave++) {
      this.#sponsors.forEach((sponsor, index) => {
        const count = this.#ticketsIn(sponsor, host, wave);
        if (count === 0) return;
        const contents = sponsor.between(
          this.#point(sponsor, host, wave),
          this.#point(sponsor, host, wave + 1),
        );
        groups.push({ wave, sponsor: index, firstId, count, ...contents });
        firstId += count;
      });
    }
    assert(firstId === this.firstIdOf(host + 1), "a host's groups are all its tickets");
    return groups;
  }

  /** A host's part of each greeting, in the plan's order: sponsor, resource, greetings a second, and in all. */
  greetingsOf(host: number, greetings: Plan["greetings"]): [number, number, number, number][] {
    const billionths = this.#partOf(host, 1_000_000_000);
    return greetings.map(({ sponsor, resource, ratePerS, limit }) => [
      sponsor,
      resource,
      ratePerS * billionths / 1_000_000_000,
      this.#partOf(host, limit),
    ]);
  }

  /** Part of something that all hosts share. */
  #partOf(host: number, whole: number): number {
    const splitter = new Splitter(whole, this.#hostsUpTo[this.hosts.length]);
    return splitter.upTo(this.#hostsUpTo[host + 1]) - splitter.upTo(this.#hostsUpTo[host]);
  }

  #ticketsIn(sponsor: SponsorLayout, host: number, wave: number): number {
    return sponsor.ticketsUpTo(this.#point(sponsor, host, wave + 1)) -
      sponsor.ticketsUpTo(this.#point(sponsor, host, wave));
  }

  /** The weight of all that comes before a wave of a host, host by host and within a host wave by wave. */
  #point(sponsor: SponsorLayout, host: number, wave: number): number {
    const waves = sponsor.wavesUpTo;
    const before = this.#hostsUpTo[host] * waves[waves.length - 1];
    return wave === 0 ? before : before + (this.#hostsUpTo[host + 1] - this.#hostsUpTo[host]) * waves[wave];
  }
}

/** One sponsor's tickets on the line of all hosts and waves. */
class SponsorLayout {
  readonly counted: TicketCount;
  /** Whole weights of the waves that it takes part in, added up. */
  readonly wavesUpTo: readonly number[];
  readonly #sponsor: PlanSponsor;
  /** One for each amount of a list; otherwise one for all tickets. */
  readonly #splitters: readonly Splitter[];

  constructor(sponsor: PlanSponsor, index: number, waves: Plan["waves"], hostWeight: number) {
    const counted = countTickets(sponsor.amounts, sponsor.budgetFen);
    assert(typeof counted !== "string", "a checked plan's budgets can be made");
    this.counted = counted;
    this.#sponsor = sponsor;
    const takesPart = (name: string) => sponsor.waves?.includes(name) ?? true;
    this.wavesUpTo = runningTotals(
      wholeWeights(waves.map(({ name, share }) => takesPart(name) ? share : 0)),
    );
    const weight = hostWeight * this.wavesUpTo[waves.length];
    // Different phases: else the last host would get every sponsor's odd ticket.
    this.#splitters = (counted.ofEach ?? [counted.count]).map((count, i) =>
      new Splitter(count, weight, phaseOf(index * 7 + i))
    );
  }

  ticketsUpTo(point: number): number {
    let tickets = 0;
    for (const splitter of this.#splitters) tickets += splitter.upTo(point);
    return tickets;
  }

  /** What lies between two points. */
  between(from: number, to: number): Pick<Group, "amountFen" | "ofEach"> {
    const { amounts, budgetFen } = this.#sponsor;
    if (amounts.kind === "list") {
      const ofEach = this.#splitters.map((splitter) => splitter.upTo(to) - splitter.upTo(from));
      return { amountFen: ofEach.reduce((sum, n, i) => sum + n * amounts.amounts[i].amountFen, 0), ofEach };
    }
    const fenUpTo = (point: number) => mulDiv(budgetFen, this.ticketsUpTo(point), this.counted.count);
    return { amountFen: fenUpTo(to) - fenUpTo(from), ofEach: undefined };
  }
}
