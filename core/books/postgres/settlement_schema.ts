import { QUEUE_STATES } from "../contract/award_state.ts";
import type { SchemaPart } from "../contract/schema.ts";

/** What settlement, payers and operators write: see `Settlement`, `Payments` and `Holds`. */
export const SETTLEMENT_SCHEMA: SchemaPart = {
  name: "settlement",
  migrations: [`
    -- What was opened, and where it stands: one of AwardState. A row is written anew a few times while it is paid.
    create table books.award (
      packet    bigint primary key,
      host      int not null,
      seq       bigint not null,
      usr       bigint not null,
      sponsor   int not null,
      fen       bigint not null,
      opened_s  bigint not null,
      state     smallint not null,
      reason    text not null default '',
      due_ms    bigint not null,
      claims    int not null default 0,
      has_doubt boolean not null default false
    );
    -- The queue of payments; nothing else is in it.
    create index award_due on books.award (due_ms, packet) where state in (${QUEUE_STATES.join(", ")});
    create index award_usr on books.award (usr);
    -- Of a user: the sponsors of what they were given.
    create table books.holder (
      usr      bigint primary key,
      sponsors int[] not null
    );
    -- Openings of packets that had been judged before.
    create table books.again (
      host     int not null,
      seq      bigint not null,
      packet   bigint not null,
      usr      bigint not null,
      sponsor  int not null,
      fen      bigint not null,
      opened_s bigint not null,
      primary key (host, seq)
    );
    create table books.hold (
      kind   text not null check (kind in ('user', 'packet')),
      first  bigint not null,
      last   bigint not null,
      reason text not null,
      primary key (kind, first, last)
    );
    create table books.revoked (
      first bigint not null,
      last  bigint not null
    );
    -- What operators did.
    create table books.act (
      id      bigint generated always as identity primary key,
      act     text not null,
      kind    text not null,
      first   bigint not null,
      last    bigint not null,
      reason  text not null,
      wall_ms bigint not null,
      awards  bigint not null,
      fen     bigint not null
    );
  `],
  grants: [
    "grant select on books.host, books.hold, books.revoked to redpkt_settler",
    "grant select, delete on books.opening to redpkt_settler",
    "grant select, insert on books.award, books.again to redpkt_settler",
    "grant select, insert, update on books.holder to redpkt_settler",
    "grant select, update on books.award to redpkt_payer",
    "grant select, update on books.award, books.holder, books.host to redpkt_operator",
    "grant select, insert, update, delete on books.hold to redpkt_operator",
    "grant select, insert on books.revoked, books.act to redpkt_operator",
    "grant select on books.opening to redpkt_operator",
  ],
};
