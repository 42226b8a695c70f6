import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { own, sdkScript } from "./child";
import type { Diagnostic } from "./pass";

/** Stack configuration: fully namespaced keys; a value is text (objects as JSON) or a secret text. */
export type Config = Readonly<Record<string, string | { readonly secret: string }>>;

/** What runs when a program runs. */
export interface Program {
  /** The working directory of the program and of its provider processes. */
  readonly projectDir: string;
  /** The file to run, relative to `projectDir`; `.` asks package.json. Default: `.`. */
  readonly entry?: string;
  readonly project: string;
  readonly stack: string;
  readonly organization?: string;
  readonly config?: Config;
  /** How many steps run at a time. Default: 16. */
  readonly parallel?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Flags for the node that runs the program (`runtime.options.nodeargs` of Pulumi.yaml). */
  readonly nodeArgs?: readonly string[];
  /** Has the SDK compile TypeScript on the fly. Default: true when `entry` ends in `.ts`. */
  readonly typescript?: boolean;
  /** The `@pulumi/pulumi` package to run. Default: the one that `projectDir` resolves. */
  readonly sdkDir?: string;
}

/** Default for {@link Program.parallel}. */
export const defaultParallel = 16;

/** A program underway. */
export interface RunningProgram {
  /** Resolves with how the process ended: `exit code 0` when all was well. */
  readonly ended: Promise<string>;
  kill(): void;
}

/** Runs a Pulumi program against the monitor at `address`, as the Node language host of Pulumi does. */
export function runProgram(
  program: Program,
  address: string,
  dryRun: boolean,
  onDiagnostic: (diagnostic: Diagnostic) => void,
): RunningProgram {
  const script = sdkScript(program.projectDir, "cmd/run", program.sdkDir);
  const nodeArgs = ["--require", join(__dirname, "plain-errors.cjs"), ...(program.nodeArgs ?? [])];
  const child = spawn(process.execPath, [...nodeArgs, script, ...argumentsOf(program, address, dryRun)], {
    cwd: program.projectDir,
    env: { ...process.env, ...environmentOf(program), ...program.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (message) => onDiagnostic({ severity: "info", message }));
  }
  return { ended: own(child), kill: () => child.kill("SIGKILL") };
}

function argumentsOf(program: Program, address: string, dryRun: boolean): string[] {
  return [
    `--monitor=${address}`,
    `--engine=${address}`,
    `--project=${program.project}`,
    `--stack=${program.stack}`,
    `--organization=${program.organization ?? "organization"}`,
    `--pwd=${program.projectDir}`,
    `--root-directory=${program.projectDir}`,
    `--parallel=${program.parallel ?? defaultParallel}`,
    ...(dryRun ? ["--dry-run"] : []),
    program.entry ?? ".",
  ];
}

function environmentOf(program: Program): NodeJS.ProcessEnv {
  const config = Object.entries(program.config ?? {});
  const clear = config.map(([key, value]) => [key, typeof value === "string" ? value : value.secret]);
  const secretKeys = config.filter(([, value]) => typeof value !== "string").map(([key]) => key);
  const typescript = program.typescript ?? program.entry?.endsWith(".ts") ?? false;
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(clear)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
    ...(typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
  };
}
