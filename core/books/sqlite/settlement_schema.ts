import { QUEUE_STATES } from "../account/award_state.ts";
import type { SchemaPart } from "../contract/schema.ts";

/** What settlement, payers and operators write: see `Settlement`, `Payments` and `Holds`. */
export const SETTLEMENT_SCHEMA: SchemaPart = {
  name: "settlement",
  migrations: [
    `
    -- What was opened, and where it stands: one of AwardState.
    create table award (
      packet    integer primary key,
      host      integer not null,
      seq       integer not null,
      user      integer not null,
      sponsor   integer not null,
      fen       integer not null,
      opened_s  integer not null,
      state     integer not null,
      reason    text not null default '',
      due_ms    integer not null,
      claims    integer not null default 0,
      has_doubt integer not null default 0
    ) strict;
    -- The queue of payments; nothing else is in it.
    create index award_due on award (due_ms, packet) where state in (${QUEUE_STATES.join(", ")});
    -- Of a user: the sponsors of what they were given, as '1,2'.
    create table holder (
      user     integer primary key,
      sponsors text not null
    ) strict;
    -- Openings of packets that had been judged before.
    create table again (
      host     integer not null,
      seq      integer not null,
      packet   integer not null,
      user     integer not null,
      sponsor  integer not null,
      fen      integer not null,
      opened_s integer not null,
      primary key (host, seq)
    ) strict, without rowid;
    create table hold (
      kind   text not null check (kind in ('user', 'packet')),
      first  integer not null,
      last   integer not null,
      reason text not null,
      primary key (kind, first, last)
    ) strict, without rowid;
    create table revoked (
      first integer not null,
      last  integer not null
    ) strict;
    -- What operators did.
    create table act (
      id      integer primary key,
      act     text not null,
      kind    text not null,
      first   integer not null,
      last    integer not null,
      reason  text not null,
      wall_ms integer not null,
      awards  integer not null,
      fen     integer not null
    ) strict;
  `,
    `
    -- Tickets of lost hosts that were made anew, and which of the old ones: see \`Reissues\`.
    create table reissue (
      hash     text primary key,
      set_id   text not null,
      host     integer not null,
      fence_ms integer not null,
      terms    text not null,
      first_id integer not null,
      tickets  integer not null,
      reason   text not null,
      wall_ms  integer not null
    ) strict;
    create table reissued (
      hash    text not null,
      host    integer not null,
      sponsor integer not null,
      first   integer primary key,
      last    integer not null,
      fen     integer not null
    ) strict;
  `,
  ],
};
