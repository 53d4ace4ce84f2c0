import {
  allBans,
  entryOf,
  type HostContext,
  kinds,
  type ShowDocument,
  Verdict,
} from "../../../core/plugin/plugin.ts";

/** By then every SET has closed who is banned, and nothing that they shook for is on its way. */
const SETTLED_MS = 2_000;
/** How often it looks whether the ledger is ready. */
const LOOK_MS = 100;

/**
 * Opens what users have won who are out by a ban: they can't, and what isn't open when the event is closed goes back. A
 * ban takes no money.
 */
export class BanOpenings {
  readonly #host: HostContext;
  /** Who is out, and since when. */
  #out: ReadonlyMap<number, number> = new Map();
  #due: { readonly user: number; readonly atMs: number }[] = [];

  constructor(host: HostContext) {
    this.#host = host;
  }

  /** A show counts; after a restart the same one again, which opens nothing twice. */
  take(show: ShowDocument): void {
    const wallMs = this.#host.unixMs();
    const out = allBans(show).filter(({ level, untilMs }) => level === "out" && untilMs > wallMs);
    const atMs = this.#host.monotonicMs() + SETTLED_MS;
    const isNew = out.filter(({ user, sinceMs }) => this.#out.get(user) !== sinceMs);
    this.#due.push(...isNew.map(({ user }) => ({ user, atMs })));
    this.#out = new Map(out.map(({ user, sinceMs }) => [user, sinceMs]));
  }

  /** Opens what is due; returns when to call next. */
  tick(nowMs: number): number {
    if (this.#due.length === 0) return Infinity;
    if (!this.#host.isLedgerReady()) return nowMs + LOOK_MS;
    const [first] = this.#due;
    if (first.atMs > nowMs) return first.atMs;
    for (const { user } of this.#due.filter(({ atMs }) => atMs <= nowMs)) void this.#open(user);
    this.#due = this.#due.filter(({ atMs }) => atMs > nowMs);
    return this.#due[0]?.atMs ?? Infinity;
  }

  async #open(user: number): Promise<void> {
    for (let after = 0;;) {
      const { packetId } = await this.#host.enter(entryOf(kinds.pendingOf, { user, after }));
      if (packetId === 0) return;
      const { verdict } = await this.#host.enter(entryOf(kinds.open, { packetId, user }));
      if (verdict === Verdict.done) this.#host.count("shakeOpenedForBanned", 1);
      after = packetId;
    }
  }
}
