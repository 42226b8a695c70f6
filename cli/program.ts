import { Command, CommanderError } from "commander";
import { MacpoolError } from "../provider/error";
import { initCommand } from "./commands/init";
import { nextCommand } from "./commands/next";
import { exitCodeOf, USAGE } from "./exit-code";

/**
 * Runs the command line `args` (without node and script) and returns its exit code: 0 done, 1 refused, 2 wrong usage, 3
 * register unusable. Data goes to stdout, words to stderr.
 */
export async function run(args: readonly string[]): Promise<number> {
  const program = macpool();
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // Commander has printed its own words already; help and version come this way too, with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    report(error, program.opts()["json"] === true);
    return exitCodeOf(error);
  }
}

function macpool(): Command {
  const program = new Command("macpool")
    .description("A register of MAC addresses: each is given out once, and stays with its owner.")
    .version(packageVersion())
    .option("--store <register>", "the register: a path or sqlite:PATH (default: $MACPOOL_STORE, else your own)")
    .option("--json", "print JSON instead of text")
    .exitOverride()
    .addHelpText("after", "\nExit codes: 0 done, 1 refused, 2 wrong usage, 3 register unusable.");
  for (const command of [initCommand(), nextCommand()]) program.addCommand(command.copyInheritedSettings(program));
  return program;
}

function report(error: unknown, isJson: boolean): void {
  if (!MacpoolError.is(error)) {
    console.error(error);
    return;
  }
  const { code, message, details } = error;
  if (isJson) console.log(JSON.stringify({ error: { code, message, details } }));
  console.error(`macpool: ${message} [${code}]`);
}

function packageVersion(): string {
  const { version }: { version: string } = require("pulumi-macpool/package.json");
  return version;
}
