import { oneOf, type Random } from "./random";
import type { Entry, Tree } from "./tree";

/** What a disk writes in one piece. */
const SECTOR = 512;

/** How much of what was never synced reached the disk all the same: shares from 0 to 1. */
export interface Luck {
  readonly sectors: number;
  readonly names: number;
}

/** A disk on which only what was synced is there. */
export const NONE: Luck = { sectors: 0, names: 0 };

/** Returns some luck, now with the content of files and now with their names. */
export function someLuck(random: Random): Luck {
  return { sectors: oneOf([0.1, 0.5, 0.9, 1], random), names: oneOf([0, 0.5, 1], random) };
}

/**
 * Returns what is on the disk after the power failed: what was `kept` for good and, of what is only `live`, a random part.
 * Sectors of a file come one by one, and names too, but for those that one renaming changed.
 */
export function afterCut(kept: Tree, live: Tree, luck: Luck, random: Random): Tree {
  const entries = new Map<string, ReadonlyMap<string, Entry>>();
  const contents = new Map<string, Buffer>();
  const settle = (id: string) => {
    const names = settledNames(kept.entries.get(id) ?? new Map(), live.entries.get(id) ?? new Map(), luck, random);
    entries.set(id, names);
    for (const { id: inner, isDirectory } of names.values()) {
      if (isDirectory) settle(inner);
      else contents.set(inner, settledContent(kept.contents.get(inner), live.contents.get(inner), luck, random));
    }
  };
  settle(kept.root);
  return { root: kept.root, entries, contents };
}

type Names = ReadonlyMap<string, Entry>;

function settledNames(kept: Names, live: Names, { names: share }: Luck, random: Random): Names {
  const names = new Map(kept);
  const changed = new Set([...kept.keys(), ...live.keys()].filter((name) => kept.get(name)?.id !== live.get(name)?.id));
  while (changed.size > 0) {
    const group = groupOf(changed, kept, live);
    const isLucky = random() < share;
    for (const name of group) {
      changed.delete(name);
      const entry = live.get(name);
      if (!isLucky) continue;
      if (entry === undefined) names.delete(name);
      else names.set(name, entry);
    }
  }
  return names;
}

/** Returns the first of the names and all that have, or had, an inode in common with it: a renaming is one step. */
function groupOf(changed: ReadonlySet<string>, kept: Names, live: Names): readonly string[] {
  const group = [...changed].slice(0, 1);
  for (const name of group) {
    const ids = [kept.get(name)?.id, live.get(name)?.id].filter((id) => id !== undefined);
    for (const other of changed) {
      const isBound = [kept.get(other)?.id, live.get(other)?.id].some((id) => id !== undefined && ids.includes(id));
      if (isBound && !group.includes(other)) group.push(other);
    }
  }
  return group;
}

function settledContent(kept: Buffer = Buffer.alloc(0), live = kept, { sectors }: Luck, random: Random): Buffer {
  if (sectors === 0 || kept.equals(live)) return kept;
  const size = random() < sectors ? live.length : kept.length;
  const content = Buffer.alloc(size);
  kept.copy(content);
  for (let at = 0; at < size; at += SECTOR) {
    if (random() >= sectors) continue;
    content.fill(0, at, Math.min(at + SECTOR, size));
    if (at < live.length) live.copy(content, at, at, at + SECTOR);
  }
  return content;
}
