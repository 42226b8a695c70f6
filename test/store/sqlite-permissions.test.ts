import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Answer, Worker } from "../faults/processes/process";
import { schemaOf, writeOldSchema } from "./old-schema";
import { createFile, initial, openFile, request, temporaryDirectory } from "./support";

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

/**
 * Starts a process that file modes bind: they do not bind root, so root's tests act as nobody. Returns undefined, and
 * says so, where that user cannot even load the code under test.
 */
async function bound(): Promise<Worker | undefined> {
  const worker = new Worker(isRoot ? NOBODY : undefined);
  try {
    await worker.ask({ do: "unlock" });
    return worker;
  } catch (error) {
    console.warn(`SKIPPED: no process that file modes bind could be started here. ${String(error)}`);
    return undefined;
  }
}

/** Returns the path of a register that `bound` processes own, fresh or with a log in use before. */
async function owned(isUsed: boolean): Promise<string> {
  const path = createFile();
  if (isUsed) {
    const register = await openFile(path);
    await register.grant();
    await register.store.close();
  }
  if (isRoot) for (const name of [path, dirname(path)]) chownSync(name, NOBODY, NOBODY);
  return path;
}

/** Gives `path` a mode that stands in the way, until the test ends and its directory is to be removed. */
function forbid(path: string, mode: number): void {
  chmodSync(path, mode);
  onTestFinished(() => chmodSync(path, 0o755));
}

/** Opens the register and allocates; returns the first answer that is an error. */
async function use(worker: Worker, path: string): Promise<Answer> {
  const opened = await worker.ask({ do: "open", path });
  if (opened.code !== undefined) return opened;
  return worker.ask({ do: "allocate", request: request({ owner: "nobody" }), count: 1, atOnce: 1 });
}

describe.each([
  ["fresh", false],
  ["in use before", true],
])("a register that was %s", (_, isUsed) => {
  it("works for who may write file and directory", async () => {
    const path = await owned(isUsed);
    const worker = await bound();
    if (worker === undefined) return;
    expect((await use(worker, path)).addresses).toHaveLength(1);
  });

  it("in a file that is read-only grants nothing, and the message says so", async () => {
    const path = await owned(isUsed);
    forbid(path, 0o444);
    const worker = await bound();
    if (worker === undefined) return;
    const answer = await use(worker, path);
    expect(answer.code).toBe("REGISTER_UNUSABLE");
    const facts = [path, "read-only", "owner and mode", `user ${process.getuid?.()}`, "mode 0444"];
    for (const text of isRoot ? [path, "read-only", `user ${NOBODY} with mode 0444`] : facts) {
      expect(answer.message).toContain(text);
    }
  });

  it("in a directory that is read-only grants nothing, and the message names the directory as the reason", async () => {
    const path = await owned(isUsed);
    forbid(dirname(path), 0o555);
    const worker = await bound();
    if (worker === undefined) return;
    const answer = await use(worker, path);
    expect(answer.code).toBe("REGISTER_UNUSABLE");
    for (const text of [path, "needed on the directory", `of ${dirname(path)}: it belongs`, "mode 0555"]) {
      expect(answer.message).toContain(text);
    }
  });

  it("that this user may not read is refused, and the message says whose it is", async () => {
    const path = await owned(isUsed);
    forbid(path, 0o000);
    const worker = await bound();
    if (worker === undefined) return;
    const answer = await use(worker, path);
    expect(answer.code).toBe("REGISTER_UNUSABLE");
    for (const text of [path, "cannot be opened", "owner and mode", "mode 0000"])
      expect(answer.message).toContain(text);
  });

  it.runIf(isRoot)("that is another user's alone is refused, and the message says whose it is", async () => {
    const path = await owned(isUsed);
    chownSync(path, 0, 0);
    forbid(path, 0o600);
    const worker = await bound();
    if (worker === undefined) return;
    const answer = await use(worker, path);
    expect(answer.code).toBe("REGISTER_UNUSABLE");
    expect(answer.message).toContain(`of ${path}: it belongs to user 0 with mode 0600, and this is user ${NOBODY}`);
  });
});

describe("a register of which this user may only read the file", () => {
  /** The directory lets everybody make files in it, as a common one of a group does. */
  async function readable(): Promise<string> {
    const path = await owned(true);
    forbid(path, 0o444);
    return path;
  }

  it("gets no log of theirs, which would keep everybody else from writing", async () => {
    const path = await readable();
    const worker = await bound();
    if (worker === undefined) return;
    const answer = await worker.ask({ do: "open", path });
    expect(answer.code).toBe("REGISTER_UNUSABLE");
    expect(answer.message).toContain(`of ${path}: it belongs to user`);
    expect(readdirSync(dirname(path))).toEqual(["register.db"]);
    chmodSync(path, 0o644);
    expect((await use(worker, path)).addresses).toHaveLength(1);
  });

  it.runIf(isRoot)("can be read by them while somebody has it open who may write", async () => {
    const path = await readable();
    const register = await openFile(path);
    await register.grant();
    const worker = await bound();
    if (worker === undefined) return;
    expect((await worker.ask({ do: "open", path })).code).toBeUndefined();
  });

  it.runIf(isRoot)("names the log that another reader has left in the way", async () => {
    const path = await owned(true);
    for (const suffix of ["-wal", "-shm"]) writeFileSync(path + suffix, "", { mode: 0o444 });
    const worker = await bound();
    if (worker === undefined) return;
    const answer = await use(worker, path);
    expect(answer.code).toBe("REGISTER_UNUSABLE");
    for (const text of ["its log is read-only", `${path}-wal: it belongs to user 0 with mode 0444`, "remove nothing"]) {
      expect(answer.message).toContain(text);
    }
  });
});

describe("a register of an older schema", () => {
  it("that this user may only read is not brought up, and the message says why", async () => {
    const path = await owned(true);
    const old = join(dirname(path), "old.db");
    writeOldSchema(path, old, 1);
    if (isRoot) chownSync(old, NOBODY, NOBODY);
    forbid(old, 0o444);
    const worker = await bound();
    if (worker === undefined) return;
    const answer = await worker.ask({ do: "open", path: old });
    expect(answer.code).toBe("REGISTER_UNUSABLE");
    for (const text of [old, "read-only", "owner and mode"]) expect(answer.message).toContain(text);
    expect(schemaOf(old)).toBe(1);
  });
});

describe("a directory that this user may not enter or write", () => {
  it("is named when a register in it cannot be reached", async () => {
    const path = await owned(false);
    forbid(dirname(path), 0o000);
    const worker = await bound();
    if (worker === undefined) return;
    const answer = await use(worker, path);
    expect(answer.code).toBe("REGISTER_UNUSABLE");
    for (const text of [path, "EACCES", "directory"]) expect(answer.message).toContain(text);
  });

  it.each(["register.db", "made/register.db"])(
    "is named when %s cannot be created, and nothing is left",
    async (name) => {
      const directory = join(temporaryDirectory(), "locked");
      mkdirSync(directory);
      writeFileSync(join(directory, "other"), "");
      chmodSync(dirname(directory), 0o755);
      forbid(directory, 0o555);
      const worker = await bound();
      if (worker === undefined) return;
      const path = join(directory, name);
      const answer = await worker.ask({ do: "create", path, content: initial() });
      expect(answer.code).toBe("REGISTER_UNUSABLE");
      for (const text of [path, dirname(path), "EACCES"]) expect(answer.message).toContain(text);
      expect(readdirSync(directory)).toEqual(["other"]);
    },
  );
});
