import { DatabaseSync } from "node:sqlite";
import { inflateRawSync } from "node:zlib";
import { chartsSchema, type Declared } from "../../charts/declared.ts";
import { UserError } from "../../base/user_error.ts";
import type { Mark } from "../timeline/marks.ts";
import { type MoneyView, moneyViewSchema } from "../money/money_view.ts";
import { readSnapshot } from "../collect/read_snapshot.ts";
import { RECORD_APPLICATION, RECORD_VERSION, type RecordedSnapshot } from "./recording.ts";

/** Lets `writable_schema` be set; the types that come with Deno don't know `defensive` yet. */
const MENDABLE: { readOnly: boolean } & Record<string, unknown> = { readOnly: true, defensive: false };

/** What was taken in at about the same moment. */
export interface RecordedBatch {
  readonly atMs: number;
  readonly snapshots: readonly RecordedSnapshot[];
}

const NEXT_BATCH = "SELECT id, at_ms, snapshots FROM batch WHERE id > ? ORDER BY id LIMIT 1";

/** Reads a file that `--record` wrote. */
export class Replay {
  readonly path: string;
  readonly #database: DatabaseSync;
  /** What could not be read, in words; empty if everything could. */
  readonly problems: string[] = [];

  /** @throws UserError if it is no record, or one of another version */
  constructor(path: string) {
    this.path = path;
    try {
      Deno.statSync(path); // SQLite would make a file that isn't there
      this.#database = new DatabaseSync(path, MENDABLE);
      // Without it SQLite refuses a file that has fewer pages than its header says: one that was cut short.
      this.#database.exec("PRAGMA writable_schema = ON");
      const application = this.#pragma("application_id");
      const version = this.#pragma("user_version");
      if (application !== RECORD_APPLICATION) throw new UserError(`--replay ${path}: no record of redpkt`);
      if (version !== RECORD_VERSION) {
        throw new UserError(
          `--replay ${path}: a record of version ${version}, this redpkt reads ${RECORD_VERSION}. ` +
            "Replay it with the redpkt that wrote it",
        );
      }
    } catch (error) {
      if (error instanceof UserError) throw error;
      if (error instanceof Deno.errors.NotFound) {
        throw new UserError(`--replay ${path}: there is no such file`);
      }
      throw new UserError(`--replay ${path}: cannot be read: ${textOf(error)}`);
    }
  }

  /** How many batches there are; 0 if that can't be known. */
  get batchCount(): number {
    try {
      return Number(this.#database.prepare("SELECT max(id) AS n FROM batch").get()?.n ?? 0);
    } catch {
      return 0;
    }
  }

  /** Every batch in order, as far as the file goes: one that was cut short ends where its last whole page does. */
  *batches(): Generator<RecordedBatch> {
    // One at a time: an iterator of the runtime ends at a broken page as if it were the end.
    let lastId = -1;
    while (true) {
      let row: Record<string, unknown> | undefined;
      try {
        row = this.#database.prepare(NEXT_BATCH).get(lastId);
      } catch (error) {
        this.problems.push(`${this.path}: ends early: ${textOf(error)}`);
        return;
      }
      if (row === undefined) return;
      // A page that isn't there reads as zeros, and so may a row: its number doesn't follow then.
      if (!(row.id as number > lastId)) {
        this.problems.push(`${this.path}: ends early: after batch ${lastId}`);
        return;
      }
      lastId = row.id as number;
      const batch = this.#read(row.at_ms as number, row.snapshots as Uint8Array);
      if (batch !== undefined) yield batch;
    }
  }

  /** Where the money was, moment by moment; nothing in a record of a redpkt that didn't keep it. */
  *money(): Generator<MoneyView> {
    try {
      const tables = "SELECT count(*) AS n FROM sqlite_master WHERE name = 'money'";
      if (this.#database.prepare(tables).get()?.n !== 1) return;
      for (const { view } of this.#database.prepare("SELECT view FROM money ORDER BY id").iterate()) {
        yield moneyViewSchema.parse(JSON.parse(inflateRawSync(view as Uint8Array).toString()));
      }
    } catch (error) {
      this.problems.push(`${this.path}: money: ${textOf(error).split("\n")[0]}`);
    }
  }

  /** What the plugins of its servers want to be seen; nothing in a record of a redpkt that didn't keep it. */
  charts(): Declared[] {
    try {
      const tables = "SELECT count(*) AS n FROM sqlite_master WHERE name = 'charts'";
      if (this.#database.prepare(tables).get()?.n !== 1) return [];
      return this.#database.prepare("SELECT json FROM charts ORDER BY id").all()
        .flatMap(({ json }) => chartsSchema.parse(JSON.parse(json as string)).plugins);
    } catch (error) {
      this.problems.push(`${this.path}: charts: ${textOf(error).split("\n")[0]}`);
      return [];
    }
  }

  marks(): Mark[] {
    try {
      return this.#database.prepare("SELECT json FROM mark ORDER BY id").all()
        .map(({ json }) => JSON.parse(json as string) as Mark);
    } catch (error) {
      this.problems.push(`${this.path}: marks: ${textOf(error)}`);
      return [];
    }
  }

  close(): void {
    this.#database.close();
  }

  #pragma(name: string): unknown {
    return this.#database.prepare(`PRAGMA ${name}`).get()?.[name];
  }

  #read(atMs: number, blob: Uint8Array): RecordedBatch | undefined {
    try {
      const rows = JSON.parse(inflateRawSync(blob).toString()) as RecordedSnapshot[];
      for (const [, snapshot] of rows) {
        const read = readSnapshot(JSON.stringify(snapshot));
        if ("problem" in read) throw new Error(read.problem);
      }
      return { atMs, snapshots: rows };
    } catch (error) {
      this.problems.push(`${this.path}: a batch can't be read: ${textOf(error)}`);
      return undefined;
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
