import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { onTestFinished, vi } from "vitest";
import { createSqliteRegister, openSqliteStore } from "../../provider/store/sqlite/sqlite-store";
import type { LeaseStore } from "../../provider/store/store";
import { Chance, type Machine, type Moment, type StartMachine, type Work } from "./machine";

class Crash extends Error {}

/** What is to happen at the next commit of any connection, once. */
let trap: { readonly moment: Moment; readonly leave: () => void } | undefined;

/**
 * Returns what starts machines whose register is a SQLite file, for one test. Memory-backed files where there are any:
 * a process that dies loses nothing by that, and power cuts are for others to test.
 */
export function sqliteMachines(): StartMachine {
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const directory = mkdtempSync(join(base, "macpool-model-"));
  const spy = trapCommits();
  onTestFinished(() => {
    spy.mockRestore();
    rmSync(directory, { recursive: true, force: true });
  });
  const templates = new Map<string, string>();
  return async (content) => {
    const chance = new Chance();
    const key = JSON.stringify(content);
    const template = templates.get(key) ?? join(directory, `template-${templates.size}.db`);
    if (!templates.has(key)) createSqliteRegister(template, content, chance.context());
    templates.set(key, template);
    const machine = new SqliteMachine(mkdtempSync(join(directory, "machine-")), chance);
    await machine.start(template);
    return machine;
  };
}

/** Of all that the driver does, only the statement `commit` is watched. */
function trapCommits() {
  const { prepare } = Database.prototype;
  return vi.spyOn(Database.prototype, "prepare").mockImplementation(function (this: Database.Database, sql: string) {
    const statement = prepare.call(this, sql);
    if (sql !== "commit") return statement;
    const commit = statement.run.bind(statement);
    statement.run = () => {
      const sprung = trap;
      trap = undefined;
      if (sprung !== undefined && sprung.moment !== "after the commit") die(sprung.leave);
      const info = commit([]);
      if (sprung !== undefined) die(sprung.leave);
      return info;
    };
    return statement;
  });
}

function die(leave: () => void): never {
  leave();
  throw new Crash("the process died here");
}

class SqliteMachine implements Machine {
  readonly #chance: Chance;
  readonly #directory: string;
  #path = "";
  #store: LeaseStore | undefined;
  #files = 0;

  constructor(directory: string, chance: Chance) {
    this.#directory = directory;
    this.#chance = chance;
  }

  async start(template: string): Promise<void> {
    await this.#goOnWith(this.#copyOf(template));
  }

  get clock() {
    return this.#chance.clock;
  }

  get tokens() {
    return this.#chance.tokens;
  }

  get store(): LeaseStore {
    if (this.#store === undefined) throw new Error("the register is not open");
    return this.#store;
  }

  async write<T>(work: Work<T>): Promise<T> {
    return work(this.store);
  }

  async crash(moment: Moment, work: Work<unknown>): Promise<void> {
    let left = "";
    // What a process that is killed leaves is what its files hold at that moment, its log included.
    const leave = () => {
      if (moment !== "instead of the commit") left = this.#copyOf(this.#path);
    };
    trap = { moment, leave };
    const outcome = await work(this.store).then(
      () => "answered",
      (error: unknown) => error,
    );
    if (!(outcome instanceof Crash)) throw new Error("nobody died", { cause: outcome });
    if (left === "") return;
    await this.store.close();
    await this.#goOnWith(left);
  }

  async reopen(): Promise<void> {
    await this.store.close();
    await this.#goOnWith(this.#path);
  }

  async backup(): Promise<() => Promise<void>> {
    // Nobody writes at this moment, so that the file and its log belong together.
    const copy = this.#copyOf(this.#path);
    return async () => {
      await this.store.close();
      await this.#goOnWith(this.#copyOf(copy));
    };
  }

  async end(): Promise<void> {
    await this.store.close();
    rmSync(this.#directory, { recursive: true });
  }

  async #goOnWith(path: string): Promise<void> {
    this.#path = path;
    this.#store = await openSqliteStore(path, this.#chance.context());
  }

  #copyOf(path: string): string {
    const copy = join(this.#directory, `register-${this.#files++}.db`);
    for (const suffix of ["", "-wal"]) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    return copy;
  }
}
