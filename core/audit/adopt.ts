import type { Clock } from "../base/clock.ts";
import { systemSecret } from "../base/random.ts";
import type { Host } from "../cli/host.ts";
import { writeResult } from "../cli/json_output.ts";
import { type OnStage, Stages } from "../cli/progress.ts";
import { formatCount } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { type Filled, fillFrom } from "../books/command/fill.ts";
import { withBooks } from "../books/command/with_books.ts";
import type { Intake } from "../books/contract/intake.ts";
import { SourceRefused, TruthSource } from "../books/uplink/ledger_source.ts";
import { UplinkRefused } from "../books/uplink/uplink.ts";
import { noteOf } from "../ledger/chain/notes.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { kinds } from "../ledger/kinds/entry_kinds.ts";
import { refuseLostRows } from "../ledger/evidence/inspect.ts";
import { catchUp } from "../ledger/projection/projector.ts";
import { SqliteStore } from "../ledger/store/sqlite_store.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";

/** What an adoption came to. */
export interface Adopted extends Filled {
  /** The ledger's epoch from now on. */
  readonly epoch: number;
}

/**
 * Goes on with a ledger on another machine: the ledger says so in a row, and the books have that row and all before it.
 * From then on they refuse what the old machine adds. If it ends in the middle, doing it again ends it.
 *
 * @throws UserError if a server uses it, if it isn't all that the books know, or if another machine has adopted it
 * @throws BooksAway
 */
export async function adoptLedger(
  intake: Intake,
  directory: string,
  reason: string,
  clock: Clock,
  onStage: OnStage = () => {},
): Promise<Adopted> {
  const lock = DirectoryLock.takeExisting(directory, "ledger");
  try {
    refuseLostRows(directory, clock.wallMs());
    const epoch = await nextEpoch(intake, directory);
    if (epoch.isNew) note(directory, epoch.number, reason, clock);
    catchUp(directory, clock, onStage);
    const filled = await withSource(directory, (source) => {
      return fillFrom(source, intake, undefined, clock, (rows, all) => onStage(directory, rows, all, "rows"));
    });
    return { ...filled, epoch: epoch.number };
  } catch (error) {
    if (!(error instanceof UplinkRefused) && !(error instanceof SourceRefused)) throw error;
    throw new UserError(`${directory}: ${error.message}`);
  } finally {
    lock.release();
  }
}

/** The epoch to come; one that the ledger has begun and the books don't know yet is no new one. */
function nextEpoch(
  intake: Intake,
  directory: string,
): Promise<{ readonly number: number; readonly isNew: boolean }> {
  return withSource(directory, async (source) => {
    const cursor = await intake.cursor(source.hostNumber);
    if (cursor?.ledger !== source.ledger) {
      throw new UserError(
        `${directory}: the books don't know ledger ${source.ledger}, so there is nothing to adopt: ` +
          `start redpkt server --ledger ${directory} with --books`,
      );
    }
    const last = source.lastSeq();
    if (!source.knows(cursor)) {
      const had = cursor.epoch > source.epochAt(last)
        ? "another machine has adopted it"
        : "this is an older copy of it";
      throw new UserError(
        `${directory}: the books know rows of ledger ${source.ledger} up to ${cursor.seq}, and this one lacks them or has ` +
          `others (it ends with row ${last}): ${had}. Take the newest state of the ledger`,
      );
    }
    const ours = source.epochAt(last);
    const isNew = ours === cursor.epoch;
    return { number: isNew ? ours + 1 : ours, isNew };
  });
}

async function withSource<T>(directory: string, run: (source: TruthSource) => Promise<T>): Promise<T> {
  const truth = new TruthReader(directory);
  try {
    return await run(TruthSource.of(truth));
  } finally {
    truth.close();
  }
}

function note(directory: string, epoch: number, reason: string, clock: Clock): void {
  const store = new SqliteStore(directory);
  try {
    store.note(noteOf(kinds.adoption, { epoch, reason, token: systemSecret() }), clock.wallMs());
  } finally {
    store.close();
  }
}

/** `redpkt ledger adopt`. */
export async function runAdopt(
  host: Host,
  directory: string,
  { books: url, reason, json }: { books?: string | undefined; reason?: string | undefined; json: boolean },
): Promise<number> {
  const problems = [
    ...(url === undefined ? ["--books: is missing: name the books that know the ledger"] : []),
    ...(reason === undefined ? ['--reason: is missing: --reason "the machine of host 7 died"'] : []),
  ];
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return await withBooks(url!, async ({ intake, place: books }) => {
    const stages = new Stages(host);
    const adopted = await adoptLedger(intake, directory, reason!, host.clock, stages.on);
    stages.end();
    const { host: number, ledger, epoch, rows, place: { seq, headHex } } = adopted;
    writeResult(
      host,
      json,
      { books, host: number, ledger, epoch, rows, seq, head: headHex },
      () =>
        `${directory}: epoch ${epoch} of ledger ${ledger}; ${formatCount(rows)} rows carried to ${books}\n` +
        "The books refuse what any other machine adds to it from now on.\n",
    );
    return ExitCode.ok;
  });
}
