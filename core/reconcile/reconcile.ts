import type { OnStage } from "../cli/progress.ts";
import { accountsOf } from "../ledger/kinds/accounts.ts";
import { EntryKind, kindOf } from "../ledger/kinds/entry_kinds.ts";
import type { AccountName } from "../ledger/kinds/sides.ts";
import { type EntryRows, RowField } from "../ledger/record/entry_rows.ts";
import type { LedgerLimits } from "../ledger/record/ledger.ts";
import { MintList } from "../ledger/books/mint_list.ts";
import { KeyFolder } from "../seed/file/keys.ts";
import { SortedBlocks } from "../ledger/record/sorted_blocks.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";
import { Differences } from "./differences.ts";
import { FleetCoverage } from "./fleet_coverage.ts";
import { readFleetFile, type Sighting } from "./fleet_file.ts";
import { checkLimits } from "./limits_check.ts";
import {
  type MatchCounts,
  OPENED,
  PacketMatcher,
  RECORD_WORDS,
  RecordWord,
  SHARE,
} from "./packet_matcher.ts";
import { type LedgerTickets, SeedMatch, type SponsorSums } from "./seed_match.ts";
import { Stays } from "./stays.ts";

/** How often progress is told, in records. */
const STRIDE = 65_536;
/** What is added to the origin of a record, by what a fleet's file says when a user sees the same. */
const ORIGIN_OF = { shake: 0, claim: SHARE, open: OPENED, stayed: 0 } as const;

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
  readonly onStage?: OnStage | undefined;
}

/** Where a ledger's money is, in fen. All but `source` sum to what was put in. */
export interface LedgerAccounts {
  readonly ledger: string;
  /** Whose packet ids its packets have. */
  readonly hostNumber: number;
  readonly sourceFen: number;
  readonly poolFen: number;
  /** Awarded, and not opened. */
  readonly heldFen: number;
  readonly userFen: number;
  readonly returnedFen: number;
  /** In packets that users sent. */
  readonly packetFen: number;
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
export function reconcile(
  { ledgers, fleetFiles, cutFleetFiles = [], allowsUncovered = false, seeds, onStage = () => {} }:
    ReconcileOptions,
): ReconcileResult {
  const differences = new Differences();
  const seedMatch = seeds === undefined
    ? undefined
    : new SeedMatch(seeds.places, new KeyFolder(seeds.keys).trusted(), differences);
  const byPacket = new SortedBlocks(RECORD_WORDS);
  const byUser = new SortedBlocks(2);
  const stays = new Stays();
  try {
    const read = ledgers.map((ledger, index) =>
      readLedger(ledger, { index, byPacket, byUser, differences, seedMatch, onStage })
    );
    const sponsors = seedMatch?.finish() ?? [];
    const coverage = new FleetCoverage();
    for (const path of [...fleetFiles, ...cutFleetFiles]) {
      const file = readFleetFile(path, (sighting) => {
        if (sighting.kind === "stayed") stays.add(sighting.user, sighting.seenAtMs);
        else addSighting(byPacket, sighting);
      }, onStage);
      coverage.add(file, cutFleetFiles.includes(path), differences);
    }
    const matcher = new PacketMatcher(ledgers, stays, coverage, differences);
    const records = byPacket.size;
    let matched = 0;
    byPacket.merge((words, at) => {
      matcher.add(words, at);
      if (++matched % STRIDE === 0) onStage("ledgers against fleets", STRIDE, records, "records");
    });
    const counts = matcher.finish();
    if (counts.uncovered > 0 && !allowsUncovered) {
      differences.add(
        `${counts.uncovered} awards of ${counts.uncoveredFen} fen are of users whom no fleet file covers: ` +
          "give their fleets' files too, or --allow-uncovered",
      );
    }
    checkLimits(byUser, loosest(read.map(({ limits }) => limits)), differences);
    return {
      accounts: read.map(({ accounts }) => accounts),
      sponsors,
      packetsMade: read.reduce((sum, { packetsMade }) => sum + packetsMade, 0),
      ...counts,
      fleetFiles: fleetFiles.length + cutFleetFiles.length,
      differenceCount: differences.count,
      differences: differences.first,
      isClean: differences.count === 0,
    };
  } finally {
    byPacket.close();
    byUser.close();
  }
}

interface ReadLedger {
  readonly accounts: LedgerAccounts;
  readonly packetsMade: number;
  readonly limits: LedgerLimits;
}

/** Where what is read goes. */
interface Readers {
  readonly index: number;
  readonly byPacket: SortedBlocks;
  readonly byUser: SortedBlocks;
  readonly differences: Differences;
  readonly seedMatch: SeedMatch | undefined;
  readonly onStage: OnStage;
}

function readLedger(
  ledger: string,
  { index, byPacket, byUser, differences, seedMatch, onStage }: Readers,
): ReadLedger {
  const truth = new TruthReader(ledger);
  try {
    const tickets: LedgerTickets | undefined = seedMatch?.forLedger(ledger, truth);
    const sums = new LedgerSums(ledger, differences);
    const inAll = truth.lastSeq();
    truth.read(0, (rows) => {
      onStage(ledger, rows.count, inAll, "rows");
      for (let row = 0; row < rows.count; row++) {
        const at = rows.at(row);
        sums.add(rows, at);
        tickets?.add(rows, at);
        const seenAs = kindOf(rows.values[at + RowField.kind])?.seenAs;
        if (seenAs === undefined) continue;
        // Ledgers count from 1; 0 is a fleet.
        addRecord(byPacket, rows, at, ORIGIN_OF[seenAs] + index + 1);
        if (seenAs === "shake") addPacketOfUser(byUser, rows, at);
      }
    });
    const { accounts, packetsMade } = sums.finish();
    return { accounts: { ...accounts, hostNumber: truth.hostNumber }, packetsMade, limits: truth.limits() };
  } finally {
    truth.close();
  }
}

/** Follows each fen of one ledger through its accounts. */
class LedgerSums {
  readonly #ledger: string;
  readonly #differences: Differences;
  readonly #mints = new MintList();
  readonly #fenOf: Record<AccountName, number> = {
    source: 0,
    pool: 0,
    held: 0,
    user: 0,
    packet: 0,
    returned: 0,
  };
  /** By sponsor. */
  readonly #poolFen = new Map<number, number>();
  #seq = 0;
  #packetsMade = 0;

  constructor(ledger: string, differences: Differences) {
    this.#ledger = ledger;
    this.#differences = differences;
  }

  add({ values }: EntryRows, at: number): void {
    const seq = values[at + RowField.seq];
    if (seq !== ++this.#seq) {
      this.#differences.add(`${this.#ledger}: row ${this.#seq} is missing`);
      this.#seq = seq;
    }
    const kind = values[at + RowField.kind];
    const packetId = values[at + RowField.packetId];
    const fen = values[at + RowField.amount];
    const sponsor = values[at + RowField.sponsor];
    if (kindOf(kind)?.legs === undefined) {
      return this.#differences.add(`${this.#ledger}: row ${seq} is of no kind that there is: ${kind}`);
    }
    const [from, to] = accountsOf(values, at);
    this.#move(from, -fen, sponsor);
    this.#move(to, fen, sponsor);
    this.#checkPaid(from, sponsor, seq);
    if (kind === EntryKind.mint) {
      const count = values[at + RowField.count];
      if (packetId < this.#mints.nextId) this.#differences.add(`packet ${packetId}: was made twice`);
      this.#mints.add({ firstId: packetId, count, amountFen: fen, sponsor });
      this.#packetsMade += count;
    } else if (kind === EntryKind.award && this.#mints.sponsorOf(packetId) !== sponsor) {
      this.#differences.add(`packet ${packetId}: no packet of sponsor ${sponsor} with this id was made`);
    }
  }

  #move(account: AccountName, fen: number, sponsor: number): void {
    this.#fenOf[account] += fen;
    if (account === "pool") this.#poolFen.set(sponsor, (this.#poolFen.get(sponsor) ?? 0) + fen);
  }

  /** An account that has paid must have had the money; users are told apart elsewhere. */
  #checkPaid(account: AccountName, sponsor: number, seq: number): void {
    if (account === "pool" && this.#poolFen.get(sponsor)! < 0) {
      this.#differences.add(`${this.#ledger}: the pool of sponsor ${sponsor} is overdrawn at row ${seq}`);
    } else if (account === "held" && this.#fenOf.held < 0) {
      this.#differences.add(`${this.#ledger}: more is opened than was awarded, at row ${seq}`);
    } else if (account === "packet" && this.#fenOf.packet < 0) {
      this.#differences.add(`${this.#ledger}: the sent packets are overdrawn`);
    }
  }

  finish(): { accounts: Omit<LedgerAccounts, "hostNumber">; packetsMade: number } {
    const { source, pool, held, user, packet, returned } = this.#fenOf;
    return {
      accounts: {
        ledger: this.#ledger,
        sourceFen: source,
        poolFen: pool,
        heldFen: held,
        userFen: user,
        returnedFen: returned,
        packetFen: packet,
      },
      packetsMade: this.#packetsMade,
    };
  }
}

function addPacketOfUser(byUser: SortedBlocks, { values }: EntryRows, row: number): void {
  const at = byUser.next();
  byUser.words[at] = values[row + RowField.user];
  byUser.words[at + 1] = values[row + RowField.sponsor];
}

function addRecord(byPacket: SortedBlocks, { values }: EntryRows, row: number, origin: number): void {
  const at = byPacket.next();
  const { words } = byPacket;
  const amountFen = values[row + RowField.amount];
  const atMs = values[row + RowField.atMs];
  words[at] = values[row + RowField.packetId];
  words[at + RecordWord.origin] = origin;
  words[at + RecordWord.user] = values[row + RowField.user];
  words[at + RecordWord.amountLow] = amountFen;
  words[at + RecordWord.amountHigh] = amountFen / 0x1_0000_0000;
  words[at + RecordWord.atMsLow] = atMs;
  words[at + RecordWord.atMsHigh] = atMs / 0x1_0000_0000;
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
