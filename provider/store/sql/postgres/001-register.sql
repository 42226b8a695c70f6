-- Addresses are 48-bit integers, times are milliseconds since 1970 (UTC). Everything lies in one schema, which the search
-- path names. Texts are compared by their bytes, as SQLite compares them.

create table register (
  "only" smallint primary key check ("only" = 1),
  store_id text not null,
  created_at bigint not null,
  -- Another one after each change of pools and reservations: whoever grants an address relies on one state of them.
  definitions bigint not null default 1
);

create table migration (
  number integer primary key,
  name text not null,
  checksum text not null,
  applied_at bigint not null
);

create table pool (
  id integer primary key generated always as identity,
  name text collate "C" not null unique,
  strategy text not null check (strategy in ('derived', 'sequential')),
  quarantine_seconds bigint not null check (quarantine_seconds >= 0),
  universal smallint not null check (universal in (0, 1)),
  description text not null,
  -- Where the sequence goes on: nothing below it was never issued.
  cursor bigint not null,
  -- The declaration that manages the pool; null when no code does.
  owner text,
  installation text,
  -- A deleted pool: it has no ranges and grants nothing, but its released leases still name it.
  retired smallint not null default 0 check (retired in (0, 1))
);

create table pool_range (
  start bigint primary key,
  "end" bigint not null check ("end" >= start),
  pool integer not null references pool (id)
);

create table reservation (
  start bigint not null,
  "end" bigint not null check ("end" >= start),
  reason text not null,
  owner text,
  installation text,
  primary key (start, "end")
);

-- Installations and actors: long texts that very many rows share.
create table name (
  id integer primary key generated always as identity,
  value text collate "C" not null
);

-- By its digest: an entry of an index has at most 2,704 bytes, and what a manager is called may be longer.
create unique index name_value on name (md5(value));

-- Pool and installation are not declared as references: every grant would lock the one row of the pool that all grants
-- name. Rows of both tables are never deleted.
create table lease (
  address bigint primary key check (address between 1 and 281474976710654),
  pool integer not null,
  owner text collate "C" not null,
  installation integer not null,
  rotation text collate "C" not null,
  slot bigint not null check (slot in (0, address)),
  token text not null,
  seq bigint not null,
  acquired_at bigint not null,
  released_at bigint,
  description text not null,
  tags text not null
);

-- Owner first, so that a prefix of it can be searched.
create unique index lease_live on lease (owner, pool, installation, rotation, slot) where released_at is null;
create index lease_released on lease (owner, pool) where released_at is not null;
create index lease_release_order on lease (pool, seq) where released_at is not null;

-- The register's change counter. A number that is drawn by a change that then fails is not used again.
create sequence event_seq;

-- Append only.
create table event (
  seq bigint primary key,
  at bigint not null,
  kind text not null,
  address bigint,
  pool text not null,
  owner text not null,
  installation integer not null,
  actor integer not null,
  -- The event before this one at the same address. The newest is the `seq` of its lease, so an address's own history
  -- is found without an index that every grant would have to maintain. Reserving ranges is no part of it.
  before bigint
);

create function event_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the history of a register is append-only';
end $$;

create trigger event_is_never_rewritten before update or delete on event
for each row execute function event_is_append_only();

create trigger event_is_never_emptied before truncate on event
for each statement execute function event_is_append_only();

-- Keeps pools and reservations as they are until the transaction ends, and returns their number. A statement that waited
-- for a lock goes on seeing the register as it was before; a query inside a volatile function sees what was committed
-- meanwhile.
create function definitions_in_force(lock bigint) returns bigint language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(lock);
  return (select definitions from register);
end $$;
