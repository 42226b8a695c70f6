import { describe, expect, it } from "vitest";
import { parseMac } from "../../../provider/mac/mac";
import { createMemoryStore } from "../../../provider/store/memory-store";
import { createFile, HOUR, initial, openFile, Register, TestClock, testContext } from "../../store/support";

const MINUTE = 60_000;

/** Opens a register in which something happened just now, and returns what its user was told. */
const registers: readonly [string, () => Promise<{ readonly register: Register; readonly warnings: string[] }>][] = [
  [
    "in a file",
    async () => {
      const warnings: string[] = [];
      return { register: await openFile(createFile(), {}, warnings), warnings };
    },
  ],
  [
    "in memory",
    async () => {
      const [warnings, clock] = [[], new TestClock()];
      return { register: new Register(createMemoryStore(initial(), testContext(clock, warnings)), clock), warnings };
    },
  ],
];

describe.each(registers)("a clock that goes back, with a register %s", (_, open) => {
  it("by more than a minute is told of once, with the register and what to check", async () => {
    const { register, warnings } = await open();
    await register.grant({ owner: "a" });
    register.clock.advance(-90 * MINUTE);
    for (const owner of ["b", "c"]) await register.grant({ owner });
    expect(warnings).toHaveLength(1);
    for (const text of [
      register.store.location,
      "90 min behind",
      "begin now end late",
      "earlier ones ended too soon",
      "Check the clock",
    ]) {
      expect(warnings[0]).toContain(text);
    }
  });

  it("by a minute at most is nothing to speak of", async () => {
    const { register, warnings } = await open();
    await register.grant({ owner: "a" });
    register.clock.advance(-MINUTE);
    await register.grant({ owner: "b" });
    expect(warnings).toEqual([]);
  });

  it("or far forward and back changes neither the order of release nor the time of events, which stands still", async () => {
    const { register } = await open();
    const pool = "tiny";
    const leases = [];
    for (let count = 0; count < 5; count += 1) leases.push((await register.grant({ pool, owner: "" })).lease);
    register.clock.advance(1000 * HOUR);
    for (const index of [3, 1]) await register.release(leases[index] ?? { address: 0, token: "" });
    register.clock.advance(-1000 * HOUR);
    await register.release(leases[4] ?? { address: 0, token: "" });
    const times = (await register.events()).map(({ at }) => at);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    expect(times.at(-1)).toBe(register.clock.now + 1000 * HOUR);
    // No quarantine is over by the register's time, whatever the machine's clock says.
    expect((await register.refusal({ pool, owner: "new" })).code).toBe("POOL_EXHAUSTED");
    register.clock.advance(1002 * HOUR);
    for (const last of ["03", "01", "04"]) {
      expect((await register.grant({ pool, owner: "" })).lease.address).toBe(parseMac(`42:10:00:00:00:${last}`));
    }
  });
});
