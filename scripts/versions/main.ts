/**
 * `npm run test:versions`: runs the tests of the provider host, and one of whole programs, on every Node and
 * `@pulumi/pulumi` that this package promises to work with. Each row is installed from the registry into a scratch
 * directory; the working tree is only read. Major versions on the command line choose Nodes: `npm run test:versions --
 * 24`. `--short` runs the row that differs from our own in the SDK alone.
 *
 * @module
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matrix, type Row } from "./matrix";
import { nodeOf } from "./node";
import { runRow } from "./row";

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const nodes = args.filter((argument) => argument !== "--short");
  const { chosen, skipped } = matrix(nodes, args.includes("--short"));
  if (chosen.length === 0) throw new Error(`No row has Node ${nodes.join(" or ")}.`);
  for (const { row, why } of skipped) console.log(`SKIPPED: ${titleOf(row)}: ${why}`);
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "macpool-versions-")));
  try {
    for (const row of chosen) if (!(await isGreen(row, scratch))) process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs a row and prints one line for it, and what failed. A row that cannot be set up has failed as well. */
async function isGreen(row: Row, scratch: string): Promise<boolean> {
  try {
    const { node, pulumi, passed, failures } = await runRow(row, await nodeOf(row.node, scratch), scratch);
    console.log(`node ${node} pulumi ${pulumi}: ${passed} passed, ${failures.length} failed`);
    for (const failure of failures) console.log(`  ${failure}`);
    return passed > 0 && failures.length === 0;
  } catch (error) {
    console.log(`NOT RUN: ${titleOf(row)}: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

function titleOf({ node, pulumi }: Row): string {
  return `node ${node} pulumi ${pulumi}`;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
