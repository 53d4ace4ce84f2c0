// deno-lint-ignore-file require-await -- the contract is asynchronous
import type { DatabaseSync } from "node:sqlite";
import { AwardState } from "../account/award_state.ts";
import {
  type ActResult,
  type BooksAct,
  type Hold,
  type Holds,
  type HoldTarget,
  SENT_STATES,
  STOPPED_STATES,
  withoutOne,
} from "../account/holds.ts";
import type { SqliteFile } from "./sqlite_file.ts";
import { sponsorsOf } from "./sqlite_settlement.ts";

/** Awards that an act changed. */
interface Changed {
  readonly packet: number;
  readonly user: number;
  readonly sponsor: number;
  readonly fen: number;
}

/** `Holds` in SQLite. */
export class SqliteHolds implements Holds {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async hold(target: HoldTarget, reason: string, wallMs: number): Promise<ActResult> {
    return this.#file.write((db) => {
      const { kind, first, last } = target;
      db.prepare("insert or replace into hold values (?, ?, ?, ?)").run(kind, first, last, reason);
      const changed = change(db, target, AwardState.held, `state = ${AwardState.queued}`);
      const tooLate = count(db, target, SENT_STATES);
      return note(db, "hold", target, reason, wallMs, changed, tooLate);
    });
  }

  async release(target: HoldTarget, reason: string, wallMs: number): Promise<ActResult | undefined> {
    return this.#file.write((db) => {
      const { kind, first, last } = target;
      const ended = db.prepare("delete from hold where kind = ? and first = ? and last = ?")
        .run(kind, first, last);
      if (ended.changes === 0) return undefined;
      const changed = change(
        db,
        target,
        AwardState.queued,
        `state = ${AwardState.held} and not exists (select 1 from hold
          where iif(hold.kind = 'user', award.user, award.packet) between hold.first and hold.last)`,
      );
      return note(db, "release", target, reason, wallMs, changed, 0);
    });
  }

  async revoke(first: number, last: number, reason: string, wallMs: number): Promise<ActResult> {
    return this.#file.write((db) => {
      const target: HoldTarget = { kind: "packet", first, last };
      db.prepare("insert into revoked values (?, ?)").run(first, last);
      const where = `state in (${STOPPED_STATES}) and not has_doubt`;
      const changed = change(db, target, AwardState.revoked, where);
      const select = db.prepare("select sponsors from holder where user = ?");
      const update = db.prepare("update holder set sponsors = ? where user = ?");
      for (const { user, sponsor } of changed) {
        update.run(withoutOne(sponsorsOf(select, user), sponsor).join(","), user);
      }
      const tooLate = count(db, target, [...SENT_STATES, ...STOPPED_STATES]);
      return note(db, "revoke", target, reason, wallMs, changed, tooLate);
    });
  }

  async holds(): Promise<Hold[]> {
    return this.#file.read((db) =>
      db.prepare("select * from hold order by kind, first, last").all().map((row) =>
        ({ ...row }) as unknown as Hold
      )
    );
  }

  async journal(): Promise<BooksAct[]> {
    return this.#file.read((db) =>
      db.prepare("select act, kind, first, last, reason, wall_ms as wallMs, awards, fen from act order by id")
        .all().map((row) => ({ ...row }) as unknown as BooksAct)
    );
  }
}

function change(db: DatabaseSync, target: HoldTarget, state: AwardState, where: string): Changed[] {
  return db.prepare(
    `update award set state = ${state} where ${target.kind} between ? and ? and ${where}
     returning packet, user, sponsor, fen`,
  ).all(target.first, target.last) as unknown as Changed[];
}

function count(db: DatabaseSync, target: HoldTarget, states: readonly AwardState[]): number {
  return db.prepare(
    `select count(*) as n from award where ${target.kind} between ? and ? and state in (${states})`,
  ).get(target.first, target.last)!.n as number;
}

function note(
  db: DatabaseSync,
  act: BooksAct["act"],
  { kind, first, last }: HoldTarget,
  reason: string,
  wallMs: number,
  changed: readonly Changed[],
  tooLate: number,
): ActResult {
  const fen = changed.reduce((sum, award) => sum + award.fen, 0);
  db.prepare(
    "insert into act (act, kind, first, last, reason, wall_ms, awards, fen) values (?, ?, ?, ?, ?, ?, ?, ?)",
  ).run(act, kind, first, last, reason, wallMs, changed.length, fen);
  return { awards: changed.length, fen, tooLate };
}
