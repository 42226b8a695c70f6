import { Command } from "commander";
import { backupRegister } from "../../provider/store/open";
import { outputOf } from "../output/output";
import { startProgress } from "../output/progress";
import { commandContext, storeOf } from "../register";
import { abortable } from "../transfer/abortable";

const HELP = `
The register may be in use meanwhile. The copy is checked from end to end before it gets its name, and an existing file
is never overwritten. It holds tokens, with which leases can be released: only you can read it, and so it should stay.

Example:
  macpool backup ./register-backup.db`;

/** Returns `macpool backup`: copies the register as it is at one moment, and prints where the copy is. */
export function backupCommand(): Command {
  return new Command("backup")
    .description("copy the register into a new file while it is in use")
    .argument("<file>", "where to put the copy")
    .addHelpText("after", HELP)
    .action(async (file: string, _: object, command: Command) => {
      const progress = startProgress("pages copied");
      const context = commandContext();
      const { location, storeId, seq, leases } = await abortable((signal) =>
        backupRegister(storeOf(command.optsWithGlobals()), file, context, { signal, progress: progress.tell }),
      ).finally(() => progress.end());
      await outputOf(command).line(location, { path: location, storeId, seq, leases });
    });
}
