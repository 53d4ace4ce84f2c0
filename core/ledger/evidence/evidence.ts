import type { DatabaseSync } from "node:sqlite";
import { UserError } from "../../base/user_error.ts";
import { CHECKPOINT_FILE, CheckpointReader } from "../checkpoint/checkpoint.ts";
import { MARK_FILE, readMark } from "../chain/head_mark.ts";
import { lookUntouched } from "../disk/untouched.ts";
import { PROJECTION_FILE } from "../projection/projection.ts";
import { checkVersion, PROJECTION_MIGRATIONS } from "../disk/schema.ts";
import { isOfMedium } from "../store/sqlite_store.ts";

/** What a file beside the truth knows of a ledger. */
export interface Knowledge {
  /** The file's name in the directory. */
  readonly file: string;
  readonly seq: number;
  /** If it tells commits without rows apart. */
  readonly mark?: number;
  /** Missing in what an older program made. */
  readonly ledger?: string | undefined;
  readonly headHex?: string | undefined;
}

/** A file that doesn't say what it knows. */
export interface Damaged {
  readonly file: string;
  readonly why: string;
}

/** What is known of a ledger besides the truth itself. */
export interface Evidence {
  readonly known: readonly Knowledge[];
  readonly damaged: readonly Damaged[];
}

/**
 * Asks every file beside a truth what it knows, and changes none of them.
 *
 * @throws UserError if one is another program's, or of a newer one
 */
export function readEvidence(directory: string): Evidence {
  const known: Knowledge[] = [];
  const damaged: Damaged[] = [];
  for (const [file, ask] of WITNESSES) {
    try {
      const knowledge = ask(directory);
      if (knowledge !== undefined) known.push({ file, ...knowledge });
    } catch (error) {
      if (error instanceof UserError || isOfMedium(error)) throw error;
      damaged.push({ file, why: (error as Error).message });
    }
  }
  return { known, damaged };
}

type Witness = (directory: string) => Omit<Knowledge, "file"> | undefined;

const WITNESSES: readonly (readonly [file: string, ask: Witness])[] = [
  [MARK_FILE, readMark],
  [PROJECTION_FILE, askProjection],
  [CHECKPOINT_FILE, askCheckpoint],
];

function askProjection(directory: string): Omit<Knowledge, "file"> | undefined {
  const path = `${directory}/${PROJECTION_FILE}`;
  try {
    if (Deno.statSync(path).size === 0) return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return lookUntouched(path, (db) => {
    // A power loss may leave the file that SQLite has begun, and nothing in it.
    if (checkVersion(db, path, PROJECTION_MIGRATIONS) === 0) return undefined;
    const { seq, ledger, head } = progressOf(db);
    return { seq, ledger: ledger ?? undefined, headHex: head ?? undefined };
  });
}

function progressOf(db: DatabaseSync): { seq: number; ledger?: string | null; head?: string | null } {
  const row = db.prepare("select * from progress").get();
  if (typeof row?.seq !== "number") throw new Error("it doesn't say how far it is");
  return row as ReturnType<typeof progressOf>;
}

function askCheckpoint(directory: string): Omit<Knowledge, "file"> | undefined {
  const head = CheckpointReader.headOf(`${directory}/${CHECKPOINT_FILE}`);
  if (head === undefined) return undefined;
  const { seq, ledger, headHex } = head;
  return { seq, ledger, headHex };
}
