import { Command, CommanderError } from "commander";
import { MacpoolError } from "../provider/error";
import { adoptCommand } from "./commands/adopt";
import { backupCommand } from "./commands/backup";
import { claimCommand } from "./commands/claim";
import { completionCommand } from "./commands/completion";
import { doctorCommand } from "./commands/doctor";
import { exportCommand } from "./commands/export";
import { historyCommand } from "./commands/history";
import { importCommand } from "./commands/import";
import { initCommand } from "./commands/init";
import { listCommand } from "./commands/list";
import { migrateCommand } from "./commands/migrate";
import { nextCommand } from "./commands/next";
import { poolCommand } from "./commands/pool";
import { reconcileCommand } from "./commands/reconcile";
import { releaseCommand } from "./commands/release";
import { reserveCommand } from "./commands/reserve";
import { restoreCommand } from "./commands/restore";
import { showCommand } from "./commands/show";
import { statsCommand } from "./commands/stats";
import { exitCodeOf, Failed, USAGE } from "./exit-code";
import { isInterrupted } from "./interruption";
import { outputOf } from "./output/output";
import { OutputFailed, ReaderGone } from "./output/sink";
import { warn } from "./register";

const AFTER_HELP = `
With --json, commands that list print one object a line, all others one document.
Exit codes: 0 done, 1 refused, 2 wrong usage, 3 register unusable.`;

/**
 * Runs the command line `args` (without node and script) and returns its exit code: 0 done, 1 refused, 2 wrong usage, 3
 * register unusable. Data goes to stdout, words to stderr.
 */
export async function run(args: readonly string[]): Promise<number> {
  const help: string[] = [];
  const program = macpool((text) => help.push(text));
  try {
    assertText(args);
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // Commander has told what was wrong already; help and version come this way too, with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? printed(help.join(""), program) : USAGE;
    if (error instanceof ReaderGone || isInterrupted()) return 0;
    if (!(error instanceof Failed)) await report(error, program);
    return exitCodeOf(error);
  }
}

/**
 * Node puts one and the same sign in place of every byte that is no UTF-8, so two owners would become one.
 *
 * @throws MacpoolError INVALID_CONFIG.
 */
function assertText(args: readonly string[]): void {
  const spoilt = args.find((arg) => arg.includes("\ufffd"));
  if (spoilt === undefined) return;
  throw new MacpoolError(
    "INVALID_CONFIG",
    `The argument ${JSON.stringify(spoilt.slice(0, 80))} is not UTF-8 text. Write it in UTF-8, or another name.`,
  );
}

/** Help goes out as data does: to a full disk or a closed pipe, too. */
async function printed(help: string, program: Command): Promise<number> {
  try {
    await outputOf(program).raw(help);
    return 0;
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    await report(error, program);
    return exitCodeOf(error);
  }
}

/** Returns the whole command line, not yet parsed; help is given to `tell`. */
export function macpool(tell: (help: string) => void): Command {
  const program = new Command("macpool")
    .description("A register of MAC addresses: each is given out once, and stays with its owner.")
    .version(packageVersion())
    .option(
      "--store <register>",
      "the register: a path, sqlite:PATH or postgres://... (default: $MACPOOL_STORE, else your own)",
    )
    .option("--json", "print JSON instead of text")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: tell })
    .exitOverride()
    .addHelpText("after", AFTER_HELP);
  for (const [heading, commands] of groups()) {
    program.commandsGroup(heading);
    for (const command of commands) program.addCommand(command);
  }
  program.helpCommand(true);
  inherit(program);
  return program;
}

/** In the order in which somebody who reads the help needs them. */
function groups(): readonly (readonly [heading: string, commands: readonly Command[]])[] {
  return [
    ["Every day:", [initCommand(), nextCommand(), claimCommand(), releaseCommand(), adoptCommand()]],
    ["Look:", [showCommand(), listCommand(), historyCommand(), statsCommand()]],
    ["Pools and reserved ranges:", [poolCommand(), reserveCommand()]],
    ["Bring in what exists:", [importCommand(), reconcileCommand()]],
    ["Keep and recover:", [doctorCommand(), backupCommand(), restoreCommand(), exportCommand(), migrateCommand()]],
    ["Other:", [completionCommand()]],
  ];
}

/** Commands made apart from their parent have not inherited its settings, and each shows its own usage after an error. */
function inherit(parent: Command): void {
  parent.showHelpAfterError(usageOf(parent));
  for (const command of parent.commands) inherit(command.copyInheritedSettings(parent));
}

function usageOf(command: Command): string {
  const usage = command.createHelp().commandUsage(command);
  return `Usage: ${usage}\nMore: ${usage.slice(0, usage.search(/ \[| <|$/))} --help`;
}

async function report(error: unknown, program: Command): Promise<void> {
  if (error instanceof OutputFailed) {
    warn(error.message);
    return;
  }
  if (!MacpoolError.is(error)) {
    console.error(error);
    return;
  }
  const { code, message, details } = error;
  warn(`${message} [${code}]`);
  const output = outputOf(program);
  if (output.isJson) await output.line("", { error: { code, message, details } }).catch(() => undefined);
}

function packageVersion(): string {
  const { version }: { version: string } = require("pulumi-macpool/package.json");
  return version;
}
