import { shellWord } from "../shell-word";

/** How a register is brought up to what the states of its stacks say, or made anew from them. */
export const RECONCILE = "pulumi stack export > stack.json; macpool reconcile --apply stack.json";

/** Returns what brings back a register that is not sound; "store" as it may be shown. */
export function soundAgain(store: string, isOnServer: boolean): string {
  const backup = isOnServer ? "the database's newest sound backup (pg_restore)" : "the newest sound backup";
  const command = isOnServer ? "" : ` (${restoreCommand(store)})`;
  return `Stop using the register. Restore ${backup}${command}, then run: macpool reconcile with the export of each stack.`;
}

/** Returns the command that puts a backup in the place of the register at `path`. */
export function restoreCommand(path: string): string {
  return `macpool restore BACKUP --replace --store ${shellWord(path)}`;
}
