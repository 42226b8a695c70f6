import { describe, expect, it } from "vitest";
import { MacpoolError } from "../../provider/error";
import type { Patience } from "../../provider/store/patience";
import { CommitQueue, type Transaction } from "../../provider/store/sqlite/commit-queue";

/** A transaction that writes down what happens to it, and fails where a test wants. */
class Script implements Transaction {
  readonly log: string[] = [];
  readonly #failures: Partial<Record<"begin" | "commit", () => unknown>>;
  #writes = 0;

  constructor(failures: Partial<Record<"begin" | "commit", () => unknown>> = {}) {
    this.#failures = failures;
  }

  begin(): void {
    this.#step("begin");
  }

  commit(): void {
    this.#step("commit");
  }

  rollback(): void {
    this.log.push("rollback");
  }

  writes(): number {
    return this.#writes;
  }

  /** Writes one row. */
  write(name: string): string {
    this.#writes += 1;
    this.log.push(name);
    return name;
  }

  #step(step: "begin" | "commit"): void {
    const error = this.#failures[step]?.();
    this.log.push(error === undefined ? step : `${step} fails`);
    if (error !== undefined) throw error;
  }
}

const busy = () => Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
const full = () => Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });

function queueOf(script: Script, patience: Partial<Patience> = {}): CommitQueue {
  return new CommitQueue(script, { warnAfter: 0, giveUpAfter: 20, warn: () => {}, location: "r.db", ...patience });
}

/** Returns what each promise came to. */
async function outcomes(promises: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => (one.status === "fulfilled" ? one.value : one.reason));
}

describe("group commit", () => {
  it("makes all that is asked for in one turn one transaction, in the order asked", async () => {
    const script = new Script();
    const queue = queueOf(script);
    const names = ["a", "b", "c"];
    expect(await outcomes(names.map((name) => queue.add(() => script.write(name))))).toEqual(names);
    expect(script.log).toEqual(["begin", "a", "b", "c", "commit"]);
  });

  it("resolves no promise before the commit, in the order of the requests", async () => {
    const script = new Script();
    const queue = queueOf(script);
    await Promise.all(
      ["a", "b"].map((name) => queue.add(() => script.write(name)).then(() => script.log.push(`${name} is told`))),
    );
    expect(script.log).toEqual(["begin", "a", "b", "commit", "a is told", "b is told"]);
  });

  it("takes what comes while it works into the next transaction", async () => {
    const script = new Script();
    const queue = queueOf(script);
    let second: Promise<string> | undefined;
    await queue.add(() => {
      second = queue.add(() => script.write("b"));
      return script.write("a");
    });
    await second;
    expect(script.log).toEqual(["begin", "a", "commit", "begin", "b", "commit"]);
  });

  it("splits what no transaction should hold at once", async () => {
    const script = new Script();
    const queue = queueOf(script);
    await Promise.all(Array.from({ length: 2049 }, () => queue.add(() => script.write("x"))));
    expect(script.log.filter((line) => line === "commit")).toHaveLength(3);
  });

  it("is idle once everything is settled, and at once when there was nothing", async () => {
    const script = new Script();
    const queue = queueOf(script);
    await queue.idle();
    const work = queue.add(() => script.write("a"));
    await queue.idle();
    expect(script.log).toEqual(["begin", "a", "commit"]);
    expect(await work).toBe("a");
  });
});

describe("a request that fails", () => {
  const refusal = new MacpoolError("POOL_CONFLICT", "no");
  const refuse = (): never => {
    throw refusal;
  };

  it("by our rules, without having written, leaves the others of its turn alone", async () => {
    const script = new Script();
    const queue = queueOf(script);
    const work = [() => script.write("a"), refuse, () => script.write("c")];
    expect(await outcomes(work.map((one) => queue.add(one)))).toEqual(["a", refusal, "c"]);
    expect(script.log).toEqual(["begin", "a", "c", "commit"]);
  });

  it("in SQL undoes the turn, and each request is tried again by itself", async () => {
    const script = new Script();
    const queue = queueOf(script);
    const broken = Object.assign(new Error("no such column"), { code: "SQLITE_ERROR" });
    const work = [
      () => script.write("a"),
      (): never => {
        throw broken;
      },
      () => script.write("c"),
    ];
    expect(await outcomes(work.map((one) => queue.add(one)))).toEqual(["a", broken, "c"]);
    expect(script.log).toEqual([
      ...["begin", "a", "rollback"],
      ...["begin", "a", "commit"],
      ...["begin", "rollback"],
      ...["begin", "c", "commit"],
    ]);
  });

  it("by our rules after it wrote undoes what it wrote", async () => {
    const script = new Script();
    const queue = queueOf(script);
    const writeAndRefuse = (): never => {
      script.write("half");
      throw refusal;
    };
    expect(await outcomes([queue.add(writeAndRefuse), queue.add(() => script.write("b"))])).toEqual([refusal, "b"]);
    expect(script.log).toEqual([
      ...["begin", "half", "rollback"],
      ...["begin", "half", "rollback"],
      ...["begin", "b", "commit"],
    ]);
  });
});

describe("a commit that fails", () => {
  it("rejects all of its turn; nothing is acknowledged, and nothing is tried in a loop", async () => {
    const error = full();
    const script = new Script({ commit: () => error });
    const queue = queueOf(script);
    const told = await outcomes(["a", "b"].map((name) => queue.add(() => script.write(name))));
    expect(told).toEqual([error, error]);
    expect(script.log).toEqual(["begin", "a", "b", "commit fails", "rollback"]);
  });

  it("does not harm the next turn", async () => {
    const errors: (Error | undefined)[] = [full()];
    const script = new Script({ commit: () => errors.shift() });
    const queue = queueOf(script);
    const [first] = await outcomes([queue.add(() => script.write("a"))]);
    expect(first).toMatchObject({ code: "SQLITE_FULL" });
    expect(await queue.add(() => script.write("b"))).toBe("b");
  });
});

describe("a lock that another process holds", () => {
  it("is waited for, and the work done once it is free", async () => {
    const errors: (Error | undefined)[] = [busy(), busy()];
    const script = new Script({ begin: () => errors.shift() });
    const queue = queueOf(script, { giveUpAfter: 60_000 });
    expect(await queue.add(() => script.write("a"))).toBe("a");
    expect(script.log).toEqual(["begin fails", "rollback", "begin fails", "rollback", "begin", "a", "commit"]);
  });

  it("for too long rejects all of the turn together, after one wait and one warning", async () => {
    const warnings: string[] = [];
    const script = new Script({ begin: busy });
    const queue = queueOf(script, { warn: (message) => warnings.push(message) });
    const told = await outcomes(["a", "b", "c"].map((name) => queue.add(() => script.write(name))));
    expect(told).toMatchObject(Array.from(told, () => ({ code: "REGISTER_BUSY" })));
    expect(warnings).toHaveLength(1);
    expect(script.log).not.toContain("a");
  });

  it("for too long rejects also those that are tried one by one, after one wait and one warning", async () => {
    const warnings: string[] = [];
    let isFirst = true;
    const begin = () => (isFirst ? undefined : busy());
    const script = new Script({ begin });
    const queue = queueOf(script, { warn: (message) => warnings.push(message) });
    const spoil = () => {
      isFirst = false;
      throw new Error("spoilt");
    };
    const told = await outcomes([...["a", "b"].map((name) => queue.add(() => script.write(name))), queue.add(spoil)]);
    expect(told).toMatchObject(Array.from(told, () => ({ code: "REGISTER_BUSY" })));
    expect(warnings).toHaveLength(1);
  });
});
