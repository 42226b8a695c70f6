import type { Command } from "commander";
import { storeOverride } from "../provider/environment";
import { defaultStore, openRegister, systemContext } from "../provider/store/open";
import type { LeaseStore } from "../provider/store/store";
import { onInterruption } from "./interruption";
import { escapeWords } from "./output/escape";
import { type Output, outputOf } from "./output/output";

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
  return systemContext(warn);
}

/** Tells the user on stderr what is no error. */
export function warn(message: string): void {
  console.error(`macpool: ${escapeWords(message)}`);
}

/**
 * Runs `work` on the register and closes it afterwards, also when Ctrl-C or `kill` ends the command.
 *
 * @throws MacpoolError those of `openRegister` and of `work`.
 */
export async function withRegister(
  command: Command,
  work: (register: LeaseStore, output: Output) => Promise<void>,
): Promise<void> {
  const register = await openRegister(storeOf(command.optsWithGlobals()), commandContext());
  const forget = onInterruption(() => register.close());
  try {
    await work(register, outputOf(command));
  } finally {
    forget();
    await register.close();
  }
}
