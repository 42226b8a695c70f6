-- A lease and the newest event of its address are one row, so that a grant writes both at once. The rows stand in the
-- order of time: grants are written side by side, wherever in the pool their addresses lie.
drop trigger if exists event_is_never_rewritten;
drop trigger if exists event_is_never_deleted;
drop index lease_live;
drop index lease_released;
drop index lease_release_order;
alter table event rename to past_event;
alter table lease rename to old_lease;

create table lease (
  seq integer primary key,
  at integer not null,
  kind text not null,
  address integer not null check (address between 1 and 281474976710654),
  pool integer not null references pool (id),
  owner text not null,
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
select lease.seq, event.at, event.kind, lease.address, lease.pool, lease.owner, lease.installation, event.actor,
  event.before, iif(pool.id is null, 0, nullif(pool.id, lease.pool)), nullif(lease.acquired_at, event.at),
  lease.released_at, lease.rotation, lease.slot, lease.token, lease.description, lease.tags
from old_lease as lease
left join past_event as event on event.seq = lease.seq and event.address = lease.address
  and event.owner = lease.owner and event.installation = lease.installation
left join pool on pool.name = event.pool
order by lease.seq;

delete from past_event where seq in (select seq from lease);
drop table old_lease;

create unique index lease_address on lease (address);
-- Owner first, so that a prefix of it can be searched.
create unique index lease_live on lease (owner, pool, installation, rotation, slot) where released_at is null;
create index lease_released on lease (owner, pool, address) where released_at is not null;
create index lease_release_order on lease (pool) where released_at is not null;
-- Counts by range need no lease's row.
create index lease_released_address on lease (address, released_at) where released_at is not null;

-- Whatever happened: what is past, and the newest of every address.
create view event (seq, at, kind, address, pool, owner, installation, actor, before) as
select seq, at, kind, address, pool, owner, installation, actor, before from past_event
union all
select seq, at, kind, address, (select name from pool where id = coalesce(event_pool, lease.pool)), owner, installation,
  actor, before
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
create trigger lease_is_never_rewritten before update of seq, at, kind, address, owner, installation, actor, before,
  acquired_at, released_at, rotation, slot, token, description, tags on lease
begin
  select raise(abort, 'the history of a register is append-only');
end;

create trigger lease_becomes_past before delete on lease
begin
  insert into past_event (seq, at, kind, address, pool, owner, installation, actor, before)
  values (old.seq, old.at, old.kind, old.address,
    (select name from pool where id = coalesce(old.event_pool, old.pool)),
    old.owner, old.installation, old.actor, old.before);
end;
