import type { Command } from "commander";
import { storeOverride } from "../provider/environment";
import { defaultStore, openRegister, systemContext } from "../provider/store/open";
import type { LeaseStore } from "../provider/store/store";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly store?: string;
  readonly json?: boolean;
}

/** Returns the register a command is about: `--store`, else `MACPOOL_STORE`, else the user's own. */
export function storeOf(options: GlobalOptions): string {
  return options.store ?? storeOverride() ?? defaultStore();
}

/** Returns the context of a command: warnings go to stderr. */
export function commandContext() {
  return systemContext((message) => console.error(`macpool: ${message}`));
}

/**
 * Runs `work` on the register and closes it afterwards.
 *
 * @throws MacpoolError those of `openRegister` and of `work`.
 */
export async function withRegister(command: Command, work: (register: LeaseStore) => Promise<void>): Promise<void> {
  const register = await openRegister(storeOf(command.optsWithGlobals()), commandContext());
  try {
    await work(register);
  } finally {
    await register.close();
  }
}
