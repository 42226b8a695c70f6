import { closeSync, openSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type Database from "better-sqlite3";
import { MacpoolError } from "../../error";
import { createPool, reserve } from "../../lease/administer";
import { type LedgerBackend, ledgerStore } from "../ledger-store";
import { type Patience, patienceOf, type Waiting } from "../patience";
import { restoreCommand } from "../remedies";
import type { InitialContent, LeaseStore, StoreContext } from "../store";
import { Translator } from "../translator";
import { CommitQueue } from "./commit-queue";
import { type Connection, createDatabase, openConnection } from "./connection";
import { dump } from "./dump";
import { checkFileSystem, type FileSystem, machineFileSystem } from "./file-checks";
import { withPatience } from "./patience";
import { events, leases } from "./queries";
import { assertVacant, makeDirectories, occupied, removeDirectories, syncDirectory } from "./scratch";
import { SideFiles } from "./side-files";
import { isCorrupt, isUnsynced, translate } from "./sqlite-error";
import { SqliteLedger } from "./sqlite-ledger";
import { verify } from "./verify";

/** What tests may want otherwise. */
export interface SqliteOptions extends Waiting {
  readonly fileSystem?: FileSystem;
}

/**
 * Opens the register at `path`, waiting while another process holds its lock.
 *
 * @throws MacpoolError REGISTER_MISSING, REGISTER_UNUSABLE, REGISTER_FOREIGN, REGISTER_CORRUPT, REGISTER_TOO_NEW,
 * REGISTER_BUSY or NATIVE_MODULE.
 */
export async function openSqliteStore(
  path: string,
  context: StoreContext,
  options: SqliteOptions = {},
): Promise<LeaseStore> {
  const patience = patienceOf(resolve(path), context, options);
  const connection = await withPatience(patience, () => openConnection(path, context.clock, options.fileSystem));
  try {
    return ledgerStore(new SqliteBackend(connection, context, { ...patience, location: connection.file.path }));
  } catch (error) {
    connection.database.close();
    throw translate(error, connection.file.path);
  }
}

/**
 * Creates the register at `path`, with its directory; nothing is left behind when that fails.
 *
 * @throws MacpoolError REGISTER_EXISTS when there is a file, or the log of one; REGISTER_UNUSABLE, REGISTER_FULL or NATIVE_MODULE.
 */
export function createSqliteRegister(
  path: string,
  content: InitialContent,
  context: StoreContext,
  fileSystem: FileSystem = machineFileSystem,
): void {
  const file = resolve(path);
  const undo: (() => void)[] = [];
  try {
    createEmptyFile(file, fileSystem, undo);
    createDatabase(file, context.clock(), (database) => fill(database, content, context));
    syncDirectory(dirname(file));
  } catch (error) {
    undoAll(undo);
    throw translate(error, file);
  }
}

function undoAll(steps: readonly (() => void)[]): void {
  try {
    for (const step of steps.toReversed()) step();
  } catch {
    // Why the register was not created matters more than what could not be removed.
  }
}

function fill(database: Database.Database, content: InitialContent, context: StoreContext): void {
  database
    .prepare("insert into register (only, store_id, created_at) values (1, ?, ?)")
    .run(content.storeId, context.clock());
  const ledger = new SqliteLedger(database, context);
  ledger.startAbove(content.seqAbove ?? 0);
  ledger.append({ kind: "init", address: undefined, pool: "", owner: "", installation: "" });
  for (const pool of content.pools) createPool(pool, ledger);
  for (const reservation of content.reservations) reserve(reservation, ledger);
  ledger.flush();
}

const USE_IT = "Use it as it is, or choose another path.";

/** Creates the file for this process alone: of two that try at once, one gets REGISTER_EXISTS. */
function createEmptyFile(file: string, fileSystem: FileSystem, undo: (() => void)[]): void {
  try {
    const outermost = makeDirectories(dirname(file));
    undo.push(() => removeDirectories(dirname(file), outermost));
    checkFileSystem(dirname(file), { ...fileSystem, mountPoints: () => [] });
    // SQLite would remove the log of a register that was moved away without it.
    assertVacant(file, USE_IT);
    closeSync(openSync(file, "wx", 0o600));
    undo.push(() => {
      for (const suffix of ["", "-journal"]) rmSync(file + suffix, { force: true });
    });
  } catch (error) {
    if (MacpoolError.is(error)) throw error;
    const { code, syscall, message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
    // From `mkdir` the same code says that the path leads through a file.
    if (code === "EEXIST" && syscall === "open") {
      throw occupied(file, error, USE_IT);
    }
    throw new MacpoolError(
      "REGISTER_UNUSABLE",
      `Register ${file} cannot be created (${code ?? message}): check that ${dirname(file)} is a directory this user may write to.`,
      { cause: error, details: { path: file } },
    );
  }
}

function transactionOf({ database }: Connection, ledger: SqliteLedger, sideFiles: SideFiles) {
  const begin = database.prepare("begin immediate");
  const beginRead = database.prepare("begin");
  const commit = database.prepare("commit");
  const rollback = database.prepare("rollback");
  let hasBegun = false;
  let doubt: unknown;
  return {
    begin: () => {
      hasBegun = false;
      if (doubt !== undefined) throw doubt;
      begin.run();
      hasBegun = true;
      // Only under the lock: whoever replaces the file holds it meanwhile.
      sideFiles.check();
      return ledger.refresh();
    },
    beginRead: () => {
      beginRead.run();
      ledger.refresh();
    },
    endRead: () => {
      if (database.inTransaction) commit.run();
    },
    commit: () => {
      ledger.flush();
      try {
        commit.run();
      } catch (error) {
        // Whether it happened can only be seen by who opens the register anew: this connection writes nothing more.
        if (isUnsynced(error)) doubt = error;
        throw error;
      }
    },
    rollback: () => {
      if (database.inTransaction) rollback.run();
      // Where the lock was not had there is nothing to forget, and while many wait that happens all the time.
      if (hasBegun) ledger.forget();
    },
    writes: () => ledger.writes,
  };
}

function readStoreId({ database, file }: Connection): string {
  const row = database.prepare<[], { id: string }>("select store_id as id from register").get();
  if (row !== undefined) return row.id;
  throw new MacpoolError(
    "REGISTER_CORRUPT",
    `Register ${file.path} has lost its id. Put a backup in its place: ${restoreCommand(file.path)}`,
  );
}

function unsound(path: string, fault: string): MacpoolError {
  return new MacpoolError(
    "REGISTER_CORRUPT",
    `Register ${path} is not sound, and nothing was written. ${fault} Put a backup in its place, or start a new register and bring the addresses back from Pulumi state.`,
    { details: { path } },
  );
}

class SqliteBackend implements LedgerBackend {
  readonly location: string;
  readonly #connection: Connection;
  readonly #ledger: SqliteLedger;
  readonly #sideFiles: SideFiles;
  readonly #transaction: ReturnType<typeof transactionOf>;
  readonly #queue: CommitQueue;
  readonly #patience: Patience;
  readonly #storeId: string;
  readonly #errors: Translator;

  constructor(connection: Connection, context: StoreContext, patience: Patience) {
    const { database, file } = connection;
    this.location = file.path;
    this.#errors = new Translator((error) => translate(error, file.path));
    this.#connection = connection;
    this.#patience = patience;
    this.#ledger = new SqliteLedger(database, context);
    this.#storeId = readStoreId(connection);
    this.#sideFiles = new SideFiles(file);
    this.#transaction = transactionOf(connection, this.#ledger, this.#sideFiles);
    this.#queue = new CommitQueue(this.#transaction, patience);
  }

  async identity() {
    return { storeId: this.#storeId, seq: await this.#patiently(() => this.#ledger.seq) };
  }

  async write<T>(work: (ledger: SqliteLedger) => T): Promise<T> {
    return this.#errors.inPromise(this.#queue.add(() => this.#unlessDamaged(() => work(this.#ledger))));
  }

  /** Asked when the turn comes, since another request of the same turn may have met the damage. */
  #unlessDamaged<T>(work: () => T): T {
    const { damage } = this.#errors;
    if (damage !== undefined) throw damage;
    try {
      return work();
    } catch (error) {
      if (isCorrupt(error)) this.#errors.translated(error);
      throw error;
    }
  }

  async read<T>(work: (view: SqliteLedger) => T): Promise<T> {
    return this.#patiently(() => {
      try {
        this.#transaction.beginRead();
        return work(this.#ledger);
      } finally {
        this.#transaction.endRead();
      }
    });
  }

  leases(filter: Parameters<LedgerBackend["leases"]>[0]) {
    return this.#errors.inItems(leases(this.#connection.database, filter));
  }

  events(filter: Parameters<LedgerBackend["events"]>[0]) {
    return this.#errors.inItems(events(this.#connection.database, filter));
  }

  dump() {
    return this.#errors.inItems(dump(this.#connection.file));
  }

  async verify(following: Parameters<LedgerBackend["verify"]>[0]) {
    const { database } = this.#connection;
    const verification = await this.#errors.inPromise(verify(database, following, (work) => this.#patiently(work)));
    const [first] = verification.faults;
    if (first !== undefined) this.#errors.noteDamage(unsound(this.location, first));
    return verification;
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    await this.#sideFiles.close(this.#connection.database);
  }

  #patiently<T>(work: () => T): Promise<T> {
    return this.#errors.inPromise(withPatience(this.#patience, work));
  }
}
