import { Command } from "commander";
import { shellWord } from "../../provider/shell-word";
import { restoreRegister } from "../../provider/store/open";
import type { Restored } from "../../provider/store/sqlite/restore";
import { outputOf } from "../output/output";
import { startProgress } from "../output/progress";
import { commandContext, storeOf, warn } from "../register";
import { abortable } from "../transfer/abortable";

const HELP = `
The backup is checked from end to end first, and is only read. A register that is there is left alone unless you say
--replace; then it is kept beside the restored one, and whoever has it open is refused from then on.

Leases that were granted after the backup are not in it. Bring them back before you go on: those of stacks are in their
states (pulumi stack export --file STACK.json; macpool reconcile STACK.json... --apply); those made by hand are only in
the register that was replaced (macpool list --state live --store KEPT), and are to be claimed again.

Example:
  macpool restore ./register-backup.db --replace`;

/** Returns `macpool restore`: makes a checked copy of a backup the register. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description("make a backup the register")
    .argument("<file>", "a backup, or any copy of a register that is not in use")
    .option("--replace", "replace the register that is there, and keep it beside the restored one", false)
    .addHelpText("after", HELP)
    .action(async (file: string, { replace }: { replace: boolean }, command: Command) => {
      const context = commandContext();
      const progress = startProgress("checks done");
      const following = { progress: progress.tell };
      const restored = await abortable((signal) =>
        restoreRegister(file, storeOf(command.optsWithGlobals()), context, { ...following, replace, signal }),
      ).finally(() => progress.end());
      // First, because it is to be heard also where the output cannot be written.
      for (const words of advice(restored)) warn(words);
      await outputOf(command).line(restored.location, jsonOf(restored));
    });
}

function jsonOf({ location, storeId, seq, leases, replaced }: Restored) {
  const { keptAt = null, identity } = replaced ?? {};
  return { location, storeId, seq, leases, keptAt, replaced: identity ?? null };
}

function advice({ storeId, seq, replaced }: Restored): readonly string[] {
  const words: string[] = [];
  const keptAt = replaced?.keptAt ?? "";
  if (replaced !== undefined) words.push(`The register that was there is kept at ${keptAt}.`);
  const before = replaced?.identity;
  if (before !== undefined && before.storeId !== storeId) {
    words.push(
      `It was another register (${before.storeId}; this one is ${storeId}): stacks that used it will refuse this one.`,
    );
  } else if (before !== undefined && before.seq > seq) {
    words.push(`It had come to change ${before.seq}, and the restored one is at ${seq}.`);
  }
  // Numbers do not tell everything: after an earlier restore the two may have gone different ways.
  if (before !== undefined) {
    words.push(
      `Addresses that next, claim or import leased there, and that the restored one does not have, are free again: look for them (macpool list --state live --store ${shellWord(keptAt)}) and claim them again before anybody else gets them.`,
    );
  }
  words.push(
    "States of stacks may be ahead of this register. For each stack run: pulumi stack export --file STACK.json; then: macpool reconcile STACK.json... --apply",
  );
  return words;
}
