import Database from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { verify } from "../../provider/store/sqlite/verify";
import { createFile, openFile, rejection } from "./support";

function connect(path: string): Database.Database {
  const database = new Database(path, { fileMustExist: true });
  onTestFinished(() => void database.close());
  return database;
}

it("verify finds no fault in what others write between two of its statements", async () => {
  const path = createFile();
  await (await openFile(path)).grant({ owner: "acme/vm" });
  const [database, other] = [connect(path), connect(path)];
  const grant = other.prepare(
    `insert into lease (seq, at, kind, address, pool, owner, scope, installation, actor, rotation, slot, token, description, tags)
     select seq + 1, at, kind, address + 1, pool, owner || seq, scope, installation, actor, rotation, slot, token || seq,
       description, tags
     from lease order by seq desc limit 1`,
  );
  const prepare = database.prepare.bind(database);
  let grants = 0;
  Object.assign(database, {
    prepare: (sql: string) => {
      grants += grant.run().changes;
      return prepare(sql);
    },
  });
  expect((await verify(database)).faults).toEqual([]);
  expect(grants).toBeGreaterThan(10);
});

it("a register that a newer version upgrades while it is open is refused from then on", async () => {
  const path = createFile();
  const register = await openFile(path);
  await register.grant({ owner: "before" });
  connect(path).pragma("user_version = 99");
  expect((await rejection(register.grant({ owner: "after" }))).code).toBe("REGISTER_TOO_NEW");
});
