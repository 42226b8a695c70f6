import { runTool } from "./tool";

/**
 * Returns what to put before a command so that `directory` is read-only for it: a mount of its own, because file modes do
 * not bind root. Undefined, loudly, where the kernel lets nobody make name spaces.
 */
export function readOnly(directory: string): readonly string[] | undefined {
  const mounts = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
  const prefix = ["--user", "--map-root-user", "--mount", "sh", "-c", mounts, directory];
  const { code, text } = runTool("unshare", [...prefix, "test", "!", "-w", directory]);
  if (code === 0) return ["unshare", ...prefix];
  console.warn(`\nSKIPPED: nothing can be mounted read-only here: ${text}\n`);
  return undefined;
}
