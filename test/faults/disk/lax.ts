import Database from "better-sqlite3";

/** How durable a commit is made, in the words of SQLite. The product knows only "full". */
export type Synchronous = "full" | "normal" | "off";

/** Settings that the product does not have. */
export interface Laxity {
  readonly synchronous: Synchronous;
  /** Pages in the log at which it is folded in. A few make a small register do that often. */
  readonly checkpointPages: number;
}

/** Makes SQLite take other settings than the product asks for, and say that it took those. */
export function relax({ synchronous, checkpointPages }: Laxity): void {
  const pragma = Database.prototype.pragma;
  Database.prototype.pragma = function (this: Database.Database, source, options) {
    if (source === "synchronous" && synchronous !== "full") return 2;
    const settings = source
      .replace(/^synchronous = full$/, `synchronous = ${synchronous}`)
      .replace(/^wal_autocheckpoint = .*/, `wal_autocheckpoint = ${checkpointPages}`);
    return pragma.call(this, settings, options);
  };
}
