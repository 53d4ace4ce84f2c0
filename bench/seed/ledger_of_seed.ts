import { AWARDS_HEADER } from "../../core/client/award_log.ts";
import { ENTRY_WORDS, EntryKind, EntryWord, setEntryAmountFen } from "../../core/ledger/entry.ts";
import { Judge } from "../../core/ledger/judge.ts";
import { emptyJudgement } from "../../core/ledger/ledger.ts";
import { LedgerIdentity } from "../../core/ledger/ledger_identity.ts";
import { SqliteStore } from "../../core/ledger/sqlite_store.ts";
import { StoredLedger } from "../../core/ledger/stored_ledger.ts";
import { RecordWord } from "../../core/seed/format.ts";
import { SeedFile } from "../../core/seed/seed_file.ts";
import { systemClock } from "../../core/time/clock.ts";

const PER_COMMIT = 5_000;

/** Makes a ledger that has given away some of a file's tickets, and the file of a fleet that saw them all. */
export function ledgerOfSeed(path: string, directory: string, fleetPath: string, awards: number): void {
  const file = new SeedFile(path);
  Deno.mkdirSync(directory, { recursive: true });
  const identity = new LedgerIdentity(directory);
  identity.noteSeed(file.hash, path, systemClock.wallMs());
  identity.close();
  const ledger = new StoredLedger(new Judge(), new SqliteStore(directory, "off"), systemClock);
  const words = new Int32Array(ENTRY_WORDS);
  const judgement = emptyJudgement();
  const enter = (
    kind: number,
    packetId: number,
    user: number,
    amountFen: number,
    sponsor: number,
    count: number,
  ) => {
    words[EntryWord.kind] = kind;
    words[EntryWord.packetId] = packetId;
    words[EntryWord.user] = user;
    words[EntryWord.sponsor] = sponsor;
    words[EntryWord.count] = count;
    setEntryAmountFen(words, 0, amountFen);
    ledger.judge(words, 0, judgement);
  };
  for (const [, sponsor, firstId, count, amountFen] of file.description.groups) {
    enter(EntryKind.mint, firstId, 0, amountFen, sponsor, count);
  }
  const fleet = Deno.openSync(fleetPath, { write: true, create: true, truncate: true });
  let lines = AWARDS_HEADER;
  const flush = () => {
    const bytes = new TextEncoder().encode(lines);
    for (let at = 0; at < bytes.length;) at += fleet.writeSync(bytes.subarray(at));
    lines = "";
  };
  for (let i = 0; i < awards; i++) {
    const at = file.locate(Math.floor(i * file.records / awards));
    const [id, fen] = [file.words[at + RecordWord.id], file.words[at + RecordWord.amountFen]];
    enter(EntryKind.award, id, i, fen, file.words[at + RecordWord.sponsorAndWave] & 0xffff, 0);
    lines += `${i},${id},${fen},shake,${Math.round(systemClock.wallMs())}\n`;
    if (i % PER_COMMIT !== PER_COMMIT - 1) continue;
    ledger.commit();
    flush();
  }
  flush();
  fleet.close();
  ledger.close();
  file.close();
}
