import { expect, it, onTestFinished } from "vitest";
import { openPostgresStore } from "../../provider/store/postgres/postgres-store";
import { request, TestClock, testContext } from "../store/support";
import { createSchema, describePostgres } from "./support";

describePostgres("while the clock goes on", () => {
  it("what is asked is answered: how full a pool is, and that it is exhausted", async () => {
    const url = await createSchema();
    const clock = new TestClock();
    // A millisecond passes whenever somebody looks, as it does on any real network.
    const context = { ...testContext(clock), clock: () => ++clock.now };
    const store = await openPostgresStore(url, context);
    onTestFinished(() => store.close());
    const asked = Array.from({ length: 6 }, (_, index) => request({ pool: "tiny", owner: `vm-${index}` }));
    const outcomes = await store.acquire(asked);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true, true, true, false]);
    expect(outcomes[5]).toMatchObject({ error: { code: "POOL_EXHAUSTED" } });
    expect(await store.stats("tiny")).toMatchObject({ live: 5, size: 5 });
  });
});
