import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { MacpoolError } from "../../error";
import type { TlsNames } from "./url";

/** One way to connect: in the clear, or with these options. */
export type Encryption = false | ConnectionOptions;

/**
 * Returns the ways to connect that `sslmode` allows, in the order in which libpq tries them (PostgreSQL manual, "SSL
 * Support"): `prefer`, the default, goes on in the clear with a server that has no TLS; only `verify-ca` and `verify-full`
 * know whom they talk to, and so does `require` with a root certificate.
 *
 * @throws MacpoolError INVALID_CONFIG for another mode, or a file that cannot be read.
 */
export function encryptionsOf(names: TlsNames): readonly [Encryption, ...Encryption[]] {
  const { sslmode = "prefer" } = names;
  switch (sslmode) {
    case "disable":
      return [false];
    case "allow":
      return [false, unverified(names)];
    case "prefer":
      return [unverified(names), false];
    case "require":
      return [rootOf(names) === undefined ? unverified(names) : issuedBy(names)];
    case "verify-ca":
      return [issuedBy(names)];
    case "verify-full":
      return [{ ...own(names), ...authority(names) }];
    default:
      throw new MacpoolError(
        "INVALID_CONFIG",
        `sslmode ${JSON.stringify(sslmode)} is not known. There are: disable, allow, prefer, require, verify-ca, verify-full.`,
      );
  }
}

function unverified(names: TlsNames): ConnectionOptions {
  return { ...own(names), rejectUnauthorized: false };
}

/** Whoever has a certificate of the authority will do, under whatever name. */
function issuedBy(names: TlsNames): ConnectionOptions {
  return { ...own(names), ...authority(names), checkServerIdentity: () => undefined };
}

function authority(names: TlsNames): ConnectionOptions {
  const root = rootOf(names);
  if (root === undefined) {
    throw new MacpoolError(
      "INVALID_CONFIG",
      `sslmode ${names.sslmode} needs the certificate of the authority: set sslrootcert to a file, or to "system" for the authorities that Node.js trusts.`,
    );
  }
  return root === "system"
    ? { rejectUnauthorized: true }
    : { rejectUnauthorized: true, ca: contentOf(root, "sslrootcert") };
}

function rootOf({ sslrootcert }: TlsNames): string | undefined {
  return sslrootcert ?? usual("root.crt");
}

function own(names: TlsNames): ConnectionOptions {
  const cert = names.sslcert ?? usual("postgresql.crt");
  const key = names.sslkey ?? usual("postgresql.key");
  if (cert === undefined || key === undefined) return {};
  return { cert: contentOf(cert, "sslcert"), key: contentOf(key, "sslkey") };
}

/** Returns the file that libpq takes unless told otherwise, if it is there. */
function usual(name: string): string | undefined {
  const path = join(homedir(), ".postgresql", name);
  return existsSync(path) ? path : undefined;
}

function contentOf(path: string, parameter: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new MacpoolError("INVALID_CONFIG", `${parameter} ${path} cannot be read. Check the path and its mode.`, {
      cause,
    });
  }
}
