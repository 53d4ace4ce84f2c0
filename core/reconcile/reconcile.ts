import type { OnStage } from "../cli/progress.ts";
import { EntryKind, HELD, isNote, isOfOrder, isTransfer } from "../ledger/record/entry.ts";
import { type EntryRows, RowField } from "../ledger/record/entry_rows.ts";
import type { LedgerLimits } from "../ledger/record/ledger.ts";
import { MintList } from "../ledger/judge/mint_list.ts";
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
        if (rows.values[at + RowField.kind] === EntryKind.award) addAward(byPacket, byUser, rows, at, index);
        if (rows.values[at + RowField.kind] === EntryKind.claim) {
          addRecord(byPacket, rows, at, SHARE + index + 1);
        }
        if (rows.values[at + RowField.kind] === EntryKind.open) {
          addRecord(byPacket, rows, at, OPENED + index + 1);
        }
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
  /** By sponsor. */
  readonly #poolFen = new Map<number, number>();
  #seq = 0;
  #mintedFen = 0;
  #heldFen = 0;
  #userFen = 0;
  #returnedFen = 0;
  /** What users sent each other: money that came for it, and where it is. */
  #fundedFen = 0;
  #packetFen = 0;
  #packetsMade = 0;

  constructor(ledger: string, differences: Differences) {
    this.#ledger = ledger;
    this.#differences = differences;
  }

  add({ values }: EntryRows, at: number): void {
    const packetId = values[at + RowField.packetId];
    const fen = values[at + RowField.amount];
    const sponsor = values[at + RowField.sponsor];
    const seq = values[at + RowField.seq];
    if (seq !== ++this.#seq) {
      this.#differences.add(`${this.#ledger}: row ${this.#seq} is missing`);
      this.#seq = seq;
    }
    if (isNote(values[at + RowField.kind]) || isOfOrder(values[at + RowField.kind])) return; // no money
    if (isTransfer(values[at + RowField.kind])) {
      return this.#transfer(values[at + RowField.kind], fen, sponsor === 1);
    }
    switch (values[at + RowField.kind]) {
      case EntryKind.open:
        return this.#leaveHeld(seq, fen, () => this.#userFen += fen);
      case EntryKind.lapse:
        return this.#leaveHeld(seq, fen, () => this.#returnedFen += fen);
    }
    const pool = this.#poolFen.get(sponsor) ?? 0;
    if (values[at + RowField.kind] === EntryKind.mint) {
      const count = values[at + RowField.count];
      if (packetId < this.#mints.nextId) this.#differences.add(`packet ${packetId}: was made twice`);
      this.#mints.add({ firstId: packetId, count, amountFen: fen, sponsor });
      this.#packetsMade += count;
      this.#mintedFen += fen;
      this.#poolFen.set(sponsor, pool + fen);
      return;
    }
    this.#poolFen.set(sponsor, pool - fen);
    if (pool < fen) {
      this.#differences.add(`${this.#ledger}: the pool of sponsor ${sponsor} is overdrawn at row ${seq}`);
    }
    if (values[at + RowField.kind] === EntryKind.giveBack) {
      this.#returnedFen += fen;
      return;
    }
    if (values[at + RowField.count] === HELD) this.#heldFen += fen;
    else this.#userFen += fen;
    if (this.#mints.sponsorOf(packetId) !== sponsor) {
      this.#differences.add(`packet ${packetId}: no packet of sponsor ${sponsor} with this id was made`);
    }
  }

  #leaveHeld(seq: number, fen: number, arrive: () => void): void {
    this.#heldFen -= fen;
    arrive();
    if (this.#heldFen < 0) {
      this.#differences.add(`${this.#ledger}: more is opened than was awarded, at row ${seq}`);
    }
  }

  #transfer(kind: number, fen: number, isFromHost: boolean): void {
    switch (kind) {
      case EntryKind.fund:
        this.#fundedFen += fen;
        this.#userFen += fen;
        break;
      case EntryKind.send:
        this.#packetFen += fen;
        if (isFromHost) this.#fundedFen += fen;
        else this.#userFen -= fen;
        break;
      case EntryKind.claim:
        this.#packetFen -= fen;
        this.#userFen += fen;
        break;
      case EntryKind.takeBack:
        this.#packetFen -= fen;
        if (isFromHost) this.#fundedFen -= fen;
        else this.#userFen += fen;
    }
    if (this.#packetFen < 0) this.#differences.add(`${this.#ledger}: the sent packets are overdrawn`);
  }

  finish(): { accounts: Omit<LedgerAccounts, "hostNumber">; packetsMade: number } {
    const poolFen = [...this.#poolFen.values()].reduce((sum, fen) => sum + fen, 0);
    const sumFen = poolFen + this.#heldFen + this.#userFen + this.#returnedFen + this.#packetFen;
    const inFen = this.#mintedFen + this.#fundedFen;
    if (sumFen !== inFen) {
      this.#differences.add(`${this.#ledger}: ${inFen} fen went in and ${sumFen} fen are there`);
    }
    return {
      accounts: {
        ledger: this.#ledger,
        sourceFen: -inFen,
        poolFen,
        heldFen: this.#heldFen,
        userFen: this.#userFen,
        returnedFen: this.#returnedFen,
        packetFen: this.#packetFen,
      },
      packetsMade: this.#packetsMade,
    };
  }
}

function addAward(
  byPacket: SortedBlocks,
  byUser: SortedBlocks,
  rows: EntryRows,
  row: number,
  ledger: number,
): void {
  // Ledgers count from 1; 0 is a fleet.
  addRecord(byPacket, rows, row, ledger + 1);
  const { values } = rows;
  const userAt = byUser.next();
  byUser.words[userAt] = values[row + RowField.user];
  byUser.words[userAt + 1] = values[row + RowField.sponsor];
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
  words[at + RecordWord.origin] = kind === "claim" ? SHARE : kind === "open" ? OPENED : 0;
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
