import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./root";

/** The environment under which every fsync of a new process takes longer. */
export interface SlowDisk {
  environment(milliseconds: number): NodeJS.ProcessEnv;
  remove(): void;
}

/** Compiles the shim that slows fsync down; returns undefined, loudly, where that is not possible. */
export function makeSlowDisk(): SlowDisk | undefined {
  const directory = mkdtempSync(join(tmpdir(), "macpool-bench-shim-"));
  // A database server loads it as another user.
  chmodSync(directory, 0o755);
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const library = join(directory, "slow-fsync.so");
  const source = join(ROOT, "bench", "slow-fsync.c");
  const built =
    process.platform === "linux" &&
    ["cc", "gcc", "clang"].some((compiler) => {
      const { status } = spawnSync(compiler, ["-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"]);
      return status === 0;
    });
  if (!built) {
    remove();
    console.error(
      "SKIPPED: figures on a slower disk need Linux and a C compiler (Debian: apt-get install gcc libc6-dev).",
    );
    return undefined;
  }
  const environment = (milliseconds: number) => ({
    LD_PRELOAD: library,
    MACPOOL_BENCH_FSYNC_US: String(Math.round(milliseconds * 1000)),
  });
  return { environment, remove };
}
