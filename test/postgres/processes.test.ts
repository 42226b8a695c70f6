import { expect, it, onTestFinished } from "vitest";
import { lockOf } from "../../provider/store/postgres/schema";
import { waitAfterKill } from "../faults/processes/after-kill";
import { allocation } from "../faults/processes/allocate";
import { Worker } from "../faults/processes/process";
import { rejection, request } from "../store/support";
import { createSchema, describePostgres, openUrl, schemaOf } from "./support";

describePostgres("on one server", () => {
  allocation({ create: (content) => createSchema(content), open: openUrl });
});

/** Starts another program that holds locks of the register inside a transaction. */
async function holder(url: string, sql: string): Promise<Worker> {
  const worker = new Worker();
  expect(await worker.ask({ do: "lock", path: url, sql })).toEqual({});
  return worker;
}

function locksOf(url: string): readonly (readonly [string, string])[] {
  const schema = schemaOf(url);
  return [
    ["every row", `select from ${schema}.pool for update; select from ${schema}.lease for update`],
    ["the pools", `select pg_advisory_xact_lock(${lockOf(schema, "definitions")})`],
  ];
}

describePostgres("a process that was suspended", () => {
  it("in the midst of its grants keeps nobody waiting, and goes on where it was", { timeout: 60_000 }, async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    const worker = new Worker();
    await worker.ask({ do: "open", path: url });
    worker.tell({ do: "stream", request: request({ owner: "stopped" }) });
    for (let round = 0; round < 8; round += 1) {
      expect(await worker.next()).toHaveProperty("address");
      worker.suspend();
      const before = performance.now();
      for (const owner of ["a", "b", "c"]) await register.grant({ owner: `${owner}-${round}` });
      // A lock that was waited for would have taken five seconds.
      expect(performance.now() - before).toBeLessThan(5_000);
      worker.resume();
    }
    await worker.kill();
    expect((await register.store.verify()).faults).toEqual([]);
  });

  it("inside a transaction of its own lets others read, and tells them at the deadline", {
    timeout: 90_000,
  }, async () => {
    const url = await createSchema();
    const register = await openUrl(url, { warnAfter: 100, giveUpAfter: 600 });
    const { lease } = await register.grant({ pool: "tiny" });
    for (const [name, sql] of locksOf(url)) {
      const worker = await holder(url, sql);
      worker.suspend();
      onTestFinished(() => worker.resume());
      expect(await register.store.find(lease.address), name).toEqual(lease);
      const error = await rejection(register.grant({ pool: "tiny", owner: "late" }));
      expect(error.code, name).toBe("REGISTER_BUSY");
      for (const text of ["lock", "nothing was changed", "Run again"]) expect(error.message).toContain(text);
      expect(await register.leases()).toEqual([lease]);
      worker.resume();
      await worker.kill();
    }
  });

  it("frees what it held when it is killed: the next grant takes less than a second, in the best of three", async () => {
    const url = await createSchema();
    const register = await openUrl(url);
    expect(await waitAfterKill(register, () => holder(url, locksOf(url)[1]?.[1] ?? ""))).toBeLessThan(1000);
  });
});
