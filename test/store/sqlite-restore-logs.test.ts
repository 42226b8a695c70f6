import { copyFileSync, existsSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { backupSqlite } from "../../provider/store/sqlite/backup";
import { restoreSqlite } from "../../provider/store/sqlite/restore";
import { putInPlace } from "../../provider/store/sqlite/scratch";
import { faultOf } from "../mac/support";
import { createFile, openFile, rejection, temporaryDirectory, testContext } from "./support";

const death = vi.hoisted(() => ({ afterRenaming: false }));

vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  const renameSync = (from: string, to: string) => {
    real.renameSync(from, to);
    if (death.afterRenaming) throw new Error("the process was killed");
  };
  return { ...real, renameSync };
});

/** Returns the path of a copy of a register with one lease, whose newest changes are in the log beside it. */
async function copyWithLog(owner: string): Promise<string> {
  const register = await openFile(createFile());
  await register.grant({ owner });
  const copy = join(temporaryDirectory(), "copy.db");
  for (const suffix of ["", "-wal"]) copyFileSync(register.store.location + suffix, copy + suffix);
  return copy;
}

async function ownersIn(path: string): Promise<readonly string[]> {
  const register = await openFile(path);
  expect((await register.store.verify()).faults).toEqual([]);
  return (await register.leases()).map(({ owner }) => owner);
}

describe("a backup with a log beside it", () => {
  it("is restored with it, also by the name of a link", async () => {
    const copy = await copyWithLog("newest");
    const link = join(temporaryDirectory(), "latest.db");
    symlinkSync(copy, link);
    for (const from of [copy, link]) {
      const target = join(temporaryDirectory(), "register.db");
      await restoreSqlite(from, target, testContext());
      expect(await ownersIn(target)).toEqual(["newest"]);
    }
  });
});

describe("a register that cannot be read and has left its log", () => {
  it.each([
    ["is empty", (path: string) => truncateSync(path, 0)],
    ["is gone", (path: string) => rmSync(path)],
    ["is a text", (path: string) => writeFileSync(path, "no database")],
  ])("does not leave it to the restored one when that is cut off: it %s", async (_, spoil) => {
    const register = await openFile(createFile());
    await register.grant({ owner: "restored" });
    const backup = join(temporaryDirectory(), "backup.db");
    await backupSqlite(register.store.location, backup, testContext());
    const target = await copyWithLog("lost");
    spoil(target);
    death.afterRenaming = true;
    const cut = restoreSqlite(backup, target, testContext(), { replace: true });
    await expect(cut).rejects.toThrow("killed");
    death.afterRenaming = false;
    expect(await ownersIn(target)).toEqual(["restored"]);
  });
});

describe("a new register of which a part is still in its log, as on a full disk", () => {
  it("is not put in its place", async () => {
    const copy = await copyWithLog("in the log");
    const target = join(temporaryDirectory(), "register.db");
    expect(faultOf(() => putInPlace(copy, target)).code).toBe("REGISTER_FULL");
    expect(existsSync(target)).toBe(false);
  });
});

it("a backup that is not there is said to be missing", async () => {
  const target = join(temporaryDirectory(), "register.db");
  const gone = join(temporaryDirectory(), "gone.db");
  expect((await rejection(restoreSqlite(gone, target, testContext()))).code).toBe("REGISTER_MISSING");
});
