import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";
import type { Clock } from "../base/clock.ts";
import { genesis } from "../ledger/chain/chain.ts";
import { CHECKPOINT_FILE } from "../ledger/checkpoint/checkpoint.ts";
import { DirectoryLock } from "../ledger/disk/directory_lock.ts";
import { EntryKind, kinds } from "../ledger/kinds/entry_kinds.ts";
import { ENTRY_WORDS, EntryWord, refusalName, setEntryAmountFen, Verdict } from "../ledger/record/entry.ts";
import { MARK_FILE } from "../ledger/chain/head_mark.ts";
import { type Contradiction, type Inspection, inspectLedger } from "../ledger/evidence/inspect.ts";
import { eachInCheckpoint, eachInProjection, type KnownEntry } from "../ledger/evidence/known_entries.ts";
import { emptyJudgement } from "../ledger/record/judgement.ts";
import { NO_LIMITS } from "../ledger/record/ledger.ts";
import { hexOf } from "../ledger/chain/links.ts";
import { lookUntouched } from "../ledger/disk/untouched.ts";
import { noteOf } from "../ledger/chain/notes.ts";
import { openJudge } from "../ledger/checkpoint/open_judge.ts";
import { PROJECTION_FILE } from "../ledger/projection/projection.ts";
import { catchUp } from "../ledger/projection/projector.ts";
import { ChainBroken, eachProven } from "../ledger/chain/prove_chain.ts";
import { setAside } from "../ledger/disk/set_aside.ts";
import { isOfMedium, SqliteStore, TRUTH_FILE } from "../ledger/store/sqlite_store.ts";
import { StoredLedger } from "../ledger/store/stored_ledger.ts";

/** What became of a loss. */
export interface AcceptedLoss {
  /** What the files beside the truth said, one line each. */
  readonly lost: readonly string[];
  /** Awards that were lost, and are in the ledger again. */
  readonly awards: readonly KnownEntry[];
  /** Other entries that are in it again. */
  readonly others: number;
  /** What is known and contradicts the ledger, one line each. */
  readonly conflicts: readonly string[];
  /** Lost rows of which only the number is known, or which can't be entered again. */
  readonly unknownRows: number;
  /** Names that files have now. */
  readonly aside: readonly string[];
}

/** Rows of a commit at most. */
const ROWS_PER_COMMIT = 10_000;
/** Conflicts that are told. */
const MAX_CONFLICTS = 100;

/**
 * Goes on with a truth that lacks rows which something beside it knows. What is known of packets, awards and openings is
 * entered again, so that nobody loses what the files remember, and none of these packets goes to another. The loss and
 * the reason become an entry, and what knew more keeps its content under another name.
 *
 * @throws UserError if nothing is lost, the truth itself was edited, or a server uses it
 */
export function acceptLoss(
  directory: string,
  reason: string,
  clock: Clock,
  onStage: OnStage = () => {},
): AcceptedLoss {
  const lock = DirectoryLock.takeExisting(directory, "ledger");
  try {
    const found = inspectLedger(directory);
    if (found.contradictions.length === 0) {
      throw new UserError(
        `${directory}: nothing is lost: no file beside ${TRUTH_FILE} knows more than it does`,
      );
    }
    refuseEdited(directory, found);
    const wallMs = clock.wallMs();
    // What is left of a truth that is gone, such as its log, which SQLite would delete.
    const aside = [found.truth === undefined ? setAside(directory, TRUTH_FILE, wallMs) : undefined];
    // Then the mark: the truth writes a new one with its next commit. If we end in between, its absence refuses a start.
    aside.push(setAside(directory, MARK_FILE, wallMs));
    const entered = enterAgain(directory, reason, found, clock);
    for (const file of [PROJECTION_FILE, CHECKPOINT_FILE]) aside.push(setAside(directory, file, wallMs));
    catchUp(directory, clock, onStage);
    return {
      lost: found.contradictions.map(({ words }) => words),
      ...entered,
      aside: aside.filter((name) => name !== undefined),
    };
  } finally {
    lock.release();
  }
}

/** A loss is rows that are gone at the end. Rows that were changed are something else, which nobody may accept. */
function refuseEdited(directory: string, { truth }: Inspection): void {
  if (truth === undefined) return;
  try {
    lookUntouched(`${directory}/${TRUTH_FILE}`, (db) => {
      const proving = eachProven(db, genesis(truth.id));
      while (proving.next().done !== true);
    });
  } catch (error) {
    if (!(error instanceof ChainBroken)) throw error;
    throw new UserError(
      `${directory}/${TRUTH_FILE}: ${error.message}. Restore the whole directory from a copy`,
    );
  }
}

function enterAgain(
  directory: string,
  reason: string,
  found: Inspection,
  clock: Clock,
): Pick<AcceptedLoss, "awards" | "others" | "conflicts" | "unknownRows"> {
  const store = new SqliteStore(directory);
  const { judge } = openJudge(store, undefined, NO_LIMITS);
  const before = store.lastRow;
  const entering = new Entering(new StoredLedger(judge, store, clock));
  const ours = found.contradictions.filter(({ knows }) => isOurs(knows, found.truth?.id));
  const told = new Set(ours.map(({ file }) => file));
  for (
    const [file, eachIn] of [[PROJECTION_FILE, eachInProjection], [
      CHECKPOINT_FILE,
      eachInCheckpoint,
    ]] as const
  ) {
    if (!told.has(file)) continue;
    try {
      eachIn(directory, (entry) => entering.enter(entry), store.hostNumber);
    } catch (error) {
      if (error instanceof UserError || isOfMedium(error)) throw error;
      entering.contradicts(`${file} can't be read to its end: ${(error as Error).message}`);
    }
  }
  entering.commit();
  const knownSeq = Math.max(before.seq, ...ours.map(({ knows }) => knows!.seq));
  const { awards, others, conflicts } = entering;
  const unknownRows = Math.max(0, knownSeq - before.seq - awards.length - others);
  const body = {
    reason,
    has: { seq: before.seq, headHex: hexOf(before.head) },
    lost: found.contradictions.map(({ file, words, knows }) => ({ file, words, ...knows })),
    enteredAgain: awards.length + others,
    conflicts: conflicts.length,
    unknownRows,
  };
  store.note(noteOf(kinds.loss, body), clock.wallMs());
  store.close();
  return { awards, others, conflicts: conflicts.slice(0, MAX_CONFLICTS), unknownRows };
}

/** Whether what a file knows is of this ledger; of a truth that is gone, any may be. */
function isOurs(knows: Contradiction["knows"], id: string | undefined): boolean {
  return knows !== undefined && (id === undefined || knows.ledger === undefined || knows.ledger === id);
}

/** Enters what is known, and finds what the ledger doesn't have. */
class Entering {
  readonly awards: KnownEntry[] = [];
  others = 0;
  /** Several files may tell of the same. */
  readonly #conflicts = new Set<string>();
  readonly #ledger: StoredLedger;
  readonly #words = new Int32Array(ENTRY_WORDS);
  readonly #judgement = emptyJudgement();
  #staged = 0;

  constructor(ledger: StoredLedger) {
    this.#ledger = ledger;
  }

  get conflicts(): string[] {
    return [...this.#conflicts];
  }

  contradicts(words: string): void {
    this.#conflicts.add(words);
  }

  enter(entry: KnownEntry): void {
    const words = this.#words;
    words[EntryWord.kind] = entry.kind;
    words[EntryWord.packetId] = entry.packetId;
    words[EntryWord.user] = entry.user;
    words[EntryWord.sponsor] = entry.sponsor;
    words[EntryWord.count] = entry.count;
    setEntryAmountFen(words, 0, entry.amountFen);
    this.#ledger.judge(words, 0, this.#judgement);
    const { verdict, detail } = this.#judgement;
    if (verdict === Verdict.refused) this.contradicts(conflictText(entry, detail));
    if (verdict !== Verdict.done) return;
    if (entry.kind === EntryKind.award) this.awards.push(entry);
    else this.others++;
    if (++this.#staged % ROWS_PER_COMMIT === 0) this.commit();
  }

  commit(): void {
    if (!this.#ledger.commit()) throw new UserError(`${this.#ledger.failure}: not all is entered. Try again`);
  }
}

function conflictText({ kind, packetId, user, amountFen }: KnownEntry, detail: number): string {
  const what = kind === EntryKind.mint ? "was made" : `of user ${user}`;
  return `packet ${packetId} ${what} with ${amountFen} fen, and the ledger says: ${refusalName(detail)}`;
}
