import Database from "better-sqlite3";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { openConnection } from "../../provider/store/sqlite/connection";
import { createFile, openFile, rejection } from "./support";

afterEach(() => vi.restoreAllMocks());

/** Makes SQLite take no notice of a setting, as it does where the file system cannot do it. */
function ignore(setting: string): void {
  const pragma = Database.prototype.pragma;
  vi.spyOn(Database.prototype, "pragma").mockImplementation(function (this: Database.Database, source, options) {
    return source.startsWith(`${setting} =`) ? undefined : pragma.call(this, source, options);
  });
}

/** Returns the path of a register that was opened before: it keeps its log, but no other setting. */
async function usedFile(): Promise<string> {
  const path = createFile();
  const { store } = await openFile(path);
  await store.close();
  return path;
}

describe("an open register", () => {
  it.each([
    ["journal_mode", "wal"],
    ["synchronous", 2],
    ["fullfsync", 1],
    ["checkpoint_fullfsync", 1],
    ["foreign_keys", 1],
    ["cell_size_check", 1],
    ["trusted_schema", 0],
    ["mmap_size", undefined],
    ["busy_timeout", 0],
  ])("has the setting %s = %s in force", (name, value) => {
    const { database } = openConnection(createFile(), Date.now);
    onTestFinished(() => void database.close());
    const found = database.pragma(name, { simple: true });
    // Where SQLite was built without memory maps, the setting answers nothing.
    if (name === "mmap_size") expect([0, undefined]).toContain(found);
    else expect(found).toBe(value);
  });

  it.each([
    ["journal_mode", "journal_mode delete"],
    ["synchronous", "synchronous 1"],
  ])("is refused when %s does not hold, and the message says what it is instead", async (setting, words) => {
    const path = setting === "synchronous" ? await usedFile() : createFile();
    ignore(setting);
    const error = await rejection(openFile(path));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    for (const text of [path, words, "local disk"]) expect(error.message).toContain(text);
  });

  it("is let go when it is refused: another may take it for itself alone", async () => {
    const path = await usedFile();
    ignore("synchronous");
    await rejection(openFile(path));
    vi.restoreAllMocks();
    const database = new Database(path, { timeout: 0 });
    onTestFinished(() => void database.close());
    expect(() => database.exec("pragma locking_mode = exclusive; begin exclusive; commit")).not.toThrow();
  });
});
