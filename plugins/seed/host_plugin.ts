import {
  type HostContext,
  type PacketSource,
  type PluginControl,
  type PluginRoute,
  type Tickets,
  Verdict,
  z,
} from "../../core/plugin/plugin.ts";
import { type KeptWaves, Releases } from "./releases.ts";
import { scheduleSchema } from "./schedule.ts";
import { waveRoutes } from "./wave_routes.ts";

/** How often it looks whether tickets and ledger are ready. */
const LOOK_MS = 20;

const keptSchema = z.strictObject({
  /** Of which tickets; others' schedules are of no account. */
  hash: z.string(),
  schedules: z.record(z.string(), scheduleSchema),
  greetedMs: z.record(z.string(), z.number()).default({}),
});

/** The half of `seed` on the main thread, which is all of it: enters a host's tickets into the ledger, and releases them. */
export class SeedHost implements PluginControl, PacketSource {
  readonly routes: readonly PluginRoute[];
  /** A host without tickets offers none. */
  readonly packets?: PacketSource;
  readonly #host: HostContext;
  #releases: Releases | undefined;
  #isEntering = false;

  constructor(host: HostContext) {
    this.#host = host;
    this.routes = waveRoutes(host, () => this.#releases, () => this.#keep());
    if (host.hasTickets) this.packets = this;
  }

  whyNotReady(): string | undefined {
    return this.#host.hasTickets && !this.#releases?.isReady ? "tickets starting" : undefined;
  }

  status(): Record<string, unknown> | undefined {
    if (!this.#host.hasTickets) return undefined;
    if (this.#releases === undefined) return { isReady: false };
    const { isReady, isDone, players } = this.#releases;
    return { isReady, isDone, waves: players.map((player) => this.#releases!.describe(player)) };
  }

  /** Waits for tickets and ledger; after that, whoever gives packets away asks for them. */
  onTick(nowMs: number): number {
    if (!this.#host.hasTickets || this.#isEntering) return Infinity;
    const { tickets } = this.#host;
    if (tickets === undefined || !this.#host.isLedgerReady()) return nowMs + LOOK_MS;
    this.#isEntering = true;
    this.#releases = new Releases(this.#host, tickets, this.#kept(tickets));
    void this.#enter(tickets, this.#releases);
    return Infinity;
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
    const refused = verdicts.findIndex((verdict) =>
      verdict !== Verdict.done && verdict !== Verdict.doneBefore
    );
    if (refused >= 0) {
      const { firstId } = tickets.groups[refused];
      throw new Error(`the ledger refused the tickets from id ${firstId} on (verdict ${verdicts[refused]})`);
    }
    releases.isReady = true;
    this.#host.log("tickets entered", { hash: tickets.hash, groups: tickets.groups.length });
    this.#host.wakeUp();
  }

  #kept(tickets: Tickets): KeptWaves {
    const { success, data } = keptSchema.safeParse(this.#host.kept());
    const isOurs = success && data.hash === tickets.hash;
    return {
      schedules: new Map(isOurs ? Object.entries(data.schedules) : []),
      greetedMs: new Map(isOurs ? Object.entries(data.greetedMs) : []),
    };
  }

  #keep(): void {
    this.#host.keep({ hash: this.#host.tickets!.hash, ...this.#releases!.kept });
  }
}
