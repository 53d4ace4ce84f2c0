import type { SchemaPart } from "../contract/schema.ts";

/** What hosts bring: see `Intake`. */
export const INTAKE_SCHEMA: SchemaPart = {
  name: "intake",
  migrations: [`
    create table host (
      host         integer primary key,
      name         text not null,
      ledger       text not null unique,
      epoch        integer not null,
      seq          integer not null,
      head         text not null,
      caught_up_ms integer not null,
      is_retired   integer not null default 0
    ) strict;
    -- As in the ledger.
    create table entry (
      host    integer not null,
      seq     integer not null,
      kind    integer not null,
      packet  integer not null,
      user    integer not null,
      amount  integer not null,
      sponsor integer not null,
      count   integer not null,
      at_ms   integer not null,
      primary key (host, seq)
    ) strict, without rowid;
    create table body (
      host    integer not null,
      seq     integer not null,
      words   blob not null,
      primary key (host, seq)
    ) strict, without rowid;
    -- The queue of settlement: whoever settles a part reads it in this order and deletes what is judged.
    create table opening (
      part     integer not null,
      opened_s integer not null,
      packet   integer not null,
      host     integer not null,
      seq      integer not null,
      user     integer not null,
      sponsor  integer not null,
      fen      integer not null,
      primary key (part, opened_s, packet, host, seq)
    ) strict, without rowid;
    create table seed_claim (
      hash       text primary key,
      host       integer not null,
      ledger     text not null,
      claimed_ms integer not null
    ) strict, without rowid;
  `],
};
