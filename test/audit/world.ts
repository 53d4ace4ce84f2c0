/** A ledger with some of everything, for those who damage it and those who look whether that is found. */
import { LedgerFiller } from "../../bench/ledger_filler.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { HELD } from "../../core/ledger/record/entry.ts";
import { openJudge } from "../../core/ledger/checkpoint/open_judge.ts";
import { catchUp, Projector } from "../../core/ledger/projection/projector.ts";
import { sendBodyWords } from "../../core/ledger/record/send_body.ts";
import { SqliteStore } from "../../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { ManualClock } from "../../core/base/clock.ts";

/** Files that belong together, by the name of the first. */
export const FILES: Readonly<Record<string, readonly string[]>> = {
  "ledger.db": ["ledger.db", "ledger.db-wal", "ledger.db-shm"],
  "projection.db": ["projection.db", "projection.db-wal", "projection.db-shm"],
  checkpoint: ["checkpoint"],
  head: ["head"],
};

const LIMITS = { packetsPerUser: 40, packetsPerSponsor: 20 };
const HOST_NUMBER = 7;
const USERS = 20;
const PACKETS = 30;
const SPONSORS = [1, 2, 3];
const FAR_MS = 9e15;

/**
 * Makes a ledger as a killed server leaves it: every kind of row, marks of what was delivered, a checkpoint, a projection
 * that is ahead of it and behind the rows, and a log that isn't in the file yet.
 *
 * @param rounds how much is in it; a round is about 150 rows
 */
export function makeWorld(directory: string, rounds = 1): void {
  const living = Deno.makeTempDirSync({ prefix: "redpkt-world-" });
  try {
    const clock = new ManualClock();
    const first = new Life(living, clock);
    for (let round = 0; round < rounds; round++) first.play(round);
    first.close();
    catchUp(living, clock);
    clock.advance(60_000);
    const second = new Life(living, clock);
    second.play(rounds);
    const projector = new Projector(living, clock);
    while (projector.turn().rows > 0);
    second.play(rounds + 1);
    second.giveBack(SPONSORS[0]);
    copyFolder(living, directory);
    projector.close();
    second.close();
  } finally {
    Deno.removeSync(living, { recursive: true });
  }
}

/**
 * Goes on with a ledger for a while, as a server does.
 *
 * @param firstRound another one, another history
 */
export function growWorld(directory: string, firstRound: number, rounds = 4): void {
  const clock = new ManualClock();
  const life = new Life(directory, clock);
  for (let round = firstRound; round < firstRound + rounds; round++) life.play(round);
  life.close();
  catchUp(directory, clock);
}

/** All files of a folder, or those of these names, into one that is made if there is none. */
export function copyFolder(from: string, to: string, names?: readonly string[]): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isFile } of Deno.readDirSync(from)) {
    if (isFile && names?.includes(name) !== false) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

/** A ledger between two of its openings. */
class Life {
  readonly #ledger: StoredLedger;
  readonly #filler: LedgerFiller;
  readonly #clock: ManualClock;

  constructor(directory: string, clock: ManualClock) {
    const store = new SqliteStore(directory, "off");
    store.noteHost(HOST_NUMBER, clock.wallMs());
    const { judge } = openJudge(store, directory, LIMITS);
    store.noteLimits(LIMITS, clock.wallMs());
    this.#ledger = new StoredLedger(judge, store, clock);
    this.#filler = new LedgerFiller(this.#ledger);
    this.#clock = clock;
  }

  play(round: number): void {
    for (const sponsor of SPONSORS) this.#award(sponsor);
    this.#commit();
    this.#send(round);
    this.#commit();
  }

  giveBack(sponsor: number): void {
    const firstId = this.#ledger.nextPacketId;
    this.#filler.enter(EntryKind.mint, { packetId: firstId, count: 5, amountFen: 50, sponsor: 9 });
    this.#filler.enter(EntryKind.award, {
      packetId: firstId,
      user: 1,
      amountFen: 11,
      sponsor: 9,
      count: HELD,
    });
    this.#filler.enter(EntryKind.giveBack, { packetId: firstId + 5, amountFen: 39, sponsor: 9 });
    this.#filler.enter(EntryKind.lapse, { packetId: firstId, user: 1, amountFen: 11, sponsor: 9 });
    this.#commit();
    this.#filler.enter(EntryKind.mint, { packetId: firstId + 5, count: 1, amountFen: 7, sponsor });
    this.#commit();
  }

  close(): void {
    this.#ledger.close();
  }

  /** Packets of which every third is held and every sixth is opened, and most are delivered. */
  #award(sponsor: number): void {
    const firstId = this.#ledger.nextPacketId;
    this.#filler.enter(EntryKind.mint, {
      packetId: firstId,
      count: PACKETS,
      amountFen: 100 * PACKETS,
      sponsor,
    });
    for (let i = 0; i < PACKETS - 5; i++) {
      const [packetId, user, amountFen] = [firstId + i, (i * 7 + sponsor) % USERS, 50 + i];
      const count = i % 3 === 0 ? HELD : 0;
      this.#filler.enter(EntryKind.award, { packetId, user, amountFen, sponsor, count });
      if (i % 6 === 0) this.#filler.enter(EntryKind.open, { packetId, user });
      if (i % 5 !== 0) this.#filler.enter(EntryKind.delivered, { packetId, user });
      if (i % 8 === 7) this.#commit();
    }
  }

  #send(round: number): void {
    const filler = this.#filler;
    for (let user = 0; user < 3; user++) {
      filler.enter(EntryKind.fund, { user, tag: 100 + round, amountFen: 5_000 });
    }
    filler.enterParts(Uint32Array.of(3, 4, 5, 6 + round));
    filler.enter(EntryKind.group, { packetId: 8, count: 4 });
    const toGroup = this.#sendPacket(3, round, 8, [], [30, 20, 10]);
    const named = this.#sendPacket(1, round, 0, [2, 4], [60, 40]);
    const over = this.#sendPacket(2, round, 0, [5], [25, 25]);
    filler.enter(EntryKind.claim, { packetId: named, user: 4, count: 0, amountFen: 60 });
    filler.enter(EntryKind.delivered, { packetId: named, user: 4 });
    this.#commit();
    filler.enter(EntryKind.claim, { packetId: named, user: 2, count: 1, amountFen: 40 });
    filler.enter(EntryKind.claim, { packetId: toGroup, user: 5, count: 2, amountFen: 10 });
    filler.enter(EntryKind.claim, { packetId: over, user: 5, count: 1, amountFen: 25 });
    filler.enter(EntryKind.takeBack, { packetId: over, user: 2, amountFen: 25 });
  }

  #sendPacket(
    user: number,
    requestId: number,
    group: number,
    recipients: number[],
    shares: number[],
  ): number {
    const amountFen = shares.reduce((sum, fen) => sum + fen, 0);
    this.#filler.enterParts(sendBodyWords({
      mode: 0,
      group,
      deadlineMs: FAR_MS,
      requestId,
      recipients: Uint32Array.from(recipients),
      shares: Uint32Array.from(shares),
    }));
    return this.#filler.enter(EntryKind.send, { user, count: shares.length, amountFen });
  }

  #commit(): void {
    this.#clock.advance(10);
    this.#ledger.commit();
  }
}
