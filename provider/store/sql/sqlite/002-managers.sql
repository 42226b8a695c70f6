-- The declaration that manages a pool or a reservation; null when no code does.
alter table pool add column owner text;
alter table pool add column installation text;
-- A deleted pool: it has no ranges and grants nothing, but its released leases still name it.
alter table pool add column retired integer not null default 0 check (retired in (0, 1));

alter table reservation add column owner text;
alter table reservation add column installation text;

-- The event before this one at the same address. The newest is the `seq` of its lease, so an address's own history
-- is found without an index that every grant would have to maintain. Reserving ranges is no part of it.
alter table event add column before integer;

drop trigger event_is_never_rewritten;
drop trigger event_is_never_deleted;

update event set before = chain.previous
from (
  select seq, lag(seq) over (partition by address order by seq) as previous
  from event
  where address is not null and kind not in ('reserve', 'unreserve')
) as chain
where chain.seq = event.seq and chain.previous is not null;

create trigger event_is_never_rewritten before update on event
begin
  select raise(abort, 'the history of a register is append-only');
end;

create trigger event_is_never_deleted before delete on event
begin
  select raise(abort, 'the history of a register is append-only');
end;
