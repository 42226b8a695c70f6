import { existsSync } from "node:fs";
import { join } from "node:path";
import { MacpoolError } from "../../../provider/error";
import type { AcquireRequest, Lease } from "../../../provider/lease/lease";
import { parsePrefix } from "../../../provider/mac/range";
import { systemContext } from "../../../provider/store/open";
import { backupSqlite } from "../../../provider/store/sqlite/backup";
import { restoreSqlite } from "../../../provider/store/sqlite/restore";
import { createSqliteRegister, openSqliteStore } from "../../../provider/store/sqlite/sqlite-store";
import type { InitialContent, LeaseStore } from "../../../provider/store/store";
import { Acknowledged } from "./acknowledged";

/** The time, tokens and name of a script's own. */
export const context = systemContext(() => {});

/** What the registers of scripts begin with. */
export const CONTENT: InitialContent = {
  storeId: "6f0a4b52-6a0e-4a0c-9a39-1f1f5e0d7c11",
  pools: [{ name: "default", ranges: [parsePrefix("42")] }],
  reservations: [],
};

/** Returns a request for an address of `owner`. */
function requestOf(owner: string): AcquireRequest {
  return { owner, pool: "default", installation: "one", rotation: "", description: "", tags: {} };
}

/** Returns the lease that the register grants `owner`. */
async function grantOf(store: LeaseStore, owner: string): Promise<Lease> {
  const [outcome] = await store.acquire([requestOf(owner)]);
  if (outcome?.ok !== true) throw outcome?.error ?? new Error("no outcome");
  return outcome.value.lease;
}

/** Work on files below `root` that something happens to in the middle. What is `done` before that must be there afterwards. */
export interface Script {
  /** Makes what is there before, for good. */
  prepare(root: string): Promise<void>;
  run(root: string, done: Done): Promise<void>;
  /** Returns what is wrong with the files under `root`, given what was done. */
  examine(root: string, done: Done): Promise<readonly string[]>;
}

/** What a script knows for sure to have happened. */
export class Done {
  readonly leases = new Acknowledged();
  readonly steps = new Set<string>();
  readonly #counts: () => boolean;

  /** `counts` says whether what is done now is still done before the fault. */
  constructor(counts: () => boolean) {
    this.#counts = counts;
  }

  step(name: string): void {
    if (this.#counts()) this.steps.add(name);
  }

  async acquire(store: LeaseStore, owner: string): Promise<Lease> {
    if (this.#counts()) this.leases.take({ said: "ask", owner, verb: "acquire" });
    const lease = await grantOf(store, owner);
    if (this.#counts()) this.leases.take({ said: "granted", ...lease });
    return lease;
  }

  async release(store: LeaseStore, lease: Lease): Promise<void> {
    if (this.#counts()) this.leases.take({ said: "ask", owner: lease.owner, verb: "release" });
    const [released] = await store.release([lease]);
    if (released === undefined) throw new Error(`${lease.owner} has no lease`);
    if (this.#counts()) this.leases.take({ said: "released", owner: lease.owner, seq: released.seq });
  }
}

/** Returns what a register holds, or the error with which it is refused: the second time, when closing it has changed it. */
async function inspect(path: string): Promise<Inspected | MacpoolError> {
  const first = await look(path);
  return MacpoolError.is(first) ? first : look(path);
}

async function look(path: string): Promise<Inspected | MacpoolError> {
  try {
    const store = await openSqliteStore(path, context, { giveUpAfter: 0 });
    try {
      const live: Lease[] = [];
      for await (const lease of store.list({ state: "live" })) live.push(lease);
      return { live, faults: (await store.verify()).faults, seq: (await store.identity()).seq };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (MacpoolError.is(error)) return error;
    throw error;
  }
}

interface Inspected {
  readonly live: readonly Lease[];
  readonly faults: readonly string[];
  readonly seq: number;
}

const sentence = ({ code, message }: MacpoolError) => `${code}: ${message}`;

/** A register is created in a new directory, used by one process, and closed. */
const life: Script = {
  async prepare() {},
  async run(root, done) {
    const path = join(root, "a", "b", "register.db");
    createSqliteRegister(path, CONTENT, context);
    done.step("created");
    for (const visit of ["first", "second"]) {
      const store = await openSqliteStore(path, context);
      const lease = await done.acquire(store, `${visit}/single`);
      await Promise.all([1, 2, 3].map((number) => done.acquire(store, `${visit}/${number}`)));
      await done.release(store, lease);
      await done.acquire(store, lease.owner);
      await store.close();
    }
  },
  async examine(root, done) {
    const found = await inspect(join(root, "a", "b", "register.db"));
    if (!MacpoolError.is(found)) {
      return [
        ...found.faults,
        ...done.leases.violations(found.live, found.seq).map(({ kind, words }) => `${kind}: ${words}`),
      ];
    }
    // Somebody is told to delete what is left of a creation, or finds nothing.
    const isHalf =
      found.code === "REGISTER_MISSING" || found.code === "REGISTER_BUSY" || found.message.includes("creat");
    return !done.steps.has("created") && isHalf ? [] : [sentence(found)];
  },
};

/** Enough to fill pages that a small register does not have. */
const OLD = ["first", ...Array.from({ length: 150 }, (_, index) => `old/${index}`)];

/** Makes a register with many leases, and a backup of when there was one. */
async function prepareBoth(root: string): Promise<void> {
  createSqliteRegister(join(root, "register.db"), CONTENT, context);
  const store = await openSqliteStore(join(root, "register.db"), context);
  for (const owner of OLD.slice(0, 1)) await grantOf(store, owner);
  await backupSqlite(join(root, "register.db"), join(root, "copy.db"), context);
  await store.acquire(OLD.slice(1).map(requestOf));
  await store.close();
}

/** Returns what is wrong with the register at `path`, which is to hold the leases of one of the lists of owners. */
async function unlessOneOf(
  path: string,
  allowed: readonly (readonly string[])[],
  isDone = true,
): Promise<readonly string[]> {
  const found = await inspect(path);
  if (MacpoolError.is(found)) {
    // A copy that was just given its name still has its first one, and the message says which.
    return !isDone && /Remove the other names: \S+\.tmp/.test(found.message) ? [] : [sentence(found)];
  }
  const owners = found.live.map(({ owner }) => owner).toSorted();
  const isAllowed = allowed.some((list) => list.toSorted().join() === owners.join());
  return isAllowed ? found.faults : [`${path} holds the leases of ${owners.length} owners`, ...found.faults];
}

/** A register in use is copied. */
const backup: Script = {
  prepare: prepareBoth,
  async run(root, done) {
    const store = await openSqliteStore(join(root, "register.db"), context);
    await done.acquire(store, "last");
    done.step("last");
    await backupSqlite(join(root, "register.db"), join(root, "second.db"), context);
    done.step("copied");
    await store.close();
  },
  async examine(root, { steps }) {
    const copy = join(root, "second.db");
    const all = [...OLD, "last"];
    const register = await unlessOneOf(join(root, "register.db"), steps.has("last") ? [all] : [OLD, all]);
    return existsSync(copy) || steps.has("copied")
      ? [...register, ...(await unlessOneOf(copy, [all], steps.has("copied")))]
      : register;
  },
};

/** A backup becomes a register in a new directory, which is used at once. */
const restore: Script = {
  prepare: prepareBoth,
  async run(root, done) {
    const path = join(root, "new", "place", "register.db");
    await restoreSqlite(join(root, "copy.db"), path, context);
    done.step("restored");
    const store = await openSqliteStore(path, context);
    await done.acquire(store, "later");
    done.step("used");
    await store.close();
  },
  async examine(root, { steps }) {
    const path = join(root, "new", "place", "register.db");
    const source = await unlessOneOf(join(root, "copy.db"), [["first"]]);
    if (!existsSync(path) && !steps.has("restored")) return source;
    const allowed = steps.has("used") ? [["first", "later"]] : [["first"], ["first", "later"]];
    return [...source, ...(await unlessOneOf(path, allowed, steps.has("restored")))];
  },
};

/** A backup takes the place of a register, which is used at once. */
const replace: Script = {
  prepare: prepareBoth,
  async run(root, done) {
    const path = join(root, "register.db");
    const before = await openSqliteStore(path, context);
    await done.acquire(before, "last");
    done.step("last");
    const { replaced } = await restoreSqlite(join(root, "copy.db"), path, context, { replace: true });
    done.step(`kept ${replaced?.keptAt}`);
    done.step("replaced");
    await before.close();
    const store = await openSqliteStore(path, context);
    await done.acquire(store, "later");
    done.step("used");
    await store.close();
  },
  async examine(root, { steps }) {
    const all = [...OLD, "last"];
    const before = steps.has("last") ? [all] : [OLD, all];
    const after = steps.has("used") ? [["first", "later"]] : [["first"], ["first", "later"]];
    const allowed = steps.has("replaced") ? after : [...before, ...after];
    const kept = [...steps].filter((step) => step.startsWith("kept ")).map((step) => step.slice("kept ".length));
    const faults = await Promise.all(kept.map((path) => unlessOneOf(path, [all])));
    return [...faults.flat(), ...(await unlessOneOf(join(root, "register.db"), allowed))];
  },
};

/** The scripts, by what they are about. */
export const SCRIPTS: Readonly<Record<string, Script>> = { life, backup, restore, replace };
