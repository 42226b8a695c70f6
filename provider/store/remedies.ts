import { shellWord } from "../shell-word";

/** How a register is brought up to what the states of its stacks say, or made anew from them. */
export const RECONCILE = "pulumi stack export > stack.json; macpool reconcile --apply stack.json";

/** Returns the command that puts a backup in the place of the register at `path`. */
export function restoreCommand(path: string): string {
  return `macpool restore BACKUP --replace --store ${shellWord(path)}`;
}
