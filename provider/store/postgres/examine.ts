import { MacpoolError } from "../../error";
import type { Check } from "../check";
import { newestSchema } from "../migrations";
import type { StoreContext } from "../store";
import { connect, type Database } from "./database";
import { translate } from "./postgres-error";
import { openSchema } from "./schema";

interface Server {
  readonly version: string;
  readonly isStandby: boolean;
  readonly isEncrypted: boolean;
  readonly isLocal: boolean;
  readonly role: string;
  readonly isSuperuser: boolean;
  readonly isOwner: boolean;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  readonly connections: number;
  readonly maxConnections: number;
}

const SERVER = `select current_setting('server_version') as version, pg_is_in_recovery() as "isStandby",
    coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as "isEncrypted",
    inet_server_addr() is null or host(inet_server_addr()) in ('127.0.0.1', '::1') as "isLocal",
    current_user::text as role, (select rolsuper from pg_roles where rolname = current_user) as "isSuperuser",
    exists (select from pg_namespace where nspname = current_schema()
            and pg_has_role(nspowner, 'member')) as "isOwner",
    current_setting('fsync') as fsync, current_setting('full_page_writes') as "fullPageWrites",
    current_setting('synchronous_commit') as "synchronousCommit",
    (select count(*) from pg_stat_activity) as connections,
    current_setting('max_connections')::integer as "maxConnections"`;

/** Returns every check of the server and of how it is reached; the register's content is for others to check. */
export async function examinePostgres(store: string, context: StoreContext): Promise<readonly Check[]> {
  let database: Database;
  try {
    database = await connect(store, { password: context.storePassword });
  } catch (error) {
    if (MacpoolError.is(error) && error.code === "INVALID_CONFIG") throw error;
    return [fault("server", error)];
  }
  try {
    const [server] = await database.query<Server>(SERVER);
    if (server === undefined) throw new Error("a query without a condition returns a row");
    const around = [reached(database, server), encryption(server), role(server), durability(server), load(server)];
    return [...around, ...(await opening(database, server, context))];
  } catch (error) {
    return [fault("server", translate(error, database.location))];
  } finally {
    await database.close();
  }
}

function reached({ location }: Database, { version, isStandby }: Server): Check {
  const check = "server";
  if (!isStandby) return { check, verdict: "ok", finding: `${location}, PostgreSQL ${version}` };
  return {
    check,
    verdict: "warning",
    finding: `${location}, PostgreSQL ${version}, is a standby: it can be read, and nothing can be granted. Name the primary server.`,
  };
}

function encryption({ isEncrypted, isLocal }: Server): Check {
  const check = "encryption";
  if (isEncrypted) return { check, verdict: "ok", finding: "the connection uses TLS" };
  if (isLocal) return { check, verdict: "ok", finding: "none, on this machine" };
  return {
    check,
    verdict: "warning",
    finding:
      "The connection is not encrypted, so tokens and perhaps the password can be read on the way. Set sslmode=verify-full.",
  };
}

function role({ role: name, isSuperuser, isOwner }: Server): Check {
  const check = "role";
  if (!isSuperuser && !isOwner) return { check, verdict: "ok", finding: name };
  const what = isSuperuser ? "is a superuser" : "owns the schema";
  return {
    check,
    verdict: "warning",
    finding: `${name} ${what}, and could drop the register or rewrite its history. Use a role of its own: see roles.sql of this package.`,
  };
}

function durability({ fsync, fullPageWrites, synchronousCommit }: Server): Check {
  const check = "durability";
  const finding = `fsync ${fsync}, full_page_writes ${fullPageWrites}, synchronous_commit ${synchronousCommit}`;
  if (fsync === "on" && fullPageWrites === "on") return { check, verdict: "ok", finding };
  return {
    check,
    verdict: "fault",
    finding: `${finding}: a crash of the server can lose leases that were granted. Switch all of them on in postgresql.conf.`,
  };
}

function load({ connections, maxConnections }: Server): Check {
  const check = "connections";
  const finding = `${connections} of ${maxConnections}`;
  if (connections < 0.8 * maxConnections) return { check, verdict: "ok", finding };
  return {
    check,
    verdict: "warning",
    finding: `${finding} are in use, and each pulumi process takes up to two. Raise max_connections.`,
  };
}

async function opening(database: Database, { isStandby }: Server, context: StoreContext): Promise<readonly Check[]> {
  try {
    await openSchema(database, context.clock);
    const schema = { check: "schema", verdict: "ok", finding: `version ${newestSchema("postgres")}` } as const;
    return isStandby ? [schema] : [schema, await privileges(database)];
  } catch (error) {
    return [fault("opening", translate(error, database.location))];
  }
}

async function privileges(database: Database): Promise<Check> {
  const check = "privileges";
  const [row] = await database.query<{ allowed: number; missing: string | null }>({
    // Without roles.sql everybody may run the function, which allows nothing by itself. Of what is gone nothing is said
    // here, for the register itself says how to make it again.
    text: `select count(*) filter (where allowed and privilege not like 'execute%') as allowed, string_agg(privilege, ', ') filter (where not allowed) as missing
           from (select what || ' on ' || name as privilege, has_table_privilege(name, what) as allowed
                 from unnest($1::text[], $2::text[]) as needed (name, what)
                 union all select 'update on register', has_column_privilege('register', 'definitions', 'update')
                 union all select 'usage on event_seq', has_sequence_privilege(to_regclass('event_seq'), 'usage')
                 union all select 'update on event_seq', has_sequence_privilege(to_regclass('event_seq'), 'update')
                 union all select 'execute on definitions_in_force', has_function_privilege(to_regprocedure('definitions_in_force(bigint)'), 'execute')) as needed`,
    values: [NEEDED.map(([table]) => table), NEEDED.map(([, what]) => what)],
  });
  const { allowed = 0, missing = null } = row ?? {};
  if (missing === null) return { check, verdict: "ok", finding: "this role may grant, release and change pools" };
  if (allowed > 0) {
    return {
      check,
      verdict: "fault",
      finding: `This role lacks some of what updates need: ${missing}. Let the owner of the schema run roles.sql of this package again.`,
    };
  }
  return {
    check,
    verdict: "warning",
    finding: "This role may only read: previews work, and updates do not. See roles.sql of this package.",
  };
}

/** What roles.sql gives the application besides reading, by table. */
const NEEDED = Object.entries({
  event: ["insert"],
  name: ["insert"],
  lease: ["insert", "update"],
  pool: ["insert", "update"],
  pool_range: ["insert", "delete"],
  pool_cursor: ["insert", "update", "delete"],
  reservation: ["insert", "update", "delete"],
}).flatMap(([table, privileges]) => privileges.map((privilege) => [table, privilege] as const));

function fault(check: string, error: unknown): Check {
  if (!MacpoolError.is(error)) throw error;
  return { check, verdict: "fault", finding: `${error.message} [${error.code}]` };
}
