-- How addresses of a sequence follow each other where several can write at the same time; in a file they always do strictly.
alter table pool add column issue_order text not null default 'strict' check (issue_order in ('strict', 'relaxed'));

-- The numbers of events up to this one were drawn in PostgreSQL, where some are drawn in vain.
alter table register add column gaps_until integer not null default 0;
