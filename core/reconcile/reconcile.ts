import type { OnStage } from "../cli/progress.ts";
import type { EntryRows } from "../ledger/record/entry_rows.ts";
import { usedSeeds } from "../ledger/chain/notes.ts";
import type { UsedSeed } from "../ledger/kinds/notes.ts";
import type { LedgerLimits } from "../ledger/record/ledger.ts";
import { KeyFolder } from "../seed/file/keys.ts";
import { SortedBlocks } from "../ledger/record/sorted_blocks.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";
import { Differences } from "./differences.ts";
import { FleetCoverage } from "./fleet_coverage.ts";
import { readFleetFile, type Sighting } from "./fleet_file.ts";
import { checkLimits } from "./limits_check.ts";
import { type MatchCounts, ORIGIN_OF, PacketMatcher, RECORD_WORDS, RecordWord } from "./packet_matcher.ts";
import { LedgerReading } from "./ledger_reading.ts";
import type { LedgerAccounts } from "./ledger_sums.ts";
import { SeedMatch, type SponsorSums } from "./seed_match.ts";
import { Stays } from "./stays.ts";

/** How often progress is told, in records. */
const STRIDE = 65_536;

export interface ReconcileOptions {
  /** Directories of ledgers: more than one to find what is in two. */
  readonly ledgers: readonly string[];
  /** Files of fleets, as `redpkt client --awards` writes them. */
  readonly fleetFiles: readonly string[];
  /** More of them, of which the end is known to be missing. */
  readonly cutFleetFiles?: readonly string[] | undefined;
  /** Awards of users whom none of these files covers are no difference. */
  readonly allowsUncovered?: boolean | undefined;
  /** Seed files of which all packets must be, and folders of them; and the folder of keys that are trusted. */
  readonly seeds?: { readonly places: readonly string[]; readonly keys: string } | undefined;
  /** Settlement sees to the limits, over all hosts. */
  readonly hasBooks?: boolean | undefined;
  readonly onStage?: OnStage | undefined;
}

export interface ReconcileResult extends MatchCounts {
  readonly accounts: readonly LedgerAccounts[];
  /** With seeds: where each sponsor's budget is. */
  readonly sponsors: readonly SponsorSums[];
  readonly packetsMade: number;
  /** How many files of fleets were compared. */
  readonly fleetFiles: number;
  readonly differenceCount: number;
  /** The first of them, in words. */
  readonly differences: readonly string[];
  /** True without any difference. */
  readonly isClean: boolean;
}

/**
 * Compares what ledgers hold with what fleets saw, packet by packet. Both sides are sorted in blocks and merged, so that
 * it takes the same little memory whatever the size of the event.
 *
 * @throws UserError for files that aren't there or aren't right
 */
export function reconcile(options: ReconcileOptions): ReconcileResult {
  using reconciliation = new Reconciliation(options);
  for (const ledger of options.ledgers) reconciliation.readLedger(ledger);
  return reconciliation.finish();
}

/** A comparison under way: ledgers one after the other, then all the rest. */
export class Reconciliation implements Disposable {
  readonly differences = new Differences();
  readonly #options: ReconcileOptions;
  readonly #onStage: OnStage;
  readonly #seedMatch: SeedMatch | undefined;
  readonly #byPacket = new SortedBlocks(RECORD_WORDS);
  readonly #byUser = new SortedBlocks(2);
  readonly #names: string[] = [];
  readonly #accounts: LedgerAccounts[] = [];
  readonly #limits: LedgerLimits[] = [];
  #packetsMade = 0;

  constructor(options: ReconcileOptions) {
    this.#options = options;
    this.#onStage = options.onStage ?? (() => {});
    const { seeds } = options;
    this.#seedMatch = seeds === undefined
      ? undefined
      : new SeedMatch(seeds.places, new KeyFolder(seeds.keys).trusted(), this.differences);
  }

  /** Reads a ledger; `onRows` is handed all its rows too. */
  readLedger(ledger: string, onRows: (rows: EntryRows) => void = () => {}): void {
    const truth = new TruthReader(ledger);
    try {
      const reading = this.begin(ledger, usedSeeds(truth.db));
      const inAll = truth.lastSeq();
      truth.read(0, (rows) => {
        this.#onStage(ledger, rows.count, inAll, "rows");
        reading.add(rows);
        onRows(rows);
      });
      this.#limits.push(truth.limits());
      this.end(reading, truth.hostNumber);
    } finally {
      truth.close();
    }
  }

  /** Begins with rows that are read elsewhere: of a ledger that gives these seed files away. */
  begin(ledger: string, seeds: readonly UsedSeed[]): LedgerReading {
    this.#names.push(ledger);
    return new LedgerReading(ledger, {
      index: this.#names.length - 1,
      byPacket: this.#byPacket,
      byUser: this.#byUser,
      differences: this.differences,
      tickets: this.#seedMatch?.forLedger(ledger, seeds),
    });
  }

  end(reading: LedgerReading, hostNumber: number): void {
    const { accounts, packetsMade } = reading.finish();
    this.#accounts.push({ ...accounts, hostNumber });
    this.#packetsMade += packetsMade;
  }

  /** Compares everything that was read. */
  finish(): ReconcileResult {
    const { fleetFiles, cutFleetFiles = [], allowsUncovered = false, hasBooks = false } = this.#options;
    const { differences } = this;
    const sponsors = this.#seedMatch?.finish() ?? [];
    const counts = this.#match();
    if (counts.uncovered > 0 && !allowsUncovered) {
      differences.add(
        `${counts.uncovered} awards of ${counts.uncoveredFen} fen are of users whom no fleet file covers: ` +
          "give their fleets' files too, or --allow-uncovered",
      );
    }
    // With books a user may win more at several hosts: what is over a limit isn't paid.
    if (!hasBooks) checkLimits(this.#byUser, loosest(this.#limits), differences);
    return {
      accounts: this.#accounts,
      sponsors,
      packetsMade: this.#packetsMade,
      ...counts,
      fleetFiles: fleetFiles.length + cutFleetFiles.length,
      differenceCount: differences.count,
      differences: differences.first,
      isClean: differences.count === 0,
    };
  }

  [Symbol.dispose](): void {
    this.#byPacket.close();
    this.#byUser.close();
  }

  /** Reads the fleets' files, and merges what they saw with what ledgers hold. */
  #match(): MatchCounts {
    const { fleetFiles, cutFleetFiles = [] } = this.#options;
    const stays = new Stays();
    const coverage = new FleetCoverage();
    for (const path of [...fleetFiles, ...cutFleetFiles]) {
      const file = readFleetFile(path, (sighting) => {
        if (sighting.kind === "stayed") stays.add(sighting.user, sighting.seenAtMs);
        else addSighting(this.#byPacket, sighting);
      }, this.#onStage);
      coverage.add(file, cutFleetFiles.includes(path), this.differences);
    }
    const matcher = new PacketMatcher(this.#names, stays, coverage, this.differences);
    const records = this.#byPacket.size;
    let matched = 0;
    this.#byPacket.merge((words, at) => {
      matcher.add(words, at);
      if (++matched % STRIDE === 0) this.#onStage("ledgers against fleets", STRIDE, records, "records");
    });
    return matcher.finish();
  }
}

function addSighting(
  byPacket: SortedBlocks,
  { user, packetId, amountFen, kind }: Sighting,
): void {
  const at = byPacket.next();
  const { words } = byPacket;
  words[at] = packetId;
  words[at + RecordWord.origin] = ORIGIN_OF[kind];
  words[at + RecordWord.user] = user;
  words[at + RecordWord.amountLow] = amountFen;
  words[at + RecordWord.amountHigh] = amountFen / 0x1_0000_0000;
}

/** Several ledgers may have had different limits; a user's packets are counted over all of them. */
function loosest(limits: readonly LedgerLimits[]): LedgerLimits {
  return {
    packetsPerUser: Math.max(...limits.map(({ packetsPerUser }) => packetsPerUser)),
    packetsPerSponsor: Math.max(...limits.map(({ packetsPerSponsor }) => packetsPerSponsor)),
  };
}
