import { Command } from "commander";
import { parsePrefix } from "../../provider/mac/range";
import { Failed } from "../exit-code";
import { outputOf } from "../output/output";
import { startProgress } from "../output/progress";
import { readText } from "../read-text";
import type { Result } from "../reconcile/reconcile";
import { FINDINGS, type Finding } from "../reconcile/report";
import { namesakes, newestOfEach } from "../reconcile/select";
import type { StackExport } from "../reconcile/stack-export";
import { commandContext, type GlobalOptions, storeOf, warn } from "../register";

const HELP = `
Compares the register with the states of the stacks that use it, and puts back what the register has lost: after it was
deleted, or an old copy was put in its place. Give the exports of all stacks at once: an address that two of them name
is reported, and kept for the later grant until you settle it. Pools and reservations become what their programs declare,
unless the register knows a later change of them. Without --apply nothing is written.

What a stack has of another register is left out. An export with nothing of this one is refused, unless --register names
this one; it also chooses which of several registers is made anew.

Verdicts: present; insert, renew (put back); stale (the export is old); orphan (the register has it, the stack does not);
conflict, duplicate (to be settled by hand).
Exit codes: 0 nothing is left to do, 1 there is (a conflict or duplicate; without --apply anything to put back), 2 a file
cannot be read, 3 register unusable, or not the one of the exports.

Each file is what this prints: pulumi stack export --stack dev > dev.json

Examples:
  macpool reconcile dev.json prod.json
  macpool reconcile --apply dev.json prod.json`;

interface ReconcileOptions {
  readonly apply?: boolean;
  readonly prefix?: string;
  readonly register?: string;
}

/** Returns `macpool reconcile`: compares the register with states, and puts back what it has lost. */
export function reconcileCommand(): Command {
  return new Command("reconcile")
    .description("compare the register with pulumi stack exports, and put back what it has lost")
    .argument("<export...>", 'files that "pulumi stack export" wrote; - is stdin')
    .option("--apply", "write; without it, only say what would be written")
    .option("--register <id>", "the register that is meant, if the exports have addresses of several")
    .option("--prefix <prefix>", 'of pool "default", if the register is made anew (default: 42)')
    .addHelpText("after", HELP)
    .action(async (files: string[], options: ReconcileOptions, command: Command) => {
      // Also where it is not needed, a mistake in it should be heard of.
      if (options.prefix !== undefined) parsePrefix(options.prefix);
      const exports = distinct(await readAll(files));
      const apply = options.apply === true;
      const store = storeOf(command.optsWithGlobals<GlobalOptions>());
      const { reconcile } = await import("../reconcile/reconcile.js");
      const progress = startProgress("addresses are compared with the register");
      progress.announce(exports.reduce((count, { leases }) => count + leases.length, 0));
      const task = { store, exports, apply, prefix: options.prefix, chosen: options.register };
      const result = await reconcile(task, commandContext()).finally(progress.end);
      await outputOf(command).rows(result.findings, FINDINGS);
      conclude(result, apply);
    });
}

async function readAll(files: readonly string[]): Promise<readonly StackExport[]> {
  // Here and not above: what it reads exports with would make every command start later.
  const { readStackExport } = await import("../reconcile/stack-export.js");
  const exports: StackExport[] = [];
  for (const file of files) exports.push(readStackExport(file, await readText(file)));
  return exports;
}

function distinct(all: readonly StackExport[]): readonly StackExport[] {
  const { exports, outdated } = newestOfEach(all);
  for (const { file, stack } of outdated)
    warn(`${file} is left out: another export of ${stack} is given too, and is not older.`);
  for (const [older, newer] of namesakes(exports)) {
    warn(
      `${older.file} and ${newer.file} are both of a stack ${newer.stack}, but by different provider resources. If it was destroyed and deployed again in between, leave ${older.file} out; two stacks in two backends both belong here.`,
    );
  }
  for (const { file, leases } of exports) if (leases.length === 0) warn(`${file} has no address of any register.`);
  return exports;
}

function conclude({ findings, isAnew }: Result, apply: boolean): void {
  const count = (...verdicts: Finding["verdict"][]) =>
    findings.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const missing = count("insert", "renew");
  const contested = count("conflict", "duplicate");
  const done = apply ? "put back" : "to be put back";
  if (isAnew) warn(apply ? "there was no register; it was made anew." : "there is no register; it would be made anew.");
  warn(
    `${count("present")} present, ${missing} ${done}, ${contested} contested, ${count("stale")} stale, ${count("orphan")} orphaned.`,
  );
  if (!apply && (missing > 0 || isAnew)) warn("nothing was written. To write it, add --apply.");
  if (contested > 0 || (!apply && (missing > 0 || isAnew))) throw new Failed();
}
