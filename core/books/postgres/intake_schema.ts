import type { SchemaPart } from "../contract/schema.ts";

/** What hosts bring: see `Intake`. */
export const INTAKE_SCHEMA: SchemaPart = {
  name: "intake",
  migrations: [`
    -- A row is written anew with each block: half of a page is left free, so that it stays on its page.
    create table books.host (
      host         int primary key,
      name         text not null,
      ledger       text not null unique,
      epoch        int not null,
      seq          bigint not null,
      head         text not null,
      caught_up_ms bigint not null,
      -- What caught_up_ms was before the last block: openings of that block are dated no earlier.
      floor_ms     bigint not null default 0,
      is_retired   boolean not null default false
    ) with (fillfactor = 50);
    -- As in the ledger. The cursor sees to it that each row comes once; the key is for those who read one host's rows.
    create table books.entry (
      host    int not null,
      seq     bigint not null,
      kind    smallint not null,
      packet  bigint not null,
      usr     bigint not null,
      amount  bigint not null,
      sponsor int not null,
      count   bigint not null,
      at_ms   bigint not null,
      primary key (host, seq)
    );
    create table books.body (
      host    int not null,
      seq     bigint not null,
      words   bytea not null,
      primary key (host, seq)
    );
    -- The queue of settlement: whoever settles a part reads it in this order and deletes what is judged.
    create table books.opening (
      part     smallint not null,
      opened_s bigint not null,
      packet   bigint not null,
      host     int not null,
      seq      bigint not null,
      usr      bigint not null,
      sponsor  int not null,
      fen      bigint not null
    );
    create index opening_order on books.opening (part, opened_s, packet);
    create table books.seed_claim (
      hash       text primary key,
      host       int not null,
      ledger     text not null,
      claimed_ms bigint not null
    );
  `],
  grants: [
    "grant select, insert, update on books.host to redpkt_uplink",
    "grant insert on books.entry, books.body, books.opening to redpkt_uplink",
    "grant select, insert on books.seed_claim to redpkt_uplink",
  ],
};
