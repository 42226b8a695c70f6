import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { arm, disarm, hit } from "./fault";
import { afterCut, type Luck, NONE, someLuck } from "./power-cut";
import { type Random, randomFrom } from "./random";
import { Done, SCRIPTS, type Script } from "./scripts";
import { keepAll, keptTree, plant, treeOf } from "./tree";

/** What a process that cuts the power within a script is told on its command line. */
export interface CutOrder {
  readonly root: string;
  readonly image: string;
  readonly script: string;
  /** The operations before which the power fails are `first`, `first + step`, ... to the end of the script. */
  readonly first: number;
  readonly step: number;
  readonly seed: number;
}

/** What one power cut came to; a line of that process's output. */
export interface CutReport {
  readonly at: number;
  /** The operation before which it was; undefined when the script came to its end first. */
  readonly before: string | undefined;
  readonly wrong: readonly string[];
}

/** A disk that kept only what was synced, one that kept everything, and some in between. */
function lucks(random: Random): readonly Luck[] {
  return [NONE, { sectors: 0, names: 1 }, { sectors: 1, names: 1 }, someLuck(random), someLuck(random)];
}

async function cutAt(at: number, { root, image }: CutOrder, script: Script, random: Random): Promise<CutReport> {
  for (const directory of [root, image]) empty(directory);
  await script.prepare(root);
  keepAll(image, root);
  arm({ action: "CUT", kinds: "wtse", at, how: "once" });
  const done = new Done(() => hit() === undefined);
  await script.run(root, done);
  disarm();
  const before = hit();
  const live = before === undefined ? treeOf(root) : keptTree(join(image, "live"), root);
  const kept = keptTree(image, root);
  const wrong: string[] = [];
  for (const luck of lucks(random)) {
    plant(afterCut(kept, live, luck, random), root);
    const found = await script.examine(root, done);
    wrong.push(...found.map((words) => `${JSON.stringify(luck)}: ${words}`));
  }
  return { at, before, wrong };
}

function empty(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
}

async function main(order: CutOrder): Promise<void> {
  const script = SCRIPTS[order.script];
  if (script === undefined) throw new Error(`no script ${order.script}`);
  const random = randomFrom(order.seed);
  for (let at = order.first; ; at += order.step) {
    const report = await cutAt(at, order, script, random);
    console.log(JSON.stringify(report));
    if (report.before === undefined) return;
  }
}

main(JSON.parse(process.argv[2] ?? "")).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
