import { basename, dirname, join } from "node:path";
import { openStack, type Result } from "../../test/engine/stack";
import type { Engine, Ground, Shown } from "./engine";

/** Returns the engine double of our tests: the real program and the real provider process, without the Pulumi CLI. */
export function doubleEngine(ground: Ground): Engine {
  const stack = openStack({
    projectDir: join(ground.root, dirname(ground.program)),
    entry: basename(ground.program),
    project: ground.project,
    stack: "dev",
    organization: "organization",
    env: { ...process.env, ...ground.env },
  });
  return {
    name: "a double of Pulumi's (there is no Pulumi CLI, and no way to get one)",
    preview: async () => shown(await stack.preview()),
    up: async () => shown(await stack.up()),
    destroy: async () => shown(await stack.destroy()),
  };
}

function shown(result: Result): Shown {
  if (result.error !== undefined) throw new Error(result.error);
  const counts: Record<string, number> = {};
  for (const { op } of result.operations) counts[op] = (counts[op] ?? 0) + 1;
  return { outputs: result.outputs, counts };
}
