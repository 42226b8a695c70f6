import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Deployer, Engine, Outcome, RunOptions, StackOptions, State, Victim } from "./engine";
import { readEvents } from "./events";
import { descendants, killAll, killTree, watchTree } from "./process-tree";
import { strikeAt } from "./provider-hooks";

/** Returns the engine of the Pulumi CLI in `cliDir`; nothing of the user's own Pulumi is touched. */
export function realEngine(cliDir: string): Engine {
  return { name: "the real engine", isReal: true, open: (options) => openStack(cliDir, options) };
}

async function openStack(cliDir: string, options: StackOptions): Promise<Deployer> {
  const cli = new Cli(cliDir, options);
  mkdirSync(join(options.backendDir, "backend"), { recursive: true });
  await cli.must("stack", "init", options.stack);
  await configure(cli, options);
  const operate =
    (command: string, flags: readonly string[]) =>
    (run: RunOptions = {}) =>
      cli.operate(command, [...flags, ...flagsOf(run)], run);
  return {
    preview: operate("preview", []),
    up: operate("up", ["--yes"]),
    refresh: operate("refresh", ["--yes"]),
    destroy: operate("destroy", ["--yes"]),
    upKilled: (nic, victim, run) => cli.upKilled(nic, victim, run),
    state: async () => JSON.parse(await cli.must("stack", "export")),
    restore: async (state) => {
      const file = join(options.backendDir, "imported.json");
      writeFileSync(file, JSON.stringify(state));
      await cli.must("stack", "import", "--file", file);
    },
    rename: async (stack) => {
      await cli.must("stack", "rename", stack);
      cli.stack = stack;
    },
    configure: async (config) => {
      const file = join(options.projectDir, `Pulumi.${cli.stack}.yaml`);
      writeFileSync(file, readFileSync(file, "utf8").replace(/^config:$.*/ms, ""));
      await configure(cli, { ...options, stack: cli.stack, config });
    },
  };
}

/** Plain values go straight into the stack's file, which saves one start of the CLI each. */
async function configure(cli: Cli, { config, projectDir, stack }: StackOptions): Promise<void> {
  const plain = Object.entries(config).filter(([, value]) => typeof value === "string");
  const lines = plain.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
  if (lines.length > 0) appendFileSync(join(projectDir, `Pulumi.${stack}.yaml`), `config:\n${lines.join("")}`);
  for (const [key, value] of Object.entries(config)) {
    if (typeof value !== "string") await cli.must("config", "set", "--secret", key, value.secret);
  }
}

function flagsOf(run: RunOptions): string[] {
  return [
    ...(run.targetReplace === undefined ? [] : ["--target-replace", run.targetReplace]),
    ...(run.replace ?? []).flatMap((urn) => ["--replace", urn]),
    ...(run.refreshFirst === true ? ["--refresh"] : []),
    ...(run.runProgram === true ? ["--run-program"] : []),
    ...(run.savePlan === undefined ? [] : ["--save-plan", run.savePlan]),
    ...(run.plan === undefined ? [] : ["--plan", run.plan]),
  ];
}

class Cli {
  stack: string;
  readonly #cliDir: string;
  readonly #options: StackOptions;
  #runs = 0;

  constructor(cliDir: string, options: StackOptions) {
    this.#cliDir = cliDir;
    this.#options = options;
    this.stack = options.stack;
  }

  /** Returns what a command printed on stdout. @throws Error when it fails. */
  async must(...args: string[]): Promise<string> {
    const { ok, stdout, text } = await this.#start(args, {}).result;
    if (!ok) throw new Error(`pulumi ${args.join(" ")}: ${text}`);
    return stdout;
  }

  async operate(command: string, flags: readonly string[], run: RunOptions): Promise<Outcome> {
    this.#runs += 1;
    const log = join(this.#options.backendDir, `events-${this.#runs}.json`);
    const skip = command === "preview" || run.previewFirst === true ? [] : ["--skip-preview"];
    const args = [command, ...flags, ...skip, "--event-log", log];
    const { ok, text } = await this.#start(args, run).result;
    return { ok, text, ...readEvents(existsSync(log) ? readFileSync(log, "utf8") : "") };
  }

  async upKilled(nic: string, victim: Victim, run: RunOptions = {}): Promise<void> {
    const marker = join(this.#options.backendDir, "granted");
    const fault = { nic, change: "create", moment: "after the commit" } as const;
    const env = { ...run.env, ...strikeAt(fault, victim === "all" ? "hang" : "wait", marker) };
    const { child, result } = this.#start(["up", "--yes", "--skip-preview"], { ...run, env });
    let isOver = false;
    void result.then(() => {
      isOver = true;
    });
    while (!existsSync(marker) && !isOver) await sleep(20);
    const orphans = victim === "all" ? [] : descendants(child);
    if (victim === "all") killTree(child);
    else child.kill("SIGKILL");
    const { text } = await result;
    if (!existsSync(marker)) throw new Error(`the engine ended before the grant: ${text}`);
    rmSync(marker);
    // A dead CLI leaves its lock on the stack behind.
    await this.must("cancel", this.stack, "--yes");
    killAll(orphans);
    const { deployment }: State = JSON.parse(await this.must("stack", "export"));
    if (!deployment.pending_operations?.length) throw new Error("the state knows of no interrupted operation");
  }

  #start(args: readonly string[], run: RunOptions) {
    const { projectDir } = this.#options;
    // These two name the stack themselves, and `cancel` takes no flag for it.
    const named = args[1] === "init" || args[0] === "cancel" ? [] : ["--stack", this.stack];
    const child = spawn(join(this.#cliDir, "pulumi"), [...args, ...named, "--non-interactive"], {
      cwd: projectDir,
      env: { ...process.env, ...this.#environment(), ...this.#options.env, ...run.env },
      stdio: ["ignore", "pipe", "pipe"],
      // A terminal sends Ctrl-C to a whole process group, which must not be that of the tests.
      detached: run.terminal !== undefined,
    });
    run.terminal?.on("Ctrl-C", () => process.kill(-(child.pid ?? Number.NaN), "SIGINT"));
    const printed: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        printed[stream] += text;
        run.onText?.(text);
      });
    }
    const result = watchTree(child).then((ok) => {
      return { ok, stdout: printed.stdout, text: printed.stdout + printed.stderr };
    });
    return { child, result };
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: [this.#cliDir, process.env["PATH"]].join(delimiter),
      PULUMI_HOME: join(this.#options.backendDir, "home"),
      // Beside each file the backend otherwise writes its attributes, not atomically: a CLI killed there leaves a state that
      // no CLI can read ("failed to load checkpoint: EOF").
      PULUMI_BACKEND_URL: `file://${join(this.#options.backendDir, "backend")}?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE: "passphrase",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Without it the CLI does not know --event-log; the Automation API does the same.
      PULUMI_DEBUG_COMMANDS: "true",
    };
  }
}
