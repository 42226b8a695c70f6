import { type ErrorCode, MacpoolError } from "../../error";
import { DamageError } from "../damage";

/** Returns the SQLSTATE of an error of the server, or the system's or Node's code of one of the connection. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if (error instanceof DamageError) return "XX001";
  if ("code" in error && typeof error.code === "string") return error.code;
  // Every address of a host name was tried.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const message = error instanceof Error ? error.message : "";
  return WITHOUT_CODE.find(([pattern]) => pattern.test(message))?.[1];
}

/** What the driver says without a code. */
const WITHOUT_CODE: readonly (readonly [RegExp, string])[] = [
  [/^Connection terminated|^Client has encountered a connection error|not queryable/, "ECONNRESET"],
  [/timeout expired|^Query read timeout|timeout exceeded when trying to connect/, "ETIMEDOUT"],
  [/does not support SSL/, "NO_TLS"],
  [/password must be a (non-empty )?string|no password|SASL/i, "28P01"],
];

/** Returns whether another client holds a lock for too long, or was served first; also once translated. */
export function isBusy(error: unknown): boolean {
  if (MacpoolError.is(error)) return error.code === "REGISTER_BUSY";
  return /^(55P03|40P01|40001)$/.test(codeOf(error) ?? "");
}

/** Returns whether the server cannot be reached just now, or the connection broke: what was under way may have happened. */
export function isLost(error: unknown): boolean {
  return LOST.test(codeOf(error) ?? "");
}

/** The code of a commit that the server made, and does not know its synchronous standby to have. */
export const UNREPLICATED = "UNREPLICATED";

const LOST =
  /^(UNREPLICATED|08...|57P0[12345]|25P03|53300|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN|ECONNABORTED)$/;

/** Returns whether a row would contradict another, or what the schema demands of it. */
export function isConstraint(error: unknown): boolean {
  return /^23/.test(codeOf(error) ?? "");
}

/** Returns whether somebody else wrote a row first that this one would contradict. */
export function isConflict(error: unknown): boolean {
  return !isBehind(error) && /^(23505|40P01|40001)$/.test(codeOf(error) ?? "");
}

/** No two writes draw one number, unless the counter was set back. */
function isBehind(error: unknown): boolean {
  return error instanceof Error && "constraint" in error && error.constraint === "event_pkey";
}

/** Returns whether this role lacks a privilege. */
export function isDenied(error: unknown): boolean {
  return codeOf(error) === "42501";
}

/** Returns whether the server has no TLS, or wants it. */
export function isAboutTls(error: unknown): boolean {
  return /^(NO_TLS|28000)$/.test(codeOf(error) ?? "");
}

/**
 * Returns `error` as one that says what happened to which register and what to do; `location` is without any password.
 * Errors of ours pass unchanged, and so does anything that neither the server nor the connection raised.
 */
export function translate(error: unknown, location: string): Error {
  if (MacpoolError.is(error)) return error;
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error ? error : new Error(String(error));
  const [, ours, words] = isBehind(error) ? BEHIND : (TABLE.find(([pattern]) => pattern.test(code)) ?? FALLBACK);
  // The server's words, not its details: those may show the content of rows.
  const said = error instanceof Error && error.message !== "" ? `: ${error.message}` : "";
  return new MacpoolError(ours, `Register ${location}: ${words} (${code}${said})`, {
    cause: error,
    details: { postgres: code },
  });
}

/**
 * Returns the error of a write whose connection broke, and of which nobody could find out what came of it because of
 * `cause`. Damage that was met on the way is told as such.
 */
export function unresolved(cause: unknown, location: string): Error {
  const translated = translate(cause, location);
  if (MacpoolError.is(translated) && translated.code === "REGISTER_CORRUPT") return translated;
  const first = MacpoolError.is(cause) ? (cause.cause ?? cause) : cause;
  const said = first instanceof Error ? first.message : String(first);
  const words = `Register ${location}: ${uncertain("the connection broke")} It could not be looked up (${said}).`;
  return new MacpoolError("REGISTER_UNREACHABLE", words, { cause });
}

type Row = readonly [RegExp, ErrorCode, string];

const FALLBACK: Row = [/./, "REGISTER_UNUSABLE", "PostgreSQL refused the operation; nothing was changed."];

const BEHIND: Row = [
  /^23505$/,
  "REGISTER_CORRUPT",
  "the register's change counter is behind its history, as after a restore of only a part of it; nothing was written. Let the owner of the schema run, with the schema in the search path: select setval('event_seq', (select max(seq) from event)); then macpool doctor.",
];

const TABLE: readonly Row[] = [
  [
    /^25006$/,
    "REGISTER_UNUSABLE",
    "this server is a standby, or the session is read-only, and nothing can be granted there. Name the primary server.",
  ],
  [
    /^57014$/,
    "REGISTER_BUSY",
    "the server gave up a statement after its time limit; nothing was changed. Look at its load, and run again.",
  ],
  [/^(55P03|40P01|40001)$/, "REGISTER_BUSY", "another client holds a lock on it; nothing was changed. Run again."],
  [
    /^28P01$/,
    "REGISTER_UNUSABLE",
    "the server refuses this user's password. Set MACPOOL_STORE_PASSWORD, macpool:storePassword or PGPASSFILE.",
  ],
  [
    /^28/,
    "REGISTER_UNUSABLE",
    "the server does not let this user in from here. Check the user, sslmode and the server's pg_hba.conf.",
  ],
  [
    /^3D000$/,
    "REGISTER_UNUSABLE",
    "the server has no such database. Check the name after the host, or create it: createdb NAME.",
  ],
  [/^3F000$/, "REGISTER_MISSING", "the schema is gone. Check the URL, or restore the database from a backup."],
  [
    /^42501$/,
    "REGISTER_UNUSABLE",
    "this user lacks a privilege that it needs. Let the owner of the schema run roles.sql of this package, and check which role you belong to.",
  ],
  [
    /^42P01$/,
    "REGISTER_CORRUPT",
    "a table is missing, or this user may not use the schema any more. Ask the owner of the schema; if it is missing, restore the database from a backup.",
  ],
  [/^53[12]00$/, "REGISTER_FULL", "the server has no space left; nothing was allocated. Free some and run again."],
  [/^53300$/, "REGISTER_UNREACHABLE", "the server takes no more connections just now. Wait and run again."],
  [
    /^57P03$/,
    "REGISTER_UNREACHABLE",
    "the server is starting, stopping or recovering, and takes no connections yet. Wait and run again.",
  ],
  [
    /^(XX00[12])$/,
    "REGISTER_CORRUPT",
    "the server found damage in its files; nothing was written. Restore the database from a backup.",
  ],
  [
    /^25P03$/,
    "REGISTER_UNREACHABLE",
    "the server ended a transaction in which this process did nothing for too long; nothing was changed. Run again, on a machine with less to do.",
  ],
  [/^UNREPLICATED$/, "REGISTER_UNREACHABLE", uncertain("the server stopped waiting for its synchronous standby")],
  [/^(08|57P0)/, "REGISTER_UNREACHABLE", uncertain("the server ended the connection")],
  [/^(ECONNRESET|EPIPE|ECONNABORTED)$/, "REGISTER_UNREACHABLE", uncertain("the connection broke")],
  [/^ENOTFOUND$/, "REGISTER_UNREACHABLE", "there is no host of this name. Check the URL and the name service."],
  [
    /^(ECONNREFUSED|ENOENT)$/,
    "REGISTER_UNREACHABLE",
    "no PostgreSQL server listens there. Check host and port, and whether the server runs.",
  ],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN)$/,
    "REGISTER_UNREACHABLE",
    uncertain("the server does not answer"),
  ],
  [
    /^NO_TLS$/,
    "REGISTER_UNUSABLE",
    "the server has no TLS, and sslmode demands it. Set it up there, or choose another sslmode.",
  ],
  [
    /CERT|SIGNED|SIGNATURE|ISSUER|INVALID_CA|HOSTNAME_MISMATCH|TLS|SSL/,
    "REGISTER_UNUSABLE",
    "the server's certificate is not accepted. Check sslrootcert, and with verify-full that the certificate names the host.",
  ],
];

function uncertain(what: string): string {
  return `${what}, and what was being written is uncertain. Run again: the same owners get the same addresses.`;
}
