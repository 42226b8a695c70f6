import Database from "better-sqlite3";
import { newRegister, systemContext } from "../provider/store/open";
import { createSqliteRegister } from "../provider/store/sqlite/sqlite-store";

/** Leases written before the next are made up. */
const CHUNK = 100_000;

/**
 * Creates a register at `path` with so many leases, spread evenly over the pool `default`, each with its event. By SQL, in
 * ascending order and without a journal, because millions would take hours by allocation.
 */
export function fillRegister(path: string, leases: number): void {
  createSqliteRegister(path, newRegister(), systemContext(console.error));
  const database = new Database(path);
  for (const setting of ["journal_mode = off", "synchronous = off", "cache_size = -200000"]) database.pragma(setting);
  database.exec("insert or ignore into name (value) values ('filled'), ('acme/filled/production/lab:vm:Vm/')");
  const first = Number(database.prepare("select max(seq) from event").pluck().get());
  // Beyond what is reserved in every new register.
  const range = { start: 0x4202_0000_0000, stride: Math.floor(0xfd_0000_0000 / Math.max(leases, 1)) };
  database.exec("begin");
  for (let from = 0; from < leases; from += CHUNK) {
    fillChunk(database, { ...range, first, from, to: Math.min(from + CHUNK, leases) - 1 });
  }
  database.exec("commit");
  database.close();
}

type Chunk = Readonly<Record<"start" | "stride" | "first" | "from" | "to", number>>;

function fillChunk(database: Database.Database, chunk: Chunk): void {
  const numbers = "with recursive number (n) as (select :from union all select n + 1 from number where n < :to)";
  const owner = "format('web-%010d-nic0', n)";
  const scope = "(select id from name where value = 'acme/filled/production/lab:vm:Vm/')";
  const name = "(select id from name where value = 'filled')";
  database
    .prepare(
      `${numbers} insert into lease (seq, at, kind, address, pool, owner, scope, installation, actor, rotation, slot, token,
                                     description, tags)
       select :first + n + 1, 1, 'derive', :start + n * :stride, 1, ${owner}, ${scope}, ${name}, ${name}, '', 0,
              format('filled-%015d', n), '', '{}'
       from number`,
    )
    .run(chunk);
}
