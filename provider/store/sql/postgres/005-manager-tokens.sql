-- The token under which the declaration was granted the pool or the reservation: one that it was granted again, as a
-- replacement, is not ended by what it replaces. Null when no code manages it, or what a version made that had no tokens.
alter table pool add column token text;
alter table reservation add column token text;
