import { type ChildProcess, execFileSync } from "node:child_process";

const roots = new Set<ChildProcess>();
process.on("exit", () => {
  for (const root of roots) killTree(root);
});

/** Resolves with whether the process ended well; a test run that dies takes it along, with all that it started. */
export function watchTree(root: ChildProcess): Promise<boolean> {
  roots.add(root);
  return new Promise((resolve, reject) => {
    root.once("error", reject);
    root.once("close", (code) => {
      roots.delete(root);
      resolve(code === 0);
    });
  });
}

/** Kills a process and all that it started: Pulumi's plugins have process groups of their own and would outlive it. */
export function killTree(root: ChildProcess): void {
  if (root.pid !== undefined) killAll([root.pid, ...descendants(root)]);
}

/** Kills processes; those that ended by themselves, because the one they served was gone, are passed over. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
}

/** Returns the ids of all that a process started, and of what those started. */
export function descendants(root: ChildProcess): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const processes = table.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    processes.flatMap(([pid = 0, ppid = 0]) => (ppid === parent ? [pid, ...below(pid)] : []));
  return root.pid === undefined ? [] : below(root.pid);
}
