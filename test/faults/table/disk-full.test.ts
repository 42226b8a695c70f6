import { readdirSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { MacpoolError } from "../../../provider/error";
import type { Grant } from "../../../provider/lease/transact";
import { restoreSqlite } from "../../../provider/store/sqlite/restore";
import { createSqliteRegister } from "../../../provider/store/sqlite/sqlite-store";
import { faultOf } from "../../mac/support";
import { createFile, initial, openFile, type Register, rejection, testContext } from "../../store/support";
import { canMount, canMountFiles, smallExt4, smallTmpfs } from "./mounts";

/** Lets the register allocate, one after another, until it refuses; returns what it granted and how it refused. */
async function untilFull(
  register: Register,
): Promise<{ readonly grants: readonly Grant[]; readonly error: MacpoolError }> {
  const grants: Grant[] = [];
  for (;;) {
    const [outcome] = await Promise.allSettled([register.grant({ owner: `owner-${grants.length}` })]);
    if (outcome?.status === "fulfilled") grants.push(outcome.value);
    else return { grants, error: await rejection(Promise.reject(outcome?.reason)) };
  }
}

/** Writes files until the file system takes no more byte. */
function fill(directory: string): readonly string[] {
  const files: string[] = [];
  for (let size = 1 << 20; size >= 1; size = size >> 1) {
    try {
      for (;;) {
        const file = join(directory, `ballast-${files.length}`);
        files.push(file);
        writeFileSync(file, Buffer.alloc(size));
      }
    } catch {
      // Full for this size; what was written of it stays.
    }
  }
  return files;
}

/** Cuts so many bytes off the largest of `files`. */
function makeRoom(files: readonly string[], bytes: number): void {
  const sizes = files.map((file) => statSync(file).size);
  const largest = sizes.indexOf(Math.max(...sizes));
  truncateSync(files[largest] ?? "", Math.max(...sizes) - bytes);
}

function expectFull(error: MacpoolError, path: string): void {
  expect(error.code).toBe("REGISTER_FULL");
  for (const text of [path, "no space is left", "nothing was allocated", "Free some space and run again"]) {
    expect(error.message).toContain(text);
  }
}

const DISKS: readonly [string, boolean, () => string][] = [
  ["a tmpfs of 1 MiB", canMount, () => smallTmpfs(1024)],
  ["an ext4 of 3 MiB", canMountFiles, () => smallExt4(3072)],
];

describe.each(DISKS)("a disk that runs full: %s", (_, isThere, mount) => {
  it.runIf(isThere)(
    "refuses, holds what it acknowledged and nothing else, answers questions, and goes on once there is space",
    async () => {
      const path = createFile({}, join(mount(), "register.db"));
      const ballast = join(dirname(path), "ballast");
      writeFileSync(ballast, Buffer.alloc(300_000));
      const register = await openFile(path);
      const { grants, error } = await untilFull(register);
      expectFull(error, path);
      expect(grants.length).toBeGreaterThan(10);

      const acknowledged = grants.map(({ lease }) => lease);
      const held = (await register.leases()).toSorted((one, other) => one.seq - other.seq);
      expect(held).toEqual(acknowledged);
      expect(await register.seq()).toBe(acknowledged.at(-1)?.seq);
      expect((await register.store.verify()).faults).toEqual([]);
      const [first] = acknowledged;
      if (first === undefined) throw new Error("nothing was granted");
      expect(await register.store.find(first.address)).toEqual(first);
      expectFull(await rejection(register.release(first)), path);
      expect(await register.store.find(first.address)).toEqual(first);

      rmSync(ballast);
      expect(await register.release(first)).toMatchObject({ address: first.address });
      expect((await register.grant({ owner: `owner-${grants.length}` })).rule).toBe("derive");
      expect((await register.store.verify()).faults).toEqual([]);
    },
  );

  it.runIf(isThere)("refuses to create a register, and leaves nothing behind", () => {
    const directory = mount();
    const ballast = fill(directory);
    const before = readdirSync(directory);
    expect(statfsSync(directory).bavail).toBe(0);
    const path = join(directory, "register.db");
    expectFull(
      faultOf(() => createSqliteRegister(path, initial(), testContext())),
      path,
    );
    expect(readdirSync(directory)).toEqual(before);
    for (const file of ballast) rmSync(file, { force: true });
    createFile({}, path);
  });

  it.runIf(isThere)("refuses to put a backup in the place of a register that it cannot keep", async () => {
    const backup = createFile();
    const path = createFile({}, join(mount(), "register.db"));
    const register = await openFile(path);
    const { lease } = await register.grant();
    await register.store.close();
    const ballast = fill(dirname(path));
    // Room for the new register, and not for the old one beside it.
    makeRoom(ballast, 1.5 * statSync(backup).size);
    const before = readdirSync(dirname(path));
    expectFull(await rejection(restoreSqlite(backup, path, testContext(), { replace: true })), path);
    expect(readdirSync(dirname(path))).toEqual(before);
    for (const file of ballast) rmSync(file, { force: true });
    expect(await (await openFile(path)).store.find(lease.address)).toEqual(lease);
  });

  it.runIf(isThere)("refuses to open one that nobody has open, and says why", async () => {
    const path = createFile({}, join(mount(), "register.db"));
    const ballast = fill(dirname(path));
    expectFull(await rejection(openFile(path)), path);
    for (const file of ballast) rmSync(file, { force: true });
    expect((await (await openFile(path)).grant()).rule).toBe("derive");
  });
});
