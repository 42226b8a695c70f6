-- Gives two roles the least they need of a register, and takes everything else away. To be run with psql by the owner of
-- the schema, who alone can create, upgrade and drop it:
--
--   psql -v schema=macpool -v application=macpool_app -v reader=macpool_reader -f roles.sql postgres://OWNER@HOST/DATABASE
--
-- Both roles must exist (create role macpool_app login password '...'). The application role grants and releases
-- addresses and changes pools, but can neither drop anything nor rewrite the history. The reader suffices for previews,
-- macpool list, show, stats, history, export and doctor. It sees tokens, with which leases can be released.
-- May be run again at any time.
\set ON_ERROR_STOP on
begin;

revoke all on schema :"schema" from public, :"application", :"reader";
revoke all on all tables in schema :"schema" from public, :"application", :"reader";
revoke all on all sequences in schema :"schema" from public, :"application", :"reader";
revoke all on all functions in schema :"schema" from public, :"application", :"reader";

grant usage on schema :"schema" to :"application", :"reader";
grant select on all tables in schema :"schema" to :"application", :"reader";
grant select on all sequences in schema :"schema" to :"application", :"reader";

set local search_path = :"schema";
grant insert on event, name, lease, pool, pool_range, pool_cursor, reservation to :"application";
-- A lease is never deleted, and neither is a pool: both are only ended.
grant update on lease, pool, pool_cursor, reservation to :"application";
grant delete on pool_range, pool_cursor, reservation to :"application";
grant update (definitions) on register to :"application";
grant usage, update on sequence event_seq to :"application";
grant execute on function definitions_in_force to :"application";

commit;
