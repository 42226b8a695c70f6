import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { backupSqlite } from "../../provider/store/sqlite/backup";
import { type Answer, Worker } from "../faults/processes/process";
import { createFile, openFile, rejection, request, STORE_ID, temporaryDirectory, testContext } from "./support";

const LIMIT = 120_000;

/** Returns the path of a register with some leases in its log, and one process that has it open. */
async function usedFile(owners = ["a", "b", "c"]) {
  const path = createFile();
  const register = await openFile(path);
  for (const owner of owners) await register.grant({ owner });
  return { path, register };
}

describe("a backup", () => {
  it("is one file for this user alone that holds everything, log included, and opens as a register", async () => {
    const { path, register } = await usedFile();
    const target = join(temporaryDirectory(), "backup.db");
    const copied = await backupSqlite(path, target, testContext());
    expect(copied).toEqual({ location: target, storeId: STORE_ID, seq: await register.seq(), leases: 3 });
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(target))).toEqual(["backup.db"]);
    const copy = await openFile(target);
    expect(await copy.leases()).toEqual(await register.leases());
    expect(await copy.events()).toEqual(await register.events());
  });

  it("holds every lease acknowledged before it began, while two processes go on allocating", {
    timeout: LIMIT,
  }, async () => {
    const path = createFile();
    const workers = [new Worker(), new Worker()];
    await Promise.all(workers.map((worker) => worker.ask({ do: "open", path })));
    for (const [index, worker] of workers.entries())
      worker.tell({ do: "stream", request: request({ owner: `w${index}` }) });
    const acknowledged: Answer[] = [];
    for (let round = 0; round < 5; round += 1) {
      for (const worker of workers) for (let count = 0; count < 40; count += 1) acknowledged.push(await worker.next());
      const target = join(temporaryDirectory(), `backup-${round}.db`);
      await backupSqlite(path, target, testContext());
      const copy = await openFile(target);
      const owners = new Set((await copy.leases()).map(({ owner }) => owner));
      expect(acknowledged.filter(({ owner = "" }) => !owners.has(owner))).toEqual([]);
      expect((await copy.store.verify()).faults).toEqual([]);
    }
    const afterwards = await Promise.all(workers.map((worker) => worker.next()));
    expect(afterwards.every(({ address }) => address !== undefined)).toBe(true);
  });

  it("is of the moment it began at: what is committed meanwhile neither shows in it nor starts it again", async () => {
    const { path, register } = await usedFile([]);
    for (let batch = 0; batch < 20; batch += 1) {
      await register.store.acquire(
        Array.from({ length: 1000 }, (_, index) => request({ owner: `o${batch}-${index}` })),
      );
    }
    const target = join(temporaryDirectory(), "backup.db");
    let steps = 0;
    let last = -1;
    const writes: Promise<unknown>[] = [];
    const progress = (done: number, _: number, unit: string) => {
      if (unit !== "pages copied") return;
      steps += 1;
      expect(done).toBeGreaterThan(last);
      last = done;
      writes.push(register.grant({ owner: `during-${steps}` }));
    };
    const copied = await backupSqlite(path, target, testContext(), { progress });
    await Promise.all(writes);
    expect(steps).toBeGreaterThan(2);
    expect(copied.leases).toBe(20_000);
  });

  it.each(["backup.db", "backup.db-wal", "backup.db-journal"])(
    "never overwrites a file, nor settles beside a log that SQLite would take for its own: %s",
    async (name) => {
      const { path } = await usedFile();
      const directory = temporaryDirectory();
      writeFileSync(join(directory, name), "mine");
      const error = await rejection(backupSqlite(path, join(directory, "backup.db"), testContext()));
      expect(error.code).toBe("REGISTER_EXISTS");
      expect(error.message).toContain(join(directory, name));
      expect(readFileSync(join(directory, name), "utf8")).toBe("mine");
      expect(readdirSync(directory)).toEqual([name]);
    },
  );

  it("never overwrites a file that came while it was made", async () => {
    const { path } = await usedFile();
    const target = join(temporaryDirectory(), "backup.db");
    const progress = () => writeFileSync(target, "mine");
    const large = await openFile(path);
    for (let batch = 0; batch < 20; batch += 1) {
      await large.store.acquire(Array.from({ length: 1000 }, (_, index) => request({ owner: `o${batch}-${index}` })));
    }
    expect((await rejection(backupSqlite(path, target, testContext(), { progress }))).code).toBe("REGISTER_EXISTS");
    expect(readFileSync(target, "utf8")).toBe("mine");
    expect(readdirSync(dirname(target))).toEqual(["backup.db"]);
  });

  it("of an unsound register is refused, and nothing is left behind", async () => {
    const { path, register } = await usedFile();
    await register.store.close();
    const database = new Database(path);
    database.exec("delete from lease where owner = 'a'");
    database.close();
    const target = join(temporaryDirectory(), "backup.db");
    expect((await rejection(backupSqlite(path, target, testContext()))).code).toBe("REGISTER_CORRUPT");
    expect(readdirSync(dirname(target))).toEqual([]);
  });

  it("that is called off leaves nothing behind", async () => {
    const { path } = await usedFile();
    const target = join(temporaryDirectory(), "backup.db");
    const controller = new AbortController();
    controller.abort(new Error("called off"));
    await expect(backupSqlite(path, target, testContext(), { signal: controller.signal })).rejects.toThrow(
      "called off",
    );
    expect(readdirSync(dirname(target))).toEqual([]);
  });

  it("into a directory that is not there is refused, and does not make it", async () => {
    const { path } = await usedFile();
    const directory = join(temporaryDirectory(), "gone");
    const error = await rejection(backupSqlite(path, join(directory, "backup.db"), testContext()));
    expect(error.code).toBe("REGISTER_UNUSABLE");
    expect(existsSync(directory)).toBe(false);
  });
});
