import { createHash } from "node:crypto";
import { MacpoolError } from "../../error";
import { assertSchemaKnown, migrationsOf, newestSchema } from "../migrations";
import { type Database, patient, type Queryable, type Statement } from "./database";
import { newVersion } from "./definitions";
import { isDenied } from "./postgres-error";

/** Returns the number of the advisory lock for something about a schema; advisory locks are of one database. */
export function lockOf(schema: string, what: "definitions" | "migrations"): bigint {
  const digest = createHash("sha256").update(`macpool/${what}\n${schema}`, "utf8").digest();
  return digest.readBigInt64BE(0);
}

/**
 * Makes sure that the schema holds a register that this package knows, and brings an older one up to ours.
 *
 * @throws MacpoolError REGISTER_MISSING, REGISTER_FOREIGN, REGISTER_TOO_NEW; REGISTER_UNUSABLE when the database does not
 * hold every text.
 */
export async function openSchema(database: Database, clock: () => number): Promise<void> {
  const { location } = database;
  const version = await versionOf(database, database);
  if (version === undefined) throw missing(database);
  const known = newestSchema("postgres");
  assertSchemaKnown(location, version, known);
  if (version >= known) return;
  try {
    await transaction(database, (session) => migrate(session, database.schema, clock()));
  } catch (error) {
    throw isDenied(error) ? notOurs(location, version, known) : error;
  }
}

function notOurs(location: string, version: number, known: number): MacpoolError {
  return new MacpoolError(
    "REGISTER_UNUSABLE",
    `Register ${location} has schema version ${version}, and this version of pulumi-macpool needs ${known}; this role may not upgrade it. Let the owner of the schema run: macpool doctor, and then roles.sql of this package.`,
    { details: { version, known } },
  );
}

/**
 * Makes the tables of a register in an empty schema and has `fill` put its content there: all of it, or nothing.
 *
 * @throws MacpoolError REGISTER_EXISTS; REGISTER_FOREIGN when the schema holds anything else; REGISTER_UNUSABLE when this
 * role may not make it.
 */
export async function createSchema(
  database: Database,
  clock: () => number,
  fill: (session: Queryable) => Promise<void>,
): Promise<void> {
  await transaction(database, async (session) => {
    await session.query(locking(database.schema));
    const before = await versionOf(session, database);
    if (before !== undefined) throw exists(database);
    await makeSchema(session, database);
    await migrate(session, database.schema, clock());
    await fill(session);
  });
}

/** Runs `work` in a transaction on one connection. */
export async function transaction<T>(database: Database, work: (session: Queryable) => Promise<T>): Promise<T> {
  return database.session(async (session) => {
    await session.query("begin");
    const value = await work(session);
    await session.query("commit");
    return value;
  });
}

/** Returns the number of the newest migration; undefined when the schema is not there or empty. */
async function versionOf(session: Queryable, database: Database): Promise<number | undefined> {
  const [found] = await session.query<{
    encoding: string;
    usable: boolean;
    owner: string;
    ours: boolean;
    others: number;
  }>({
    text: `select current_setting('server_encoding') as encoding,
                  space.oid is null or has_schema_privilege(space.oid, 'usage') as usable,
                  (select pg_get_userbyid(nspowner)::text from pg_namespace where oid = space.oid) as owner,
                  exists (select from pg_class where relnamespace = space.oid and relname = 'migration')
                    and exists (select from pg_class where relnamespace = space.oid and relname = 'lease') as ours,
                  (select count(*) from pg_class where relnamespace = space.oid) as others
           from (select (select oid from pg_namespace where nspname = $1) as oid) as space`,
    values: [database.schema],
  });
  if (found?.encoding !== "UTF8") {
    throw new MacpoolError(
      "REGISTER_UNUSABLE",
      `Register ${database.location}: the database has the encoding ${found?.encoding}, and only UTF8 holds every name. Create one with: createdb --encoding=UTF8 --template=template0 NAME`,
    );
  }
  if (!found.ours && found.others === 0) return undefined;
  if (!found.ours) {
    throw new MacpoolError(
      "REGISTER_FOREIGN",
      `Register ${database.location}: the schema holds something that is no register, and was left alone. Name another with ?schema=NAME.`,
    );
  }
  if (!found.usable) throw notLetIn(database, found.owner);
  const [newest] = await session.query<{ version: number }>("select max(number) as version from migration");
  return newest?.version ?? 0;
}

/** Makes the schema unless it is there; what is in it is another question. */
async function makeSchema(session: Queryable, { schema, location }: Database): Promise<void> {
  const [found] = await session.query<{ isThere: boolean; allowed: boolean; remedy: string }>({
    text: `select oid is not null as "isThere",
                  case when oid is null then has_database_privilege(current_database(), 'create')
                  else has_schema_privilege(oid, 'create') and has_schema_privilege(oid, 'usage') end as allowed,
                  case when oid is null
                  then format('this role needs CREATE on the database to make the schema. Let the owner of the database run: grant create on database %I to %I', current_database(), current_user)
                  else format('the schema is there, and this role may make nothing in it. Let a superuser run: alter schema %I owner to %I', $1::text, current_user) end as remedy
           from (select (select oid from pg_namespace where nspname = $1) as oid) as space`,
    values: [schema],
  });
  if (found?.allowed !== true) throw new MacpoolError("REGISTER_UNUSABLE", `Register ${location}: ${found?.remedy}`);
  if (!found.isThere) await session.query(`create schema "${schema}"`);
}

/** Runs the migrations that are missing, in the transaction that is open; another process may have run them meanwhile. */
async function migrate(session: Queryable, schema: string, now: number): Promise<void> {
  await session.query(locking(schema));
  const done = (await hasTables(session))
    ? await session.query<{ version: number | null }>("select max(number) as version from migration")
    : [];
  const version = done[0]?.version ?? 0;
  if (version > 0 && version < newestSchema("postgres")) await session.query(lookAgain());
  for (const { number, name, checksum, sql } of migrationsOf("postgres")) {
    if (number <= version) continue;
    const record = () =>
      session.query({
        text: "insert into migration (number, name, checksum, applied_at) values ($1, $2, $3, $4)",
        values: [number, name, checksum, now],
      });
    // The number comes first, so that none can run twice; the first migration makes the table for it.
    if (number > 1) await record();
    // Indexes of millions of leases take their time.
    await session.query("set local statement_timeout = 0");
    await session.query(patient(sql));
    if (number === 1) await record();
  }
}

/** Whoever has the register open sees other definitions, reads them, and with them the number of the newest migration. */
function lookAgain(): Statement {
  return { text: "update register set definitions = definitions + $1", values: [newVersion()] };
}

async function hasTables(session: Queryable): Promise<boolean> {
  const [row] = await session.query<{ found: boolean }>("select to_regclass('migration') is not null as found");
  return row?.found === true;
}

/** Whoever creates or changes the schema comes one after the other, until the transaction ends. */
function locking(schema: string): string {
  return `select pg_advisory_xact_lock(${lockOf(schema, "migrations")})`;
}

function notLetIn({ location }: Database, owner: string): MacpoolError {
  return new MacpoolError(
    "REGISTER_UNUSABLE",
    `Register ${location}: this user may not use the schema, which belongs to ${owner}. Let ${owner} run roles.sql of this package, and check which role you belong to; after a restore, that it was made with pg_restore --role.`,
  );
}

function missing({ location }: Database): MacpoolError {
  return new MacpoolError(
    "REGISTER_MISSING",
    `There is no register in ${location}. Check the URL, or create one there with: macpool init --store postgres://...`,
    { details: { path: location } },
  );
}

function exists({ location }: Database): MacpoolError {
  return new MacpoolError(
    "REGISTER_EXISTS",
    `There is a register in ${location} already; it was left alone. Use it as it is, or name another schema with ?schema=NAME.`,
    { details: { path: location } },
  );
}
