import type Database from "better-sqlite3";

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
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const id = this.#find.get(value)?.id ?? Number(this.#add.run(value).lastInsertRowid);
    this.#known.set(value, id);
    return id;
  }

  /** Drops what was remembered, some of which may have been undone. */
  forget(): void {
    this.#known.clear();
  }
}
