import { DatabaseSync } from "node:sqlite";
import { deflateRawSync } from "node:zlib";
import { UserError } from "../../base/user_error.ts";
import { CHARTS_VERSION, type Declared } from "../../charts/declared.ts";
import type { Snapshot } from "../../counters/series.ts";
import type { Mark } from "../timeline/marks.ts";
import type { MoneyView } from "../money/money_view.ts";
import type { TargetSpec } from "../collect/target_list.ts";

/** Says that a file is a record of ours, and in which form. */
export const RECORD_APPLICATION = 0x72706b74; // "rpkt"
export const RECORD_VERSION = 1;

const encoder = new TextEncoder();
const FIRST_BYTES = 65_536;

const SCHEMA = `
  PRAGMA application_id = ${RECORD_APPLICATION};
  PRAGMA user_version = ${RECORD_VERSION};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS batch (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, snapshots BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS mark (id INTEGER PRIMARY KEY, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS charts (id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS money (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, view BLOB NOT NULL);
`;

/** A snapshot with the target that sent it, as records hold them. */
export type RecordedSnapshot = readonly [target: TargetSpec, snapshot: Snapshot];

/** Writes everything that comes in to an SQLite file, a batch at a time. */
export class Recording {
  readonly #database: DatabaseSync;
  /** JSON of an array of `RecordedSnapshot` without its end, in memory that is used again. */
  #waiting = new Uint8Array(FIRST_BYTES);
  #bytes = 0;

  /** @throws UserError if the file can't be written, or holds something else */
  constructor(path: string) {
    try {
      this.#database = new DatabaseSync(path);
      const found = this.#database.prepare("PRAGMA application_id").get()?.application_id;
      const tables = this.#database.prepare("SELECT count(*) AS n FROM sqlite_master").get()?.n;
      if (found !== RECORD_APPLICATION && tables !== 0) {
        throw new UserError(`--record ${path}: the file holds something else. Name a new one`);
      }
      this.#database.exec(SCHEMA);
    } catch (error) {
      if (error instanceof UserError) throw error;
      const why = error instanceof Error ? error.message : error;
      throw new UserError(`--record ${path}: cannot be written: ${why}`);
    }
  }

  /** @param snapshot as it came, in JSON */
  add(target: TargetSpec, snapshot: string): void {
    this.#append(`${this.#bytes === 0 ? "[" : ","}[${JSON.stringify(target)},`);
    this.#append(snapshot);
    this.#append("]");
  }

  mark(mark: Mark): void {
    this.#database.prepare("INSERT INTO mark (json) VALUES (?)").run(JSON.stringify(mark));
  }

  /** What the plugins of the servers want to be seen; the same again is kept once. */
  charts(declared: readonly Declared[]): void {
    const insert = this.#database.prepare("INSERT OR IGNORE INTO charts (json) VALUES (?)");
    for (const plugin of declared) {
      insert.run(JSON.stringify({ schemaVersion: CHARTS_VERSION, plugins: [plugin] }));
    }
  }

  /** Where the money was at a moment. */
  money(view: MoneyView): void {
    this.#database.prepare("INSERT INTO money (at_ms, view) VALUES (?, ?)").run(
      Math.round(view.atMs),
      deflateRawSync(JSON.stringify(view), { level: 1 }),
    );
  }

  /** Writes what has come since the last call: what is lost in a crash is at most that. */
  flush(wallMs: number): void {
    if (this.#bytes === 0) return;
    this.#append("]");
    // All targets' snapshots together: they hold the same names, so they shrink to about a tenth.
    const blob = deflateRawSync(this.#waiting.subarray(0, this.#bytes), { level: 1 });
    this.#bytes = 0;
    this.#database.prepare("INSERT INTO batch (at_ms, snapshots) VALUES (?, ?)").run(
      Math.round(wallMs),
      blob,
    );
  }

  close(wallMs: number): void {
    this.flush(wallMs);
    // One file that can be sent around, without a log beside it.
    this.#database.exec("PRAGMA journal_mode = DELETE");
    this.#database.close();
  }

  #append(text: string): void {
    // A character takes three bytes at most.
    if (this.#bytes + 3 * text.length > this.#waiting.length) {
      const larger = new Uint8Array(2 * (this.#bytes + 3 * text.length));
      larger.set(this.#waiting.subarray(0, this.#bytes));
      this.#waiting = larger;
    }
    this.#bytes += encoder.encodeInto(text, this.#waiting.subarray(this.#bytes)).written;
  }
}
