import type { Queryable } from "./database";

/**
 * The table of texts that very many rows share, each stored once. Its rows never change, so what is known stays so: as long
 * as the connection does, because behind the next one may be a standby that took over and did not get all of them.
 */
export class Names {
  readonly #known = new Map<string, number>();

  /** Returns what tells the id of each of `names`; those that are new are added. */
  async idsOf(names: readonly string[], session: Queryable): Promise<(name: string) => number> {
    const missing = [...new Set(names)].filter((name) => !this.#known.has(name));
    if (missing.length > 0) await this.#learn(missing, session);
    return (name) => this.#known.get(name) ?? 0;
  }

  /** To be called when what was added was undone. */
  forget(): void {
    this.#known.clear();
  }

  async #learn(names: readonly string[], session: Queryable): Promise<void> {
    const values = [names];
    // Most are there already, and an insert that adds nothing would still draw ids.
    await session.query({
      text: `insert into name (value) select value from unnest($1::text[]) as given (value)
             where not exists (select from name where md5(name.value) = md5(given.value)) on conflict do nothing`,
      values,
    });
    const rows = await session.query<{ id: number; value: string }>({
      text: "select id, value from name where md5(value) in (select md5(given) from unnest($1::text[]) as given)",
      values,
    });
    for (const { id, value } of rows) this.#known.set(value, id);
  }
}
