import type pg from "pg";
import { MacpoolError } from "../../error";

/**
 * Returns the driver `pg`, loaded on first use so that nothing but a register in PostgreSQL needs it.
 *
 * @throws MacpoolError NATIVE_MODULE when it is not installed.
 */
export function loadDriver(load: () => typeof pg = () => require("pg")): typeof pg {
  try {
    return load();
  } catch (cause) {
    throw new MacpoolError(
      "NATIVE_MODULE",
      "The package pg, which a register in PostgreSQL needs, could not be loaded. In the project directory run: npm install pulumi-macpool",
      { cause },
    );
  }
}
