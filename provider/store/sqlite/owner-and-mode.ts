import { statSync } from "node:fs";

/** Returns whose `path` is and what its mode allows, as against who we are, in words that end a sentence. */
export function ownerAndMode(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  const user = process.getuid?.();
  if (stat === undefined || user === undefined) return `check the owner and mode of ${path}`;
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
  return `check the owner and mode of ${path}: it belongs to user ${stat.uid} with mode ${mode}, and this is user ${user}`;
}
