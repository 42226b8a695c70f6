import { MacpoolError } from "../../error";

/** What a `postgres:` URL says; what it leaves out comes from the environment, as with every PostgreSQL client. */
export interface PostgresUrl {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  /** Where in the database the register is; default `macpool`. */
  readonly schema: string;
  readonly tls: TlsNames;
}

/** The parameters of a connection that are about TLS, in libpq's words. */
export interface TlsNames {
  readonly sslmode?: string | undefined;
  readonly sslrootcert?: string | undefined;
  readonly sslcert?: string | undefined;
  readonly sslkey?: string | undefined;
}

const PARAMETERS = [
  ...["schema", "host", "port", "user", "password", "dbname"],
  ...["sslmode", "sslrootcert", "sslcert", "sslkey"],
] as const;
type Parameter = (typeof PARAMETERS)[number];

/** Below PostgreSQL's 63 bytes, and the same whether a client folds capitals or not. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,39}$/;

/** Returns whether `store` names a register in PostgreSQL. */
export function isPostgresUrl(store: string): boolean {
  return /^postgres(ql)?:/i.test(store);
}

/**
 * Reads `postgres://[USER[:PASSWORD]@][HOST[:PORT]][/DATABASE][?schema=...&sslmode=...]`.
 *
 * @throws MacpoolError INVALID_CONFIG, which never repeats the URL: it may hold a password.
 */
export function parsePostgresUrl(store: string): PostgresUrl {
  const url = parsed(store);
  const parameter = parametersOf(url);
  const schema = parameter("schema") ?? "macpool";
  if (!SCHEMA.test(schema)) {
    throw invalid("schema must be 1 to 40 lower-case letters, digits or underscores, and begin with no digit");
  }
  const port = url.port || parameter("port");
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw invalid("port must be a number");
  return {
    host: parameter("host") ?? (decoded(url.hostname.replace(/^\[(.*)\]$/, "$1")).trim() || undefined),
    port: port === undefined ? undefined : Number(port),
    user: decoded(url.username) || parameter("user"),
    password: decoded(url.password) || parameter("password"),
    database: decoded(url.pathname.replace(/^\//, "")) || parameter("dbname"),
    schema,
    tls: {
      sslmode: parameter("sslmode"),
      sslrootcert: parameter("sslrootcert"),
      sslcert: parameter("sslcert"),
      sslkey: parameter("sslkey"),
    },
  };
}

/** Returns the URL of another schema of the same database. */
export function withSchema(store: string, schema: string): string {
  const url = parsed(store);
  url.searchParams.set("schema", schema);
  return url.href;
}

/** Returns the URL without any password, for messages; what cannot be read is not repeated at all. */
export function withoutPassword(store: string): string {
  const { host = "", port, user = "", database = "", schema } = parsePostgresUrl(store);
  const place = host === "" ? "" : `${host}${port === undefined ? "" : `:${port}`}`;
  return `postgres://${user === "" ? "" : `${user}@`}${place}/${database}?schema=${schema}`;
}

function parsed(store: string): URL {
  // An empty host stands for the local socket, but URL allows none after a user.
  const spelt = store
    .replace(/^postgres(ql)?:(\/\/)?/i, "postgres://")
    .replace(/^(postgres:\/\/[^/?@]*@)(?=[/?:]|$)/, "$1%20");
  try {
    const url = new URL(spelt);
    // What lies behind an unescaped / or # is perhaps the rest of a password, and must not be taken for a name to show.
    if (url.hash !== "" || url.pathname.includes("@")) throw new Error("a part of it is in the wrong place");
    return url;
  } catch {
    throw invalid(
      "it is not well-formed; letters such as @ : / ? # in a name, password or value are written as %40 %3A %2F %3F %23",
    );
  }
}

function parametersOf(url: URL): (name: Parameter) => string | undefined {
  const names: readonly string[] = PARAMETERS;
  // A plus stands for itself, as libpq has it, and not for a space, as forms of web pages do.
  const parameters = new URLSearchParams(url.search.replaceAll("+", "%2B"));
  for (const name of parameters.keys()) {
    if (names.includes(name)) continue;
    // Perhaps it is the rest of a password, behind an unescaped question mark.
    const isOne = /^[a-z_]+$/.test(name) && !url.search.includes("@");
    const shown = isOne ? `parameter "${name}"` : "a parameter";
    throw invalid(`${shown} is not known; there are: ${names.join(", ")}`);
  }
  return (name) => parameters.get(name) || undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("a percent sign in it begins no escape; write it as %25");
  }
}

function invalid(why: string): MacpoolError {
  return new MacpoolError(
    "INVALID_CONFIG",
    `The register's postgres: URL cannot be used: ${why}. Write postgres://USER@HOST/DATABASE?schema=macpool, and give the password by MACPOOL_STORE_PASSWORD, macpool:storePassword or PGPASSFILE.`,
  );
}
