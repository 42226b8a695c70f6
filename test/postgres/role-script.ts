import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { schemaOf, serverPrograms } from "./support";

const SCRIPT = join(__dirname, "..", "..", "provider", "store", "sql", "postgres", "roles.sql");

/** Runs the role script of the package for two roles that exist, by the owner of the schema that the URL names. */
export function grantRoles(owner: string, roles: { readonly application: string; readonly reader: string }): void {
  const variables = Object.entries({ schema: schemaOf(owner), ...roles });
  const settings = variables.flatMap(([key, value]) => ["-v", `${key}=${value}`]);
  const args = ["-q", ...settings, "-f", SCRIPT, owner.replace(/\?.*/, "")];
  execFileSync(join(serverPrograms(), "psql"), args, { stdio: "pipe" });
}
