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
  if (root.pid === undefined) return;
  for (const pid of [root.pid, ...descendants(root.pid)]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself, because the one it served was gone.
    }
  }
}

function descendants(ancestor: number): number[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const processes = table.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    processes.flatMap(([pid = 0, ppid = 0]) => (ppid === parent ? [pid, ...below(pid)] : []));
  return below(ancestor);
}
