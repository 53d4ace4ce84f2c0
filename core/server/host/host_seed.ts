import { UserError } from "../../base/user_error.ts";
import { LedgerIdentity } from "../../ledger/store/ledger_identity.ts";
import { Claim } from "../../seed/claim/claim.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import { SeedFile } from "../../seed/file/seed_file.ts";
import { SeedTickets } from "../../seed/file/tickets.ts";
import type { Clock } from "../../base/clock.ts";
import { nextTurn } from "../../base/event_loop.ts";

/** Blocks of 64 KiB that are proven before the host listens: a smaller file is refused before anything starts. */
const BLOCKS_AT_ONCE = 256;
/** How long the main thread goes on proving the rest before it does something else. */
const PROVE_MS = 4;
/** How often the claim is told how many rows the ledger has. */
const NOTE_MS = 1_000;

export interface HostSeedOptions {
  readonly path: string;
  readonly hostId: string;
  /** Folder with the keys that are trusted. */
  readonly keys: string;
  /** The ledger's directory; it is locked by this process. */
  readonly ledger: string;
}

/**
 * The seed file that a host gives away: proven, claimed, and read on. Its tickets are shown to plugins once every block
 * is proven; a large file takes a few seconds for that, in which the host listens and gives nothing away.
 */
export class HostSeed {
  /** For whoever reads the ledger: which tickets were awarded before. */
  readonly tickets: SeedTickets;
  readonly #file: SeedFile;
  readonly #claim: Claim;
  /** Open until the end: closing the ledger's only connection would move its whole log into the file at every start. */
  readonly #identity: LedgerIdentity;
  readonly #clock: Clock;
  #proven = 0;
  #nextNoteMs = 0;

  private constructor(file: SeedFile, claim: Claim, identity: LedgerIdentity, clock: Clock) {
    this.#identity = identity;
    this.#file = file;
    this.#claim = claim;
    this.#clock = clock;
    this.tickets = new SeedTickets(file);
  }

  /**
   * Opens a seed file, proves what can be proven at once, and claims it for the ledger.
   *
   * @throws SeedRefused with the reason
   */
  static open({ path, hostId, keys, ledger }: HostSeedOptions, clock: Clock): HostSeed {
    const file = new SeedFile(path);
    try {
      file.checkSignature(new KeyFolder(keys).trusted());
      file.checkUse(hostId, clock.wallMs());
      const identity = openIdentity(ledger);
      try {
        // Proven before it is claimed: a claim of a damaged file would stand in the way of its repair.
        let proven = 0;
        while (proven < Math.min(BLOCKS_AT_ONCE, file.blocks)) file.loadBlock(proven++);
        const claim = Claim.take(file, identity, clock.wallMs());
        const seed = new HostSeed(file, claim, identity, clock);
        seed.#proven = proven;
        return seed;
      } catch (error) {
        identity.close();
        throw error;
      }
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Whether every block is proven. */
  get isProven(): boolean {
    return this.#proven === this.#file.blocks;
  }

  /** What `status` shows. */
  get description(): Record<string, unknown> {
    const { description: { set, plan, host }, hash, records } = this.#file;
    return { plan: plan.name, set, host: host.id, hash, tickets: records, isProven: this.isProven };
  }

  /** Limits that the plan sets for its users. */
  get limits(): { readonly packetsPerUser: number; readonly packetsPerSponsor: number } {
    return this.#file.description.plan.limits;
  }

  /**
   * Proves what isn't proven yet; between its steps the thread does other things.
   *
   * @throws SeedRefused if a block was altered
   */
  async prove(): Promise<void> {
    while (!this.isProven) {
      const untilMs = this.#clock.monotonicMs() + PROVE_MS;
      while (!this.isProven && this.#clock.monotonicMs() < untilMs) this.#file.loadBlock(this.#proven++);
      await nextTurn();
    }
  }

  /** Tells the claim how far the ledger is. Returns the monotonic time of the next call. */
  turn(nowMs: number, ledgerRows: () => number): number {
    if (nowMs >= this.#nextNoteMs) {
      this.#nextNoteMs = nowMs + NOTE_MS;
      this.#noteRows(ledgerRows());
    }
    return this.#nextNoteMs;
  }

  close(ledgerRows: number): void {
    this.#noteRows(ledgerRows);
    this.#claim.close();
    this.#identity.close();
    this.#file.close();
  }

  #noteRows(rows: number): void {
    try {
      this.#claim.noteRows(rows);
    } catch (error) {
      throw new UserError(
        `${Claim.pathOf(this.#file.path)}: cannot be written any more: ${(error as Error).message}`,
      );
    }
  }
}

/** A disk that fails at a start is the machine's fault: one line, and another try by whoever started us. */
function openIdentity(directory: string): LedgerIdentity {
  try {
    return new LedgerIdentity(directory);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`--ledger ${directory}: cannot be read: ${(error as Error).message}`);
  }
}
