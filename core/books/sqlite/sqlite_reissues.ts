// deno-lint-ignore-file require-await -- the contract is asynchronous
import type { DatabaseSync } from "node:sqlite";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import {
  firstWithin,
  judgeReissue,
  type Reissue,
  type ReissueOutcome,
  type Reissues,
  type WantedReissue,
} from "../account/reissues.ts";
import type { SqliteFile } from "./sqlite_file.ts";

const COLUMNS =
  `hash, set_id as "set", host, fence_ms as fenceMs, terms, first_id as firstId, tickets, reason,
  wall_ms as wallMs`;

/** `Reissues` in SQLite, where whoever writes is alone. */
export class SqliteReissues implements Reissues {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async reissue(wanted: WantedReissue): Promise<ReissueOutcome> {
    return this.#file.write((db) => {
      const before = db.prepare(`select ${COLUMNS} from reissue where hash = ?`).get(wanted.hash);
      const holder = db.prepare(
        `select c.host, coalesce(h.caught_up_ms, 0) as caughtUpMs from seed_claim c left join host h using (host)
         where c.hash = ?`,
      ).get(wanted.hash) as { host: number; caughtUpMs: number } | undefined;
      const used = db.prepare("select coalesce(sum(tickets), 0) as n from reissue where set_id = ?")
        .get(wanted.set)!.n as number;
      const outcome = judgeReissue(wanted, {
        before: before && { ...before } as unknown as Reissue,
        holder: holder && { ...holder },
        wonPacketId: holder && wonPacketId(db, holder.host, wanted),
        usedIds: used,
      });
      if (outcome.kind === "done" && !outcome.isRepeated) note(db, outcome.reissue, wanted);
      return outcome;
    });
  }

  async reissues(): Promise<Reissue[]> {
    return this.#file.read((db) =>
      db.prepare(`select ${COLUMNS} from reissue order by first_id`).all()
        .map((row) => ({ ...row }) as unknown as Reissue)
    );
  }
}

function wonPacketId(db: DatabaseSync, host: number, { ranges }: WantedReissue): number | undefined {
  if (ranges.length === 0) return undefined;
  const won = db.prepare(
    `select packet from award where packet between ?1 and ?2
     union all select packet from opening where packet between ?1 and ?2
     union all select packet from entry where host = ?3 and kind = ${EntryKind.award} and packet between ?1 and ?2`,
  ).iterate(
    Math.min(...ranges.map(({ first }) => first)),
    Math.max(...ranges.map(({ last }) => last)),
    host,
  );
  return firstWithin(ranges, won.map(({ packet }) => packet as number));
}

function note(db: DatabaseSync, reissue: Reissue, { ranges }: WantedReissue): void {
  const { hash, set, host, fenceMs, terms, firstId, tickets, reason, wallMs } = reissue;
  db.prepare("insert into reissue values (?, ?, ?, ?, ?, ?, ?, ?, ?)")
    .run(hash, set, host, fenceMs, terms, firstId, tickets, reason, wallMs);
  const insert = db.prepare("insert into reissued values (?, ?, ?, ?, ?, ?)");
  const revoke = db.prepare("insert into revoked values (?, ?)");
  for (const { sponsor, first, last, fen } of ranges) {
    insert.run(hash, host, sponsor, first, last, fen);
    revoke.run(first, last);
  }
}
