import { Command } from "commander";
import { createRegister, openRegister } from "../../provider/store/open";
import { outputOf } from "../output/output";
import { commandContext, type GlobalOptions, storeOf } from "../register";
import { warnOfWithheld } from "../withheld";

/** Returns `macpool init`: creates a register and prints where it is. */
export function initCommand(): Command {
  return new Command("init")
    .description("create a register with a pool named default")
    .option("--prefix <prefix>", "first octets of the pool's addresses, such as 42 or 52:54:00", "42")
    .addHelpText(
      "after",
      "\nOne in PostgreSQL is made in a database that is there: --store postgres://USER@HOST/DATABASE\n\nExample:\n  macpool init --store ./register.db --prefix 42",
    )
    .action(async (options: { prefix: string }, command: Command) => {
      const globals = command.optsWithGlobals<GlobalOptions>();
      const context = commandContext();
      const store = storeOf(globals);
      const location = await createRegister(store, context, options.prefix);
      const register = await openRegister(store, context);
      const { storeId } = await register.identity();
      await warnOfWithheld(
        register,
        (await register.pools()).flatMap(({ ranges }) => ranges),
      );
      await register.close();
      await outputOf(command).line(location, { location, storeId });
    });
}
