import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type EngineEvent, LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation";
import { findPulumi } from "../../test/engine/find-pulumi";
import type { Engine, Ground, Shown } from "./engine";

const INSTALL_MILLISECONDS = 20_000;
const STACK_TYPE = "pulumi:pulumi:Stack";

/** Returns the real engine, installing the CLI into the scratch directory if need be; undefined when there is none. */
export async function realEngine(ground: Ground): Promise<Engine | undefined> {
  const found = findPulumi();
  const root = found === undefined ? await installed(ground.scratch) : dirname(found);
  if (root === undefined) return undefined;
  const command = await PulumiCommand.get(found === undefined || found.endsWith("bin") ? { root } : {});
  const stack = await openStack(ground, command);
  return {
    name: `the Pulumi CLI ${command.version?.toString() ?? ""}`,
    preview: () => previewed(stack),
    up: async () => {
      const { outputs, summary } = await stack.up();
      const values = Object.entries(outputs).map(([key, output]) => [key, output.value]);
      return { outputs: Object.fromEntries(values), counts: countsOf(summary.resourceChanges) };
    },
    destroy: async () => ({ outputs: {}, counts: countsOf((await stack.destroy()).summary.resourceChanges) }),
  };
}

/**
 * Runs Pulumi's official installer in a process of its own, so that it can be given up: it downloads, and where there is
 * no way out to the network it may wait for long.
 */
function installed(scratch: string): Promise<string | undefined> {
  const root = join(scratch, "pulumi");
  const script = `require("@pulumi/pulumi/automation").PulumiCommand.install({ root: ${JSON.stringify(root)} })
    .then(() => process.exit(0), () => process.exit(1))`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["-e", script], { stdio: "ignore", detached: true });
    const timer = setTimeout(() => {
      // The whole group: the installer starts a shell and a download of its own.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, INSTALL_MILLISECONDS);
    child.once("error", () => resolve(undefined));
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? root : undefined);
    });
  });
}

/** The project is the root's `Pulumi.yaml`, put into the scratch directory so that no stack file lands in the clone. */
function openStack(ground: Ground, pulumiCommand: PulumiCommand): Promise<Stack> {
  const workDir = join(ground.scratch, "project");
  const backend = join(ground.scratch, "backend");
  for (const directory of [workDir, backend]) mkdirSync(directory);
  const project = readFileSync(join(ground.root, "Pulumi.yaml"), "utf8");
  writeFileSync(
    join(workDir, "Pulumi.yaml"),
    project.replace(/^main: .*$/m, `main: ${join(ground.root, ground.program)}`),
  );
  const envVars = {
    ...ground.env,
    PULUMI_HOME: join(ground.scratch, "home"),
    PULUMI_BACKEND_URL: `file://${backend}`,
    PULUMI_CONFIG_PASSPHRASE: "quickstart",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return LocalWorkspace.createOrSelectStack({ stackName: "dev", workDir }, { pulumiCommand, envVars });
}

async function previewed(stack: Stack): Promise<Shown> {
  let outputs = {};
  const onEvent = (event: EngineEvent) => {
    const metadata = event.resOutputsEvent?.metadata ?? event.resourcePreEvent?.metadata;
    if (metadata?.type === STACK_TYPE) outputs = { ...outputs, ...metadata.new?.outputs };
  };
  const { changeSummary } = await stack.preview({ onEvent });
  return { outputs, counts: countsOf(changeSummary) };
}

function countsOf(changes: Partial<Record<string, number>> = {}): Record<string, number> {
  return Object.fromEntries(Object.entries(changes).map(([kind, count]) => [kind, count ?? 0]));
}
