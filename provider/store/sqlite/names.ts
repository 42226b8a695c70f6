import type Database from "better-sqlite3";

/** Returns the part of an owner that is kept as a name: all up to its last slash. */
export function scopeOf(owner: string): string {
  return owner.slice(0, owner.lastIndexOf("/") + 1);
}

/** Returns what follows the scope of an owner. */
export function restOf(owner: string): string {
  return owner.slice(owner.lastIndexOf("/") + 1);
}

/** The table of texts that very many rows share, each stored once. */
export class Names {
  readonly #find: Database.Statement<[string], { id: number }>;
  readonly #add: Database.Statement<[string]>;
  readonly #known = new Map<string, number>();

  constructor(database: Database.Database) {
    this.#find = database.prepare("select id from name where value = ?");
    this.#add = database.prepare("insert into name (value) values (?)");
  }

  /** Returns the id of `value`, adding it when it is new. */
  id(value: string): number {
    const found = this.idIfAny(value);
    if (found !== undefined) return found;
    const id = Number(this.#add.run(value).lastInsertRowid);
    this.#known.set(value, id);
    return id;
  }

  /** Returns the id of `value`; undefined when it has none. */
  idIfAny(value: string): number | undefined {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const id = this.#find.get(value)?.id;
    if (id !== undefined) this.#known.set(value, id);
    return id;
  }

  /** Drops what was remembered, some of which may have been undone. */
  forget(): void {
    this.#known.clear();
  }
}
