import { z } from "zod";
import { storeOverride } from "../environment";
import { MacpoolError } from "../error";
import { DEFAULT_POOL } from "../lease/pool";
import { defaultStore } from "../store/open";

/** What the stack's configuration, or an explicit `Provider`, says. */
export interface Settings {
  /** Where the register is: see `openRegister`. */
  readonly store: string;
  /** The password of a register that has one; the environment's wins over it. */
  readonly storePassword: string | undefined;
  /** The pool of addresses that name none. */
  readonly pool: string;
  /** The only register that will do; undefined when any will. */
  readonly storeId: string | undefined;
}

/** The part of the dynamic provider host's configuration that is read; keys carry their namespace. */
export interface Config {
  get(key: string): string | undefined;
}

const text = z.string().min(1).optional();

/**
 * Returns the settings in force. `MACPOOL_STORE` wins over the configured store.
 *
 * @throws MacpoolError INVALID_CONFIG naming the key.
 */
export function readSettings(config: Config): Settings {
  const read = (key: string): string | undefined => {
    const result = text.safeParse(config.get(`macpool:${key}`));
    if (result.success) return result.data;
    throw new MacpoolError("INVALID_CONFIG", `Configuration macpool:${key} must be a text that is not empty.`);
  };
  return {
    store: storeOverride() ?? read("store") ?? defaultStore(),
    storePassword: read("storePassword"),
    pool: read("pool") ?? DEFAULT_POOL,
    storeId: read("storeId"),
  };
}
