import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRegister, systemContext } from "../../provider/store/open";
import type { LeaseStore } from "../../provider/store/store";

/** The built command, as a user has it. */
export const MACPOOL = join(__dirname, "../../dist/cli/main.js");

/** The installation of a Pulumi program in these tests. */
export const PROGRAM = "0b0a7a0e-5d2c-4f0e-9e0b-1f6e6a1c2d3e";

/** What a run of the command came to. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A scratch directory with one register. */
export interface Lab {
  readonly directory: string;
  readonly register: string;
  /** Runs the built command on the register. */
  macpool(...args: readonly string[]): Promise<Ran>;
  /** Runs it as `macpool` does, and returns the lines it printed; fails unless it ended with 0. */
  lines(...args: readonly string[]): Promise<readonly string[]>;
  /** Runs `work` on the register from here, as a Pulumi program's provider would. */
  withStore<T>(work: (store: LeaseStore) => Promise<T>): Promise<T>;
  remove(): void;
}

/** Returns the environment a child gets: this process's own without what would change its output. */
export function environment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NO_COLOR: _colour, FORCE_COLOR: _force, ...rest } = process.env;
  return { ...rest, TERM: "xterm", ...extra };
}

/** Returns a fresh lab; its register is not created yet. */
export function openLab(): Lab {
  const directory = mkdtempSync(join(tmpdir(), "macpool-cli-"));
  const register = join(directory, "register.db");
  const macpool = (...args: readonly string[]) => run(args, register);
  return {
    directory,
    register,
    macpool,
    async lines(...args) {
      const { code, stdout, stderr } = await macpool(...args);
      if (code !== 0) throw new Error(`macpool ${args.join(" ")} ended with ${code}: ${stderr}`);
      return stdout.split("\n").slice(0, -1);
    },
    async withStore(work) {
      const store = await openRegister(
        register,
        systemContext(() => undefined),
      );
      try {
        return await work(store);
      } finally {
        await store.close();
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function run(args: readonly string[], register: string): Promise<Ran> {
  const options = { env: environment({ MACPOOL_STORE: register }), maxBuffer: 2 ** 28 };
  return new Promise((resolve) => {
    execFile(process.execPath, [MACPOOL, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr });
    });
  });
}
