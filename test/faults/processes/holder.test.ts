import { describe, expect, it, onTestFinished } from "vitest";
import { patienceOf } from "../../../provider/store/patience";
import { createFile, openFile, rejection, testContext } from "../../store/support";
import { waitAfterKill } from "./after-kill";
import { Worker } from "./process";

/** Starts another process that holds the lock of the register. */
async function holder(path: string): Promise<Worker> {
  const worker = new Worker();
  expect(await worker.ask({ do: "lock", path })).toEqual({});
  return worker;
}

describe("while a process that was suspended holds the lock of a register", () => {
  it("another is warned, and told at the deadline what to look for; then it may go on where it was", async () => {
    const path = createFile();
    const warnings: string[] = [];
    const register = await openFile(path, { warnAfter: 100, giveUpAfter: 600 }, warnings);
    const seq = await register.seq();
    const worker = await holder(path);
    worker.suspend();
    onTestFinished(() => worker.resume());
    const error = await rejection(register.grant());
    expect(warnings).toHaveLength(1);
    for (const text of [path, "suspended", "Waiting"]) expect(warnings[0]).toContain(text);
    expect(error.code).toBe("REGISTER_BUSY");
    for (const text of [path, "suspended", "nothing was written", "run again"]) expect(error.message).toContain(text);
    expect(await register.seq()).toBe(seq);
    worker.resume();
    expect(await worker.ask({ do: "unlock" })).toEqual({});
    expect(await register.grant()).toMatchObject({ rule: "derive" });
  });

  it("the warning comes after five seconds, and the end after a minute", () => {
    expect(patienceOf("r.db", testContext())).toMatchObject({ warnAfter: 5_000, giveUpAfter: 60_000 });
  });
});

describe("when a process is killed that holds the lock of a register", () => {
  it("another gets its address within a second: in the best of three tries, as the machine may be busy", async () => {
    const path = createFile();
    const register = await openFile(path);
    expect(await waitAfterKill(register, () => holder(path))).toBeLessThan(1000);
  });
});
