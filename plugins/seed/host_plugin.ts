import {
  type HostContext,
  type PacketSource,
  type PluginControl,
  type PluginRoute,
  refusalName,
  RouteError,
  type ShowDocument,
  type SponsorResource,
  type Tickets,
  Verdict,
  type Wave,
} from "../../core/plugin/plugin.ts";
import { Releases } from "./releases.ts";
import { ShownWaves, showProblems } from "./shown_waves.ts";
import { keptWaves, WaveChanges } from "./wave_changes.ts";
import { waveRoutes } from "./wave_routes.ts";

/** How often it looks whether tickets and ledger are ready. */
const LOOK_MS = 20;

/** The half of `seed` on the main thread, which is all of it: enters a host's tickets into the ledger, and releases them. */
export class SeedHost implements PluginControl, PacketSource {
  readonly routes: readonly PluginRoute[];
  /** A host without tickets offers none. */
  readonly packets?: PacketSource;
  readonly #host: HostContext;
  readonly #shown: ShownWaves;
  #releases: Releases | undefined;
  #isEntering = false;
  /** Why the ledger doesn't take the tickets. */
  #refusal: string | undefined;

  constructor(host: HostContext) {
    this.#host = host;
    const playing = () => {
      if (this.#releases !== undefined) return this.#releases;
      throw new RouteError(503, "the tickets are still being read: try again");
    };
    const changes = new WaveChanges(host, playing);
    this.routes = waveRoutes(host, changes, playing);
    this.#shown = new ShownWaves(host, changes);
    if (host.hasTickets) this.packets = this;
  }

  whyNotReady(): string | undefined {
    if (!this.#host.hasTickets || this.#releases?.isReady) return undefined;
    return this.#refusal ?? "tickets starting";
  }

  checkShow(show: ShowDocument): readonly string[] | undefined {
    return this.#host.hasTickets ? showProblems(show, this.#releases) : [];
  }

  onShow(show: ShowDocument): void {
    this.#shown.take(show, this.#releases);
  }

  status(): Record<string, unknown> | undefined {
    if (!this.#host.hasTickets) return undefined;
    const why = this.#refusal === undefined ? {} : { why: this.#refusal };
    if (this.#releases === undefined) return { isReady: false };
    const { isReady, isDone, players } = this.#releases;
    return { isReady, ...why, isDone, waves: players.map((player) => this.#releases!.describe(player)) };
  }

  /** Waits for tickets and ledger; after that, whoever gives packets away asks for them. */
  onTick(nowMs: number): number {
    if (!this.#host.hasTickets) return Infinity;
    if (this.#isEntering) return this.#shown.turn(nowMs);
    const { tickets } = this.#host;
    if (tickets === undefined || !this.#host.isLedgerReady()) return nowMs + LOOK_MS;
    this.#isEntering = true;
    this.#releases = new Releases(this.#host, tickets, keptWaves(this.#host, tickets.hash));
    this.#shown.begin(this.#releases);
    void this.#enter(tickets, this.#releases);
    return Infinity;
  }

  get waves(): Wave[] {
    return this.#releases?.waves ?? [];
  }

  get resources(): readonly SponsorResource[] {
    return this.#releases?.resources ?? [];
  }

  get greetings(): Tickets["greetings"] {
    return this.#releases?.greetings ?? [];
  }

  release(
    nowMs: number,
    give: (packetId: number, amountFen: number, sponsor: number) => void,
    greet: (greeting: number, due: number) => number,
  ): void {
    this.#releases?.release(nowMs, give, greet);
  }

  nextDueMs(nowMs: number): number {
    return this.#releases?.nextDueMs(nowMs) ?? nowMs + LOOK_MS;
  }

  get isDone(): boolean {
    return this.#releases?.isDone ?? false;
  }

  isOpen(packetId: number): boolean {
    return this.#releases?.isOpen(packetId) ?? true;
  }

  /** Enters every group into the ledger, which changes nothing if it knows them already. */
  async #enter(tickets: Tickets, releases: Releases): Promise<void> {
    const verdicts = await Promise.all(
      tickets.groups.map(({ firstId, count, amountFen, sponsor }) =>
        this.#host.mint(firstId, count, amountFen, sponsor)
      ),
    );
    const refused = verdicts.findIndex(({ verdict }) =>
      verdict !== Verdict.done && verdict !== Verdict.doneBefore
    );
    if (refused >= 0) {
      const { firstId } = tickets.groups[refused];
      this.#refusal = `the ledger refuses the tickets from id ${firstId} on (${
        refusalName(verdicts[refused].detail)
      })`;
      this.#host.count("seedRefused", 1);
      this.#host.log("tickets refused", { reason: this.#refusal }, "error");
      return;
    }
    releases.isReady = true;
    this.#host.log("tickets entered", { hash: tickets.hash, groups: tickets.groups.length });
    this.#host.wakeUp();
  }
}
