import { createHash } from "node:crypto";
import { Command } from "commander";
import { MacpoolError } from "../../provider/error";
import { loadRegister, openRegister } from "../../provider/store/open";
import type { RegisterRecord } from "../../provider/store/record";
import type { LeaseStore, StoreContext } from "../../provider/store/store";
import { outputOf } from "../output/output";
import { type Progress, startProgress } from "../output/progress";
import { commandContext, warn } from "../register";
import { abortable } from "../transfer/abortable";
import { exportLines } from "../transfer/export-write";

const HELP = `
Nobody should use the old register meanwhile: if it was written to, this says so. The new one has the same id, history and
tokens, so stacks go on with it as soon as macpool:store (or MACPOOL_STORE) names it. An existing register is refused.
Either may be a file or a postgres:// URL.

Example:
  macpool migrate ./register.db ./new/register.db`;

/** Returns `macpool migrate`: copies a whole register into a new one, and proves that they are the same. */
export function migrateCommand(): Command {
  return new Command("migrate")
    .description("copy a whole register into a new one")
    .argument("<from>", "the register to copy")
    .argument("<to>", "where to make the new one")
    .addHelpText("after", HELP)
    .action(async (from: string, to: string, _: object, command: Command) => {
      const context = commandContext();
      const source = await openRegister(from, context).catch(explain);
      try {
        const made = await abortable((signal) => migrate(source, to, context, signal));
        // First, because it is to be heard also where the output cannot be written.
        warn(
          `${made.location} took the place of ${source.location}, which must not be used any more: move it away, and set macpool:store of every stack (or MACPOOL_STORE) to the new one.`,
        );
        await outputOf(command).line(made.location, made);
      } finally {
        await source.close();
      }
    });
}

async function migrate(source: LeaseStore, to: string, context: StoreContext, signal: AbortSignal) {
  const progress = startProgress("records copied");
  try {
    const made = await loadRegister(to, watched(source.dump(), progress), context, signal);
    signal.addEventListener("abort", () => warn(unproven(source.location, made.location)));
    const target = await openRegister(to, context);
    const copied = await digestOf(target.dump(), signal).finally(() => target.close());
    if (copied !== (await digestOf(source.dump(), signal))) throw differs(source.location, made.location);
    return made;
  } finally {
    progress.end();
  }
}

async function* watched(records: AsyncIterable<RegisterRecord>, progress: Progress) {
  let count = 0;
  for await (const record of records) {
    count += 1;
    progress.tell(count);
    yield record;
  }
}

async function digestOf(records: AsyncIterable<RegisterRecord>, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const line of exportLines(records)) {
    signal.throwIfAborted();
    hash.update(line);
  }
  return hash.digest("hex");
}

/** The remedy for a register that is not there, which is to create it, is none for one that is to be copied. */
function explain(error: unknown): never {
  if (!MacpoolError.is(error) || error.code !== "REGISTER_MISSING") throw error;
  const path = String(error.details["path"]);
  const words = `There is no register at ${path} to copy. Check the path of the old register.`;
  throw new MacpoolError("REGISTER_MISSING", words, { cause: error, details: error.details });
}

function unproven(from: string, to: string): string {
  return `${to} was made, but is not compared with ${from} yet. Delete it and run again, or use it and never again the old one: two registers of one id give out the same addresses.`;
}

function differs(from: string, to: string): MacpoolError {
  return new MacpoolError(
    "REGISTER_BUSY",
    `${to} does not hold what ${from} holds now: the old register was written to while it was copied. Delete the copy, end what uses ${from}, and run again.`,
    { details: { from, to } },
  );
}
