import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { watchTree } from "../../e2e/support/process-tree";
import type { Ran } from "./tool";

/** What machines that deploy the same stacks share. */
export interface Site {
  /** The directory of the Pulumi CLI. */
  readonly cliDir: string;
  /** A directory below which programs find what they import; everything is in here. */
  readonly directory: string;
}

/** A computer: a home and a checkout of the project of its own, and a backend that it shares with the others. */
export class Machine {
  readonly home: string;
  readonly checkout: string;
  readonly #site: Site;
  readonly #env: NodeJS.ProcessEnv;

  /** `source` is what it checks out; `env` is set in everything that runs there. */
  constructor(site: Site, name: string, source: string, env: NodeJS.ProcessEnv) {
    this.home = join(site.directory, name, "home");
    this.checkout = join(site.directory, name, "checkout");
    this.#site = site;
    this.#env = env;
    for (const directory of [this.home, backendOf(site)]) mkdirSync(directory, { recursive: true });
    cpSync(source, this.checkout, { recursive: true });
  }

  /** Runs a program in the checkout, to its end. */
  async run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const child = spawn(program, args, {
      cwd: this.checkout,
      env: { ...process.env, ...this.#environment(), ...this.#env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
    }
    await watchTree(child);
    return { code: child.exitCode, text };
  }

  /** Nothing of the user's own Pulumi, home or register. */
  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: [this.#site.cliDir, process.env["PATH"]].join(delimiter),
      HOME: this.home,
      XDG_DATA_HOME: "",
      PULUMI_HOME: join(this.home, ".pulumi"),
      PULUMI_BACKEND_URL: `file://${backendOf(this.#site)}`,
      PULUMI_CONFIG_PASSPHRASE: "passphrase",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      MACPOOL_STORE: "",
      GITHUB_STEP_SUMMARY: "",
    };
  }
}

/** Returns where the states of the site's stacks are. */
export function backendOf(site: Site): string {
  return join(site.directory, "backend");
}

/** Returns a digest of every file below a directory, by path. */
export function contentOf(directory: string): Record<string, string> {
  const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
  return Object.fromEntries(filesBelow(directory).map((file) => [file, digest(file)]));
}

/** Returns the registers below a directory, whatever their names (sqlite.org/fileformat.html, section 1.3). */
export function registersBelow(directory: string): string[] {
  return filesBelow(directory).filter((file) => readFileSync(file).subarray(0, 15).toString() === "SQLite format 3");
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
