import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Properties } from "../host/harness";
import { own } from "./child";
import type { Operation } from "./pass";
import type { Config } from "./process";
import type { Deployment } from "./state";

/** What the real CLI did. */
interface CliResult {
  readonly operations: readonly Operation[];
  readonly ok: boolean;
  /** Everything it printed. */
  readonly text: string;
}

/** A stack of the real Pulumi CLI in a file backend of its own; nothing of the user's Pulumi is touched. */
export interface CliStack {
  run(command: "preview" | "up" | "refresh" | "destroy", ...flags: string[]): Promise<CliResult>;
  outputs(): Promise<Properties>;
  state(): Promise<Deployment>;
  remove(): void;
}

/** Makes a stack of the project in `projectDir` with the CLI found in `cliDir`. */
export async function makeCliStack(
  cliDir: string,
  projectDir: string,
  stack: string,
  config: Config,
): Promise<CliStack> {
  const home = mkdtempSync(join(tmpdir(), "engine-pulumi-"));
  mkdirSync(join(home, "backend"));
  const pulumi = (...args: string[]) => runPulumi(cliDir, home, projectDir, [...args, "--stack", stack]);
  const must = async (...args: string[]) => {
    const ran = await pulumi(...args);
    if (!ran.ok) throw new Error(`pulumi ${args.join(" ")}: ${ran.text}`);
    return ran.stdout;
  };
  await must("stack", "init");
  for (const [key, value] of Object.entries(config)) {
    if (typeof value === "string") await must("config", "set", key, value);
    else await must("config", "set", "--secret", key, value.secret);
  }
  return {
    run: async (command, ...flags) => {
      const log = join(home, "events.json");
      rmSync(log, { force: true });
      const agree = command === "preview" ? [] : ["--yes"];
      const { ok, text } = await pulumi(command, ...agree, "--event-log", log, ...flags);
      return { ok, text, operations: operationsOf(existsSync(log) ? readFileSync(log, "utf8") : "") };
    },
    outputs: async () => JSON.parse(await must("stack", "output", "--json", "--show-secrets")),
    state: async () => JSON.parse(await must("stack", "export")),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

async function runPulumi(cliDir: string, home: string, cwd: string, args: readonly string[]) {
  const env = {
    ...process.env,
    PATH: [cliDir, process.env["PATH"]].join(delimiter),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Without it the CLI does not know --event-log; the Automation API does the same.
    PULUMI_DEBUG_COMMANDS: "true",
  };
  const child = spawn(join(cliDir, "pulumi"), [...args, "--non-interactive"], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ok = (await own(child)) === "exit code 0";
  return { ok, stdout, text: stdout + stderr };
}

type Metadata = { readonly op: string; readonly urn: string };
type Event = { readonly resOutputsEvent?: { readonly metadata: Metadata }; readonly preludeEvent?: object };

const translated: Readonly<Record<string, Operation["op"] | undefined>> = {
  create: "create",
  update: "update",
  replace: "replace",
  delete: "delete",
  "delete-replaced": "delete",
  same: "same",
  read: "read",
  refresh: "same",
};

/** Reads the events of the last pass: `up` writes those of its preview first. */
function operationsOf(log: string): Operation[] {
  const events = log
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Event => JSON.parse(line));
  const last = events.slice(events.findLastIndex((event) => event.preludeEvent !== undefined));
  return last.flatMap(({ resOutputsEvent }) => {
    const op = translated[resOutputsEvent?.metadata.op ?? ""];
    return op === undefined || resOutputsEvent === undefined ? [] : [{ op, urn: resOutputsEvent.metadata.urn }];
  });
}
