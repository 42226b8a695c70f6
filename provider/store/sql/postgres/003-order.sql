-- How addresses of a sequence follow each other.
alter table pool add column issue_order text not null default 'strict' check (issue_order in ('strict', 'relaxed'));

-- Where to look for the next address in a part of a relaxed pool: nothing in the part below it is free. Where there is no
-- row, from the part's beginning. A row is updated in its place, for which its page has room.
create table pool_cursor (
  pool integer not null references pool (id),
  part smallint not null,
  cursor bigint not null,
  primary key (pool, part)
) with (fillfactor = 50);

-- By the beginning of the owner, as an entry of an index has at most 2,704 bytes; what is longer is told apart by its digest.
drop index lease_live;
drop index lease_released;
create unique index lease_live on lease (
  left(owner, 400), pool, installation, rotation, slot, (case when length(owner) > 400 then md5(owner) else '' end)
) where released_at is null;
create index lease_released on lease (left(owner, 400), pool) where released_at is not null;
