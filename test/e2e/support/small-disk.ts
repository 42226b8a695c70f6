import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of its own that can be filled. */
export class SmallDisk {
  readonly directory: string;
  readonly #filler: string;

  /** Mounts a disk of `mebibytes` at `directory`, which is made. @throws Error when that is not permitted. */
  constructor(directory: string, mebibytes: number) {
    mkdirSync(directory);
    run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", directory);
    process.once("exit", this.#unmount);
    this.directory = directory;
    this.#filler = join(directory, "filler");
  }

  /** Fills it until no more than `kibibytes` are free. */
  fill(kibibytes: number): void {
    const { bavail, bsize } = statfsSync(this.directory);
    const filler = openSync(this.#filler, "w");
    writeSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - kibibytes * 1024)));
    closeSync(filler);
  }

  /** Makes room again. */
  clear(): void {
    rmSync(this.#filler, { force: true });
  }

  /** Takes it away, whoever still uses it. */
  unmount(): void {
    process.removeListener("exit", this.#unmount);
    this.#unmount();
  }

  readonly #unmount = (): void => run("umount", "--lazy", this.directory);
}

/**
 * Returns why no small disk can be had here, undefined when there can be one. With MACPOOL_REQUIRE_TOOLS=1, as in CI,
 * that is a failure.
 */
export function noSmallDisk(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), "macpool-disk-"));
  try {
    new SmallDisk(join(directory, "disk"), 1).unmount();
    return undefined;
  } catch (error) {
    const reason = `a small disk cannot be mounted here: ${error instanceof Error ? error.message : String(error)}`;
    if (process.env["MACPOOL_REQUIRE_TOOLS"] === "1") throw new Error(`MACPOOL_REQUIRE_TOOLS=1, but ${reason}`);
    return reason;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr.trim()}`);
}
