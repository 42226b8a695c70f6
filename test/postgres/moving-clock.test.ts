import { expect, it, onTestFinished } from "vitest";
import { openPostgresStore } from "../../provider/store/postgres/postgres-store";
import { Register, rejection, TestClock, testContext } from "../store/support";
import { createSchema, describePostgres } from "./support";

/** A clock that never shows the same time twice. */
class MovingClock extends TestClock {
  read(): number {
    this.now += 7;
    return this.now;
  }
}

async function openMoving(): Promise<Register> {
  const clock = new MovingClock();
  const store = await openPostgresStore(await createSchema(), { ...testContext(clock), clock: () => clock.read() });
  onTestFinished(() => store.close());
  return new Register(store, clock);
}

describePostgres("while time goes on, as clocks do", () => {
  it("a pool that is used up says so", async () => {
    const register = await openMoving();
    const grants = [0, 1, 2, 3, 4].map((index) => register.grant({ pool: "tiny", owner: `owner-${index}` }));
    const [first] = await Promise.all(grants);
    const full = await rejection(register.grant({ pool: "tiny", owner: "late" }));
    expect(full.code).toBe("POOL_EXHAUSTED");
    if (first !== undefined) await register.release(first.lease);
    const resting = await rejection(register.grant({ pool: "tiny", owner: "late" }));
    expect(resting.details).toMatchObject({ live: 4, quarantined: 1 });
  });

  it("a pool tells how full it is", async () => {
    const register = await openMoving();
    const { lease } = await register.grant({ pool: "tiny" });
    await register.release(lease);
    expect(await register.store.stats("tiny")).toMatchObject({ live: 0, quarantined: 1, neverIssued: 4 });
  });
});
