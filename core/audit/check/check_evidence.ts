import type { DatabaseSync } from "node:sqlite";
import type { Link } from "../../ledger/chain/chain.ts";
import type { CheckpointCheck } from "./check_checkpoint.ts";
import { CHECKPOINT_FILE } from "../../ledger/checkpoint/checkpoint.ts";
import type { Damaged, Evidence, Knowledge } from "../../ledger/evidence/evidence.ts";
import { brokenCopies, MARK_FILE, type Marked, readMark } from "../../ledger/chain/head_mark.ts";
import { contradictionsOf } from "../../ledger/evidence/inspect.ts";
import { attempt, type Problems } from "./problems.ts";
import { PROJECTION_FILE } from "../../ledger/projection/projection.ts";
import { projectedProgress } from "../../ledger/projection/projection_reader.ts";
import { TRUTH_FILE } from "../../ledger/store/sqlite_store.ts";

/** A mark that is just being written is whole when it is read again, and soon tells of the last commit. */
const MOST_LOOKS = 10;
const LOOK_MS = 50;

/**
 * Reads what the files beside a truth know of it. To be read before the truth, which then has all of it, also while a
 * server goes on.
 */
export function readKnown(
  directory: string,
  projection: DatabaseSync | undefined,
  checkpoint: CheckpointCheck,
  problems: Problems,
): Evidence {
  const known: Knowledge[] = [];
  const damaged: Damaged[] = [];
  for (let look = 1; look < MOST_LOOKS && brokenCopies(directory).length > 0; look++) pause();
  for (const copy of brokenCopies(directory)) {
    problems.add(MARK_FILE, `${MARK_FILE}: copy ${copy} is damaged`);
  }
  try {
    const mark = readMark(directory);
    if (mark !== undefined) known.push({ file: MARK_FILE, ...mark });
  } catch (error) {
    damaged.push({ file: MARK_FILE, why: (error as Error).message });
  }
  attempt(problems, PROJECTION_FILE, () => {
    if (projection === undefined) return;
    const { seq, ledger, head } = projectedProgress(projection);
    if (seq > 0 && (ledger === null || head === null)) {
      problems.add(PROJECTION_FILE, `${PROJECTION_FILE}: doesn't say of which ledger it is`);
    }
    known.push({
      file: PROJECTION_FILE,
      seq,
      ...(ledger === null ? {} : { ledger }),
      ...(head === null ? {} : { headHex: head }),
    });
  });
  if (checkpoint.head !== undefined) {
    const { seq, ledger, headHex } = checkpoint.head;
    known.push({ file: CHECKPOINT_FILE, seq, ledger, headHex });
  }
  return { known, damaged };
}

/**
 * Compares what other files know with an open truth: its rows, its marks, its history.
 *
 * @param tip the truth's last link
 */
export function checkKnown(
  directory: string,
  db: DatabaseSync,
  tip: Link,
  evidence: Evidence,
  problems: Problems,
): void {
  for (const { file, words } of contradictionsOf(db, evidence)) problems.add(`${file} knows`, words);
  if (evidence.damaged.length > 0) return;
  for (let look = 1; isBehind(readMark(directory), tip); look++) {
    if (look < MOST_LOOKS) {
      pause();
      continue;
    }
    problems.add(
      `${MARK_FILE} knows`,
      `${TRUTH_FILE} has rows or deliveries up to row ${tip.seq}, mark ${tip.mark}, that ${MARK_FILE} never heard of: ` +
        "a kill in the middle of a commit, or a power loss, leaves it so until the next start; else they were put " +
        "there by no server",
    );
    return;
  }
}

/** Whether a mark knows less than there is; a server writes it right after each commit. */
function isBehind(mark: Marked | undefined, tip: Link): boolean {
  return mark !== undefined && (mark.seq < tip.seq || (mark.seq === tip.seq && mark.mark < tip.mark));
}

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

function pause(): void {
  Atomics.wait(nobodyWakes, 0, 0, LOOK_MS);
}
