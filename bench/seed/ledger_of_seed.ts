import { AwardsFile } from "../../core/client/main/awards_file.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { Judge } from "../../core/ledger/judge/judge.ts";
import { LedgerIdentity } from "../../core/ledger/store/ledger_identity.ts";
import { SqliteStore } from "../../core/ledger/store/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import { RecordWord } from "../../core/seed/file/format.ts";
import { SeedFile } from "../../core/seed/file/seed_file.ts";
import { systemClock } from "../../core/base/clock.ts";
import { LedgerFiller } from "../ledger_filler.ts";

const PER_COMMIT = 5_000;

/** Makes a ledger that has given away some of a file's tickets, and the file of a fleet that saw them all. */
export function ledgerOfSeed(path: string, directory: string, fleetPath: string, awards: number): void {
  const file = new SeedFile(path);
  Deno.mkdirSync(directory, { recursive: true });
  const identity = new LedgerIdentity(directory);
  identity.noteSeed(file.hash, path, systemClock.wallMs());
  const ledger = new StoredLedger(new Judge(), new SqliteStore(directory, "off"), systemClock);
  const filler = new LedgerFiller(ledger);
  for (const [, sponsor, packetId, count, amountFen] of file.description.groups) {
    filler.enter(EntryKind.mint, { packetId, count, amountFen, sponsor });
  }
  const fleet = new AwardsFile(fleetPath, { first: 0, stride: 1, count: awards }, systemClock);
  let lines = "";
  const flush = () => {
    fleet.append(lines);
    lines = "";
  };
  for (let i = 0; i < awards; i++) {
    const at = file.locate(Math.floor(i * file.records / awards));
    const [id, fen] = [file.words[at + RecordWord.id], file.words[at + RecordWord.amountFen]];
    const sponsor = file.words[at + RecordWord.sponsorAndWave] & 0xffff;
    filler.enter(EntryKind.award, { packetId: id, user: i, amountFen: fen, sponsor });
    lines += `${i},${id},${fen},shake,${Math.round(systemClock.wallMs())}\n`;
    if (i % PER_COMMIT !== PER_COMMIT - 1) continue;
    ledger.commit();
    flush();
  }
  flush();
  fleet.close(true);
  ledger.close();
  file.close();
}
