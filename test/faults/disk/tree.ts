import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What stands in a directory under a name. */
export interface Entry {
  readonly id: string;
  readonly isDirectory: boolean;
}

/** The state of a directory and all that is in it: by id of the inode, as in shim/image.c. */
export interface Tree {
  readonly root: string;
  readonly contents: ReadonlyMap<string, Buffer>;
  readonly entries: ReadonlyMap<string, ReadonlyMap<string, Entry>>;
}

/** Returns the id that shim/image.c gives the file or directory at `path`. */
function idOf(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true });
  return `${ino}-${birthtimeNs}`;
}

/** Returns the directory at `path` as it is now. */
export function treeOf(path: string): Tree {
  const contents = new Map<string, Buffer>();
  const entries = new Map<string, ReadonlyMap<string, Entry>>();
  const walk = (directory: string) => {
    const found = new Map<string, Entry>();
    for (const name of readdirSync(directory)) {
      if (isShared(name)) continue;
      const inner = join(directory, name);
      const entry = { id: idOf(inner), isDirectory: statSync(inner).isDirectory() };
      found.set(name, entry);
      if (entry.isDirectory) walk(inner);
      else contents.set(entry.id, readFileSync(inner));
    }
    entries.set(idOf(directory), found);
  };
  walk(path);
  return { root: idOf(path), contents, entries };
}

/** Returns the directory `root` as the shim has kept it in `folder`. */
export function keptTree(folder: string, root: string): Tree {
  const contents = new Map<string, Buffer>();
  const entries = new Map<string, ReadonlyMap<string, Entry>>();
  const directories = [idOf(root)];
  const ids = new Set(readdirSync(folder));
  for (const id of directories) {
    if (!ids.delete(id)) continue;
    const found = new Map(parseEntries(readFileSync(join(folder, id), "utf8")));
    entries.set(id, found);
    for (const entry of found.values()) if (entry.isDirectory) directories.push(entry.id);
  }
  // What has no name that was kept may have one that was not.
  for (const id of ids) if (/^\d+-\d+$/.test(id)) contents.set(id, readFileSync(join(folder, id)));
  return { root: idOf(root), contents, entries };
}

function parseEntries(text: string): readonly (readonly [string, Entry])[] {
  const lines = [...text.matchAll(/^([df]) (\S+) (.*)$/gm)];
  const found = lines.map(([, kind, id = "", name = ""]) => [name, { id, isDirectory: kind === "d" }] as const);
  return found.filter(([name]) => !isShared(name));
}

/** SQLite makes its shared memory anew after a power cut, and trusts nothing in it. */
function isShared(name: string): boolean {
  return name.endsWith("-shm");
}

/** Makes `image` what the shim would have kept if everything below `root` had been synced. */
export function keepAll(image: string, root: string): void {
  rmSync(image, { recursive: true, force: true });
  mkdirSync(image);
  const { contents, entries } = treeOf(root);
  for (const [id, content] of contents) writeFileSync(join(image, id), content);
  for (const [id, found] of entries) {
    const lines = [...found].map(([name, entry]) => `${entry.isDirectory ? "d" : "f"} ${entry.id} ${name}\n`);
    writeFileSync(join(image, id), lines.join(""));
  }
}

/** Makes the directory at `path` what `tree` says. */
export function plant(tree: Tree, path: string): void {
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true });
  const planted = new Map<string, string>();
  const fill = (id: string, directory: string) => {
    for (const [name, entry] of tree.entries.get(id) ?? []) {
      const inner = join(directory, name);
      const twin = planted.get(entry.id);
      planted.set(entry.id, inner);
      if (twin !== undefined) linkSync(twin, inner);
      else if (!entry.isDirectory) writeFileSync(inner, tree.contents.get(entry.id) ?? "", { mode: 0o600 });
      else {
        mkdirSync(inner);
        fill(entry.id, inner);
      }
    }
  };
  fill(tree.root, path);
}
