-- A lease and the newest event of its address are one row, so that a grant writes both at once. The rows stand in the
-- order of time: grants are written side by side, wherever in the pool their addresses lie.
--
-- Of an owner, what very many have in common is kept once: its scope is all up to its last slash, and `owner` the rest (the functions
-- owner_scope and owner_rest are there while this runs).
drop trigger if exists event_is_never_rewritten;
drop trigger if exists event_is_never_deleted;
drop index lease_live;
drop index lease_released;
drop index lease_release_order;
alter table event rename to old_event;
alter table lease rename to old_lease;

insert or ignore into name (value)
select owner_scope(owner) from old_lease
union
select owner_scope(owner) from old_event;

create table lease (
  seq integer primary key,
  at integer not null,
  kind text not null,
  address integer not null check (address between 1 and 281474976710654),
  pool integer not null references pool (id),
  owner text not null check (instr(owner, '/') = 0),
  scope integer not null references name (id),
  installation integer not null references name (id),
  actor integer not null references name (id),
  before integer,
  -- The pool of the event where that is another: released addresses go over to the pool that takes in their range.
  event_pool integer references pool (id),
  -- Null where it is the time of the event.
  acquired_at integer,
  released_at integer,
  rotation text not null,
  slot integer not null check (slot in (0, address)),
  token text not null,
  description text not null,
  tags text not null
) strict;

-- A lease without its event, or with one of something else, has no place here: what does not fit fails, and nothing is
-- changed.
insert into lease
select lease.seq, event.at, event.kind, lease.address, lease.pool,
  owner_rest(lease.owner), scope.id, lease.installation, event.actor,
  event.before, iif(pool.id is null, 0, nullif(pool.id, lease.pool)), nullif(lease.acquired_at, event.at),
  lease.released_at, lease.rotation, lease.slot, lease.token, lease.description, lease.tags
from old_lease as lease
left join old_event as event on event.seq = lease.seq and event.address = lease.address
  and event.owner = lease.owner and event.installation = lease.installation
left join pool on pool.name = event.pool
left join name as scope on scope.value = owner_scope(lease.owner)
order by lease.seq;

-- Append only: what happened to pools and reservations, and what other events have followed at the same address.
create table past_event (
  seq integer primary key,
  at integer not null,
  kind text not null,
  address integer,
  pool text not null,
  owner text not null,
  scope integer not null references name (id),
  installation integer not null references name (id),
  actor integer not null references name (id),
  -- The event before this one at the same address. The newest is the `seq` of its lease.
  before integer
) strict;

insert into past_event
select seq, at, kind, address, pool, owner_rest(owner), name.id,
  installation, actor, before
from old_event join name on name.value = owner_scope(owner)
where seq not in (select seq from lease)
order by seq;

drop table old_lease;
drop table old_event;

create unique index lease_address on lease (address);
-- Owner first, so that a prefix of it can be searched within a scope.
create unique index lease_live on lease (scope, owner, pool, installation, rotation, slot) where released_at is null;
create index lease_released on lease (scope, owner, pool, address) where released_at is not null;
create index lease_release_order on lease (pool) where released_at is not null;
-- Counts by range need no lease's row.
create index lease_released_address on lease (address, released_at) where released_at is not null;

-- Whatever happened: what is past, and the newest of every address.
create view event (seq, at, kind, address, pool, owner, installation, actor, before) as
select seq, at, kind, address, pool, (select value from name where id = scope) || owner, installation, actor, before
from past_event
union all
select seq, at, kind, address, (select name from pool where id = coalesce(event_pool, lease.pool)),
  (select value from name where id = scope) || owner, installation, actor, before
from lease;

create trigger past_event_is_never_rewritten before update on past_event
begin
  select raise(abort, 'the history of a register is append-only');
end;

create trigger past_event_is_never_deleted before delete on past_event
begin
  select raise(abort, 'the history of a register is append-only');
end;

-- All but what other pools take over.
create trigger lease_is_never_rewritten before update of seq, at, kind, address, owner, scope, installation, actor,
  before,
  acquired_at, released_at, rotation, slot, token, description, tags on lease
begin
  select raise(abort, 'the history of a register is append-only');
end;

create trigger lease_becomes_past before delete on lease
begin
  insert into past_event (seq, at, kind, address, pool, owner, scope, installation, actor, before)
  values (old.seq, old.at, old.kind, old.address,
    (select name from pool where id = coalesce(old.event_pool, old.pool)),
    old.owner, old.scope, old.installation, old.actor, old.before);
end;
