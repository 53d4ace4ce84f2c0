// deno-lint-ignore-file require-await -- the contract is asynchronous
import type { StatementSync } from "node:sqlite";
import { ROW_FIELDS } from "../../ledger/record/entry_rows.ts";
import { otherNumber } from "../contract/enrolment.ts";
import type {
  Block,
  Cursor,
  Enrolment,
  Fence,
  Intake,
  OpeningQueue,
  RowNumbers,
  SeedClaim,
  SeedHolder,
} from "../contract/intake.ts";
import { type Opening, openingsOf } from "../contract/openings.ts";
import type { SqliteFile } from "./sqlite_file.ts";

const ROWS_AT_ONCE = 10_000;

/** `Intake` in SQLite. Its calls block for as long as a commit takes. */
export class SqliteIntake implements Intake {
  readonly #file: SqliteFile;
  readonly #selectHost: StatementSync;
  readonly #move: StatementSync;
  readonly #insertEntry: StatementSync;
  readonly #insertBody: StatementSync;
  readonly #insertOpening: StatementSync;

  constructor(file: SqliteFile) {
    this.#file = file;
    const { db } = file;
    this.#selectHost = db.prepare("select * from host where host = ?");
    this.#move = db.prepare("update host set epoch = ?, seq = ?, head = ?, caught_up_ms = ? where host = ?");
    this.#insertEntry = db.prepare(`insert into entry values (?, ${Array(ROW_FIELDS).fill("?")})`);
    this.#insertBody = db.prepare("insert into body values (?, ?, ?)");
    this.#insertOpening = db.prepare("insert into opening values (?, ?, ?, ?, ?, ?, ?, ?)");
  }

  async enrol({ host, name, ledger, genesisHex }: Enrolment): Promise<Cursor> {
    return this.#file.write((db) => {
      const held = this.#cursor(host);
      if (held !== undefined) return held;
      const other = db.prepare("select host from host where ledger = ?").get(ledger);
      if (other !== undefined) throw otherNumber(ledger, other.host as number, host);
      db.prepare(
        "insert into host (host, name, ledger, epoch, seq, head, caught_up_ms) values (?, ?, ?, 1, 0, ?, 0)",
      )
        .run(host, name, ledger, genesisHex);
      return this.#cursor(host)!;
    });
  }

  async cursor(host: number): Promise<Cursor | undefined> {
    return this.#file.read(() => this.#cursor(host));
  }

  async append(block: Block): Promise<boolean> {
    const { host, ledger, epochBefore, epochAfter, from, to, rows, bodies } = block;
    return this.#file.write(() => {
      const cursor = this.#fenced({ host, ledger, epoch: epochBefore, ...from });
      if (cursor === undefined) return false;
      const { openings, lastMs } = openingsOf(host, rows, cursor.caughtUpMs);
      this.#move.run(epochAfter, to.seq, to.headHex, lastMs, host);
      for (let at = 0; at < rows.length; at += ROW_FIELDS) {
        this.#insertEntry.run(host, ...rows.subarray(at, at + ROW_FIELDS));
      }
      for (const [seq, words] of bodies) this.#insertBody.run(host, seq, bytesOf(words));
      for (const { part, openedS, packetId, seq, user, sponsor, fen } of openings) {
        this.#insertOpening.run(part, openedS, packetId, host, seq, user, sponsor, fen);
      }
      return true;
    });
  }

  async heartbeat(fence: Fence, caughtUpMs: number): Promise<boolean> {
    return this.#file.write(() => {
      const cursor = this.#fenced(fence);
      if (cursor === undefined) return false;
      const { epoch, seq, headHex, host } = fence;
      this.#move.run(epoch, seq, headHex, Math.max(cursor.caughtUpMs, caughtUpMs), host);
      return true;
    });
  }

  async claimSeed({ hash, host, ledger }: SeedClaim, wallMs: number): Promise<SeedHolder> {
    return this.#file.write((db) => {
      db.prepare("insert into seed_claim values (?, ?, ?, ?) on conflict do nothing").run(
        hash,
        host,
        ledger,
        wallMs,
      );
      const held = db.prepare("select host, ledger, claimed_ms from seed_claim where hash = ?").get(hash)!;
      return {
        hash,
        host: held.host as number,
        ledger: held.ledger as string,
        claimedMs: held.claimed_ms as number,
      };
    });
  }

  async retire(host: number, isRetired: boolean): Promise<boolean> {
    return this.#file.write((db) => {
      const { changes } = db.prepare("update host set is_retired = ? where host = ?").run(
        Number(isRetired),
        host,
      );
      return changes === 1;
    });
  }

  async hosts(): Promise<Cursor[]> {
    return this.#file.read((db) => db.prepare("select * from host order by host").all().map(cursorOf));
  }

  async *rows(host: number): AsyncIterable<RowNumbers> {
    let after = 0;
    for (;;) {
      const found = this.#file.read((db) =>
        db.prepare(
          `select seq, kind, packet, user, amount, sponsor, count, at_ms from entry
           where host = ? and seq > ? order by seq limit ${ROWS_AT_ONCE}`,
        ).all(host, after)
      );
      if (found.length === 0) return;
      const rows = Float64Array.from(found.flatMap((row) => Object.values(row) as number[]));
      after = found[found.length - 1].seq as number;
      yield rows;
    }
  }

  async bodies(host: number): Promise<(readonly [seq: number, words: Uint32Array])[]> {
    return this.#file.read((db) =>
      db.prepare("select seq, words from body where host = ? order by seq").all(host)
        .map(({ seq, words }) => [seq as number, wordsOf(words as Uint8Array)] as const)
    );
  }

  async *openings(): AsyncIterable<readonly Opening[]> {
    const columns = "part, opened_s as openedS, packet as packetId, host, seq, user, sponsor, fen";
    // Whoever settles may delete meanwhile: what is left is read by key.
    let after = [-1, 0, 0, 0, 0];
    for (;;) {
      const found = this.#file.read((db) =>
        db.prepare(
          `select ${columns} from opening where (part, opened_s, packet, host, seq) > (?, ?, ?, ?, ?)
           order by part, opened_s, packet, host, seq limit ${ROWS_AT_ONCE}`,
        ).all(...after)
      ) as unknown as Opening[];
      if (found.length === 0) return;
      const { part, openedS, packetId, host, seq } = found[found.length - 1];
      after = [part, openedS, packetId, host, seq];
      yield found.map((opening) => ({ ...opening })); // plain objects
    }
  }

  async queue(): Promise<OpeningQueue> {
    return this.#file.read((db) => {
      const row = db.prepare("select count(*) as n, sum(fen) as fen, min(opened_s) as oldest from opening")
        .get()!;
      return {
        openings: row.n as number,
        fen: (row.fen as number | null) ?? 0,
        oldestS: (row.oldest as number | null) ?? undefined,
      };
    });
  }

  #cursor(host: number): Cursor | undefined {
    const row = this.#selectHost.get(host);
    return row === undefined ? undefined : cursorOf(row);
  }

  /** The host's cursor, if it is where it must be. */
  #fenced({ host, ledger, epoch, seq, headHex }: Fence): Cursor | undefined {
    const cursor = this.#cursor(host);
    const isThere = cursor?.ledger === ledger && cursor.epoch === epoch && cursor.seq === seq &&
      cursor.headHex === headHex;
    return isThere ? cursor : undefined;
  }
}

function cursorOf(row: Record<string, unknown>): Cursor {
  return {
    host: row.host as number,
    name: row.name as string,
    ledger: row.ledger as string,
    epoch: row.epoch as number,
    seq: row.seq as number,
    headHex: row.head as string,
    caughtUpMs: row.caught_up_ms as number,
    isRetired: row.is_retired === 1,
  };
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}
