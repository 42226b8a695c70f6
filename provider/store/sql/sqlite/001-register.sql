-- Addresses are 48-bit integers, times are milliseconds since 1970 (UTC).

create table register (
  only integer primary key check (only = 1),
  store_id text not null,
  created_at integer not null
) strict;

create table migration (
  number integer primary key,
  name text not null,
  checksum text not null,
  applied_at integer not null
) strict;

create table pool (
  id integer primary key,
  name text not null unique,
  strategy text not null check (strategy in ('derived', 'sequential')),
  quarantine_seconds integer not null check (quarantine_seconds >= 0),
  universal integer not null check (universal in (0, 1)),
  description text not null,
  -- Where the sequence goes on: nothing below it was never issued.
  cursor integer not null
) strict;

create table pool_range (
  start integer primary key,
  "end" integer not null check ("end" >= start),
  pool integer not null references pool (id)
) strict;

create table reservation (
  start integer not null,
  "end" integer not null check ("end" >= start),
  reason text not null,
  primary key (start, "end")
) strict, without rowid;

-- Installations and actors: long texts that very many rows share.
create table name (
  id integer primary key,
  value text not null unique
) strict;

create table lease (
  address integer primary key check (address between 1 and 281474976710654),
  pool integer not null references pool (id),
  owner text not null,
  installation integer not null references name (id),
  rotation text not null,
  slot integer not null check (slot in (0, address)),
  token text not null,
  seq integer not null,
  acquired_at integer not null,
  released_at integer,
  description text not null,
  tags text not null
) strict;

-- Owner first, so that a prefix of it can be searched.
create unique index lease_live on lease (owner, pool, installation, rotation, slot) where released_at is null;
create index lease_released on lease (owner, pool) where released_at is not null;
create index lease_release_order on lease (pool, seq) where released_at is not null;

-- Append only. Its newest seq is the register's change counter.
create table event (
  seq integer primary key,
  at integer not null,
  kind text not null,
  address integer,
  pool text not null,
  owner text not null,
  installation integer not null references name (id),
  actor integer not null references name (id)
) strict;

create trigger event_is_never_rewritten before update on event
begin
  select raise(abort, 'the history of a register is append-only');
end;

create trigger event_is_never_deleted before delete on event
begin
  select raise(abort, 'the history of a register is append-only');
end;
