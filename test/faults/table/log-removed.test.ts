import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createFile, openFile, type Register, rejection, request } from "../../store/support";
import { Worker } from "../processes/process";

async function ownersIn(path: string): Promise<readonly string[]> {
  const register = await openFile(path);
  expect((await register.store.verify()).faults).toEqual([]);
  return (await register.leases()).map(({ owner }) => owner).sort();
}

/** Opens a register, grants an address to `first`, and removes its log as somebody who tidies up would. */
async function withoutLog(
  ...suffixes: readonly string[]
): Promise<{ readonly path: string; readonly register: Register }> {
  const path = createFile();
  const register = await openFile(path);
  await register.grant({ owner: "first" });
  for (const suffix of suffixes) rmSync(path + suffix);
  return { path, register };
}

/** Has another process take addresses from a register, and returns it with the register still open. */
async function another(path: string): Promise<Worker> {
  const worker = new Worker();
  await worker.ask({ do: "open", path });
  const { addresses } = await worker.ask({
    do: "allocate",
    request: request({ owner: "another" }),
    count: 20,
    atOnce: 20,
  });
  expect(addresses).toHaveLength(20);
  return worker;
}

async function assertRefused(register: Register, path: string): Promise<void> {
  for (const owner of ["second", "third"]) {
    const error = await rejection(register.grant({ owner }));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    for (const word of [`${path}-wal`, "removed or replaced", "nothing was written", "macpool reconcile"]) {
      expect(error.message).toContain(word);
    }
  }
}

describe("a log that was removed under an open register", () => {
  it.each([["-wal", "-shm"], ["-wal"], ["-shm"]])("ends all writing: %s", async (...suffixes) => {
    const { path, register } = await withoutLog(...suffixes);
    await assertRefused(register, path);
  });

  it("loses nothing when nobody else has come", async () => {
    const { path, register } = await withoutLog("-wal", "-shm");
    await assertRefused(register, path);
    await register.store.close();
    expect(await ownersIn(path)).toEqual(["first"]);
  });

  it.each(["has gone again", "is still there"])("never undoes what another process wrote that %s", async (which) => {
    const { path, register } = await withoutLog("-wal", "-shm");
    const other = await another(path);
    if (which === "has gone again") await other.ask({ do: "close" });
    await assertRefused(register, path);
    await register.store.close();
    if (which === "is still there") await other.ask({ do: "close" });
    // The first one was in the log alone.
    expect(await ownersIn(path)).toEqual(Array.from({ length: 20 }, (_, index) => `another-${index}`).sort());
  });
});
