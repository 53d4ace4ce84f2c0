import type { DatabaseSync, StatementSync } from "node:sqlite";
import { judgeOpenings } from "../../settle/judge/judge_openings.ts";
import type { AwardState } from "../account/award_state.ts";
import type { BooksEvent } from "../contract/event.ts";
import { covers, type Hold } from "../account/holds.ts";
import type { Opening } from "../contract/openings.ts";
import type { Settled, Settlement } from "../account/settlement.ts";
import type { SqliteFile } from "./sqlite_file.ts";

/** `Settlement` in SQLite, where whoever writes is alone. */
export class SqliteSettlement implements Settlement {
  readonly #file: SqliteFile;
  readonly #event: BooksEvent;
  readonly #select: StatementSync;
  readonly #delete: StatementSync;
  readonly #insertAward: StatementSync;
  readonly #insertAgain: StatementSync;
  readonly #selectAward: StatementSync;
  readonly #selectHolder: StatementSync;
  readonly #setHolder: StatementSync;

  constructor(file: SqliteFile, event: BooksEvent) {
    this.#file = file;
    this.#event = event;
    const { db } = file;
    this.#select = db.prepare(
      `select part, opened_s as openedS, packet as packetId, host, seq, user, sponsor, fen from opening
       where part = ? and opened_s < ? order by opened_s, packet, host, seq limit ?`,
    );
    this.#delete = db.prepare(
      "delete from opening where part = ? and opened_s = ? and packet = ? and host = ? and seq = ?",
    );
    this.#insertAward = db.prepare(
      `insert into award (packet, host, seq, user, sponsor, fen, opened_s, state, due_ms)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertAgain = db.prepare("insert into again values (?, ?, ?, ?, ?, ?, ?)");
    this.#selectAward = db.prepare("select 1 from award where packet = ?");
    this.#selectHolder = db.prepare("select sponsors from holder where user = ?");
    this.#setHolder = db.prepare("insert or replace into holder values (?, ?)");
  }

  // deno-lint-ignore require-await -- the contract is asynchronous
  async settle(part: number, beforeS: number, most: number): Promise<Settled> {
    const upTo = Math.min(beforeS, Number.MAX_SAFE_INTEGER);
    return this.#file.write((db) =>
      this.#judge(db, this.#select.all(part, upTo, most) as unknown as Opening[])
    );
  }

  #judge(db: DatabaseSync, batch: readonly Opening[]): Settled {
    const holders = new Map<number, readonly number[]>();
    const settled = new Set<number>();
    for (const { user, packetId } of batch) {
      if (!holders.has(user)) holders.set(user, sponsorsOf(this.#selectHolder, user));
      if (this.#selectAward.get(packetId) !== undefined) settled.add(packetId);
    }
    const holds = batch.length === 0 ? [] : db.prepare("select * from hold").all() as unknown as Hold[];
    const isRevoked = db.prepare("select 1 from revoked where first <= ?1 and last >= ?1 limit 1");
    const judged = judgeOpenings(batch, {
      limits: this.#event,
      holders,
      settled,
      isRevoked: (packetId) => isRevoked.get(packetId) !== undefined,
      isHeld: (user, packetId) => holds.some((hold) => covers(hold, user, packetId)),
    });
    const states = new Map<AwardState, number>();
    let again = 0;
    for (const [i, opening] of batch.entries()) {
      const { packetId, host, seq, user, sponsor, fen, openedS } = opening;
      this.#delete.run(opening.part, openedS, packetId, host, seq);
      const state = judged.states[i];
      if (state === 0) {
        again++;
        this.#insertAgain.run(host, seq, packetId, user, sponsor, fen, openedS);
      } else {
        this.#insertAward.run(packetId, host, seq, user, sponsor, fen, openedS, state, openedS * 1_000);
        states.set(state, (states.get(state) ?? 0) + 1);
      }
    }
    for (const [user, sponsors] of judged.holders) this.#setHolder.run(user, sponsors.join(","));
    return { openings: batch.length, states, again };
  }
}

/** The sponsors of what a user was given. */
export function sponsorsOf(selectHolder: StatementSync, user: number): number[] {
  const text = selectHolder.get(user)?.sponsors as string | undefined;
  return text === undefined || text === "" ? [] : text.split(",").map(Number);
}
