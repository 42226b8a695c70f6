import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRegister, systemContext } from "../../provider/store/open";
import type { LeaseStore } from "../../provider/store/store";
import { type Ran, macpool as run } from "./child";

/** The installation of a Pulumi program in these tests. */
export const PROGRAM = "0b0a7a0e-5d2c-4f0e-9e0b-1f6e6a1c2d3e";

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

/** Returns a fresh lab; its register is not created yet. */
export function openLab(): Lab {
  const directory = mkdtempSync(join(tmpdir(), "macpool-cli-"));
  const register = join(directory, "register.db");
  const macpool = (...args: readonly string[]) => run(register, args);
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
