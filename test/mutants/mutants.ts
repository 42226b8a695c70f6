import type { Mutant } from "./mutant";

const SQLITE = "provider/store/sqlite";
const CONTRACT = "test/store/sqlite-store.test.ts";
const RULES = "test/store/memory-store.test.ts";

/** Every mutant of the store and of the provider that a release must have seen caught. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "a commit is not synced to the disk (synchronous = normal)",
    edits: [
      { file: `${SQLITE}/connection.ts`, find: '"synchronous = full",', replace: '"synchronous = normal",' },
      { file: `${SQLITE}/connection.ts`, find: "|| synchronous !== 2)", replace: "|| synchronous !== 1)" },
    ],
    suspects: ["test/faults/disk"],
  },
  {
    name: "settings are not read back after they were made",
    edits: [
      {
        file: `${SQLITE}/connection.ts`,
        find: 'if (journal !== "wal" || synchronous !== 2) {',
        replace: 'if (journal === "never" && synchronous === "never") {',
      },
    ],
    suspects: ["test/store/sqlite-settings.test.ts", "test/faults/disk"],
  },
  {
    name: "a grant is acknowledged before its commit",
    edits: [
      {
        file: `${SQLITE}/commit-queue.ts`,
        find: "const value = work();\n        return () => resolve(value);",
        replace: "const value = work();\n        resolve(value);\n        return () => undefined;",
      },
    ],
    suspects: ["test/store/commit-queue.test.ts", "test/faults/disk/io-errors.test.ts"],
  },
  {
    name: "a transaction takes its lock only when it writes (begin deferred)",
    edits: [{ file: `${SQLITE}/sqlite-store.ts`, find: '"begin immediate"', replace: '"begin deferred"' }],
    suspects: ["test/faults/processes", "test/store/sqlite-commit.test.ts"],
  },
  {
    name: "the cursor is kept outside the transaction, and moves though that was undone",
    edits: [
      {
        file: `${SQLITE}/sqlite-ledger.ts`,
        find: "    this.#pending = undefined;\n    this.#cursors.clear();\n    if (",
        replace: "    this.#pending = undefined;\n    if (",
      },
    ],
    suspects: ["test/store/sqlite-commit.test.ts"],
  },
  {
    name: "the cursor is written in a transaction of its own, after the commit",
    edits: [
      {
        file: `${SQLITE}/sqlite-store.ts`,
        find: "ledger.flush();\n      try {\n        commit.run();",
        replace: "try {\n        commit.run();\n        ledger.flush();",
      },
    ],
    suspects: ["test/store/sqlite-commit.test.ts"],
  },
  {
    name: "a store goes on after a commit that could not be synced",
    edits: [
      { file: `${SQLITE}/sqlite-store.ts`, find: "if (isUnsynced(error)) doubt = error;", replace: "void isUnsynced;" },
    ],
    suspects: ["test/faults/disk/io-errors.test.ts"],
  },
  {
    name: "the directories of a new register are not synced",
    edits: [
      {
        file: `${SQLITE}/scratch.ts`,
        find: "made = dirname(made)) syncDirectory(dirname(made));",
        replace: "made = dirname(made)) void made;",
      },
    ],
    suspects: ["test/faults/disk/cut-points.test.ts"],
  },
  {
    name: "a release does not look at the token",
    edits: [
      {
        file: "provider/lease/transact.ts",
        find: "lease.releasedAt === undefined && lease.token === ref.token ? lease : undefined",
        replace: "lease.releasedAt === undefined ? lease : undefined",
      },
    ],
    suspects: ["test/model", RULES],
  },
  {
    name: "no unique index keeps an owner's live lease single",
    edits: [
      {
        file: "provider/store/sql/sqlite/004-one-row.sql",
        find: "create unique index lease_live",
        replace: "create index lease_live",
      },
    ],
    suspects: ["test/store/sqlite-tables.test.ts"],
  },
  {
    name: "no unique index keeps an address to one lease",
    edits: [
      {
        file: "provider/store/sql/sqlite/004-one-row.sql",
        find: "create unique index lease_address",
        replace: "create index lease_address",
      },
    ],
    suspects: ["test/store/sqlite-tables.test.ts"],
  },
  {
    name: "the event of a lease is forgotten when the next one takes its place",
    edits: [
      {
        file: "provider/store/sql/sqlite/004-one-row.sql",
        find: "create trigger lease_becomes_past before delete on lease\nbegin\n  insert into",
        replace:
          "create trigger lease_becomes_past before delete on lease when old.kind <> 'update'\nbegin\n  insert into",
      },
    ],
    suspects: [CONTRACT],
  },
  {
    name: "the lease that another one follows stays where it is",
    edits: [
      {
        file: `${SQLITE}/sqlite-ledger.ts`,
        find: "if (stamp.before !== undefined) this.#sql.supersede.run(stamp.before);",
        replace: "",
      },
    ],
    suspects: [CONTRACT],
  },
  {
    name: "an event whose lease was never put is forgotten in silence",
    edits: [
      {
        file: `${SQLITE}/sqlite-ledger.ts`,
        find: "  flush(): void {\n    this.#assertNothingPending();",
        replace: "  flush(): void {",
      },
    ],
    suspects: ["test/store/sqlite-tables.test.ts"],
  },
  {
    name: "addresses are reused in their own order, not in that of their release",
    edits: [
      {
        file: `${SQLITE}/ledger-statements.ts`,
        find: "where pool = ? and released_at is not null order by seq`",
        replace: "where pool = ? and released_at is not null order by address`",
      },
    ],
    suspects: ["test/model", CONTRACT],
  },
  {
    name: "a retry gets a new address (no rule 1)",
    edits: [
      {
        file: "provider/lease/held.ts",
        find: 'if (own !== undefined) return { rule: "keep", address: own.address };',
        replace: "",
      },
    ],
    suspects: ["test/model", RULES],
  },
  {
    name: "rule 1 does not look at the installation",
    edits: [
      {
        file: "provider/lease/held.ts",
        find: "lease.installation === request.installation && lease.rotation === request.rotation,",
        replace: "lease.rotation === request.rotation,",
      },
    ],
    suspects: ["test/model", RULES],
  },
  {
    name: "rule 4 does not look at the rotation",
    edits: [
      {
        file: "provider/lease/held.ts",
        find: ".find((lease) => lease.rotation === request.rotation && isAllocatable(",
        replace: ".find((lease) => isAllocatable(",
      },
    ],
    suspects: ["test/model", RULES],
  },
  {
    name: "a conflicting lease is dropped in silence, and its number and cursor are not",
    edits: [
      {
        file: `${SQLITE}/ledger-statements.ts`,
        find: "put: database.prepare(leaseInsert)",
        replace: 'put: database.prepare(leaseInsert.replace("insert", "insert or ignore"))',
      },
    ],
    suspects: [CONTRACT],
  },
  {
    name: "a preview writes",
    edits: [
      {
        file: "provider/store/ledger-store.ts",
        find: "backend.read((view) => predict(request, view, isPromised, planned)),",
        replace:
          "backend.write((ledger) => {\n        const { lease, rule } = acquire({ ...request }, ledger);\n        return { address: lease.address, rule };\n      }),",
      },
    ],
    suspects: [RULES, "test/resource/check-promises.test.ts"],
  },
  {
    name: "an older copy of the register is not noticed",
    edits: [
      {
        file: "provider/resource/provenance.ts",
        find: "return mismatch(state, storeId, store) ?? rollback(state, event, store);",
        replace: "void rollback;\n  return mismatch(state, storeId, store);",
      },
    ],
    suspects: ["test/resource/trust.test.ts", "test/faults/table"],
  },
  {
    name: "another register is not noticed",
    edits: [
      {
        file: "provider/resource/provenance.ts",
        find: "if (state.storeId === storeId) return undefined;",
        replace: "if (state.storeId !== '') return undefined;",
      },
    ],
    suspects: ["test/resource/trust.test.ts"],
  },
  {
    name: "quarantine holds for nobody",
    edits: [
      {
        file: "provider/lease/held.ts",
        find: "return (lease.releasedAt ?? Number.POSITIVE_INFINITY) + pool.quarantineSeconds * 1000;",
        replace: "return (lease.releasedAt ?? Number.POSITIVE_INFINITY) + 0 * pool.quarantineSeconds;",
      },
    ],
    suspects: ["test/model", RULES],
  },
  {
    name: "a process that saturates the lock never gives way",
    edits: [{ file: `${SQLITE}/turns.ts`, find: "this.#length = TURN;", replace: "" }],
    suspects: ["test/faults/processes/turns.test.ts"],
  },
  {
    name: "the file under an open register may be another one",
    edits: [
      {
        file: `${SQLITE}/side-files.ts`,
        find: "    checkSameFile(this.#file);\n",
        replace: "",
      },
    ],
    suspects: ["test/store/sqlite-file-checks.test.ts"],
  },
  {
    name: "the log under an open register may be another one",
    edits: [
      {
        file: `${SQLITE}/side-files.ts`,
        find: "if (found !== undefined && found === this.#known) return;",
        replace: "if (found !== null) return;",
      },
    ],
    suspects: ["test/faults/table/log-removed.test.ts"],
  },
  {
    name: "two resources may have one owner",
    edits: [
      {
        file: "provider/resource/run-owners.ts",
        find: "if (other !== resource) throw this.#refuse({ pool, owner }, other, resource);",
        replace: "",
      },
    ],
    suspects: ["test/resource/check-owners.test.ts"],
  },
  {
    name: "a register that was found damaged is written to",
    edits: [{ file: `${SQLITE}/sqlite-store.ts`, find: "if (damage !== undefined) throw damage;", replace: "" }],
    suspects: ["test/fuzz", "test/faults/table"],
  },
];
