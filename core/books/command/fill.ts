import type { Clock } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import type { OnStage } from "../../cli/progress.ts";
import { DirectoryLock } from "../../ledger/disk/directory_lock.ts";
import { TruthReader } from "../../ledger/store/truth_reader.ts";
import type { Intake, Place } from "../contract/intake.ts";
import { SourceRefused, TruthSource } from "../uplink/ledger_source.ts";
import { Uplink, UplinkRefused } from "../uplink/uplink.ts";

/** What was carried. */
export interface Filled {
  readonly host: number;
  readonly ledger: string;
  /** Rows that the books lacked. */
  readonly rows: number;
  /** What the books have now. */
  readonly place: Place;
}

/**
 * Carries all rows of a ledger that no server uses to the books.
 *
 * @param name what the host is called, if the books don't know it yet
 * @throws UserError if a server uses it, or the books refuse it
 * @throws BooksAway
 */
export async function fillBooks(
  intake: Intake,
  directory: string,
  name: string | undefined,
  clock: Clock,
  onStage: OnStage,
): Promise<Filled> {
  const lock = DirectoryLock.takeExisting(directory, "--ledger");
  try {
    const truth = new TruthReader(directory);
    try {
      const source = TruthSource.of(truth);
      return await fillFrom(
        source,
        intake,
        name,
        clock,
        (rows, all) => onStage(directory, rows, all, "rows"),
      );
    } finally {
      truth.close();
    }
  } catch (error) {
    if (!(error instanceof UplinkRefused) && !(error instanceof SourceRefused)) throw error;
    throw new UserError(`--ledger ${directory}: ${error.message}`);
  } finally {
    lock.release();
  }
}

/** The same of a ledger that is open. Throws as the uplink does. */
export async function fillFrom(
  source: TruthSource,
  intake: Intake,
  name: string | undefined,
  clock: Clock,
  onRows: (rows: number, all: number) => void,
): Promise<Filled> {
  const host = source.hostNumber;
  const uplink = new Uplink({
    host,
    name: name ?? `host ${host}`,
    intake,
    source,
    clock,
    quietMs: () => clock.wallMs(), // nobody adds a row
    isHurried: () => true,
  });
  let rows = 0;
  do {
    const turn = await uplink.turn();
    rows += turn.rows;
    onRows(turn.rows, source.lastSeq());
  } while (!uplink.isCaughtUp);
  await uplink.turn(); // and says that this was all
  const { seq, headHex, ledger } = uplink.known!;
  return { host, ledger, rows, place: { seq, headHex } };
}
