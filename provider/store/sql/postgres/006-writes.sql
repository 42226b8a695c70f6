-- Which write an event was part of: a number drawn at random, by which a process whose connection broke finds out whether
-- its write was committed. Null for what came from a file, or from a version that drew none.
alter table event add column write_id bigint;
