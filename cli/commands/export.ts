import { Command } from "commander";
import type { Output } from "../output/output";
import { startProgress } from "../output/progress";
import { withRegister } from "../register";
import { exportLines } from "../transfer/export-write";

/** Lines written at a time. */
const BATCH = 200;

const HELP = `
Prints JSON Lines whether or not --json is given: a header with the format's version, then every pool, reservation, lease
and event as of one moment, and a last line with a checksum. Times are milliseconds since 1970. macpool import makes a
register of it that is the same in every respect.

It holds the token of every lease, and whoever has a token can release the lease: keep the file as you keep a password.

Example:
  (umask 077; macpool export > register.jsonl)`;

/** Returns `macpool export`: prints everything the register holds. */
export function exportCommand(): Command {
  return new Command("export")
    .description("print everything the register holds")
    .addHelpText("after", HELP)
    .action(async (_: object, command: Command) => {
      await withRegister(command, (register, output) => print(exportLines(register.dump()), output));
    });
}

async function print(lines: AsyncIterable<string>, output: Output): Promise<void> {
  const progress = startProgress("lines exported");
  let waiting: string[] = [];
  let count = 0;
  try {
    for await (const line of lines) {
      waiting.push(line);
      count += 1;
      if (waiting.length < BATCH) continue;
      await output.raw(waiting.join(""));
      waiting = [];
      progress.tell(count);
    }
  } finally {
    progress.end();
  }
  await output.raw(waiting.join(""));
}
