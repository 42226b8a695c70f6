import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "../../store/support";

/** Whether the tests of a run must find everything they need; set where everything was installed. */
const isDemanding = process.env["MACPOOL_REQUIRE_TOOLS"] === "1";

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

/** Whether this process may mount file systems. Where it must be able to and is not, loading this file fails. */
export const canMount = may("mount file systems", "full disks and of a file that is mounted by itself", () => {
  // In a mount namespace of its own, so that nothing is left of the trial.
  run("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt");
});

/** Whether it may mount a file as a disk. */
export const canMountFiles =
  canMount &&
  may("mount a file as a disk", "a full ext4", () => {
    run("losetup", "--find");
    run("mkfs.ext4", "-V");
  });

function may(what: string, tests: string, attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    const words = `this process cannot ${what}, which the tests of ${tests} need. ${String(error)}`;
    if (isDemanding) throw new Error(`MACPOOL_REQUIRE_TOOLS=1, but ${words}`);
    console.warn(`SKIPPED: ${words}`);
    return false;
  }
}

function unmounted(directory: string): void {
  onTestFinished(() => run("umount", "--lazy", directory));
}

/** Mounts a file system of so many KiB in memory until the test ends, and returns where. */
export function smallTmpfs(kibibytes: number): string {
  const directory = temporaryDirectory();
  run("mount", "-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", directory);
  unmounted(directory);
  return directory;
}

/** Mounts an ext4 file system of so many KiB, in a file, until the test ends, and returns where. */
export function smallExt4(kibibytes: number): string {
  const image = `${temporaryDirectory()}/disk.img`;
  run("truncate", "-s", `${kibibytes}K`, image);
  run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-m", "0", image);
  const directory = temporaryDirectory();
  run("mount", "-o", "loop", image, directory);
  unmounted(directory);
  return directory;
}

/** Mounts the file over itself, as a container does that is given a single file, until the test ends. */
export function bindFile(path: string): void {
  run("mount", "--bind", path, path);
  unmounted(path);
}
