import { hostname, userInfo } from "node:os";

/** The environment this package reads; every access is in this file. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the register this machine is told to use whatever a stack's configuration says; undefined when it is not. */
export function storeOverride(environment: Environment = process.env): string | undefined {
  return environment["MACPOOL_STORE"] || undefined;
}

/** Returns the password that this machine has for its register whatever a stack's configuration says. */
export function storePasswordOverride(environment: Environment = process.env): string | undefined {
  return environment["MACPOOL_STORE_PASSWORD"] || undefined;
}

/** Returns whether PostgreSQL's own variable holds a password, which the driver then reads. */
export function hasServerPassword(environment: Environment = process.env): boolean {
  return (environment["PGPASSWORD"] ?? "") !== "";
}

/**
 * Unsets PostgreSQL's own variable where it is empty: to libpq that is no password, and to the reader of PGPASSFILE it is
 * one.
 */
export function forgetEmptyServerPassword(environment: NodeJS.ProcessEnv = process.env): void {
  if (environment["PGPASSWORD"] === "") delete environment["PGPASSWORD"];
}

/** Returns what PostgreSQL's own variables say of TLS. What they say of host, user and so on is read by the driver. */
export function postgresTls(environment: Environment = process.env) {
  return {
    sslmode: environment["PGSSLMODE"] || undefined,
    sslrootcert: environment["PGSSLROOTCERT"] || undefined,
    sslcert: environment["PGSSLCERT"] || undefined,
    sslkey: environment["PGSSLKEY"] || undefined,
  };
}

/** Returns whether this is a CI job, where a register that is not there must not be made up. */
export function isCi(environment: Environment = process.env): boolean {
  const value = environment["CI"]?.toLowerCase();
  return value !== undefined && value !== "" && value !== "false" && value !== "0";
}

/** Returns whether colours are welcome where they can be shown at all (no-color.org). */
export function wantsColour(environment: Environment = process.env): boolean {
  return (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
}

/** Returns who is at work, for the history: the CI job when there is one, else `user@host`. */
export function actorName(environment: Environment = process.env): string {
  const github = environment["GITHUB_RUN_ID"];
  if (github !== undefined) return `github:${environment["GITHUB_REPOSITORY"] ?? "?"}/${github}`;
  const gitlab = environment["CI_JOB_URL"];
  if (gitlab !== undefined) return gitlab;
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user id that has no entry in its user database.
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
