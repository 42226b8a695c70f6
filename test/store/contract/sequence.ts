import { describe, expect, it } from "vitest";
import type { PoolSpec } from "../../../provider/lease/pool";
import { formatMac, parseMac } from "../../../provider/mac/mac";
import { parsePrefix, parseRange } from "../../../provider/mac/range";
import { type Open, only, type Register, start, TINY } from "../support";

/** Design.md, section 4: the strategy `sequential`. */
export function sequenceContract(open: Open): void {
  describe("the sequence", () => counts(open));
  describe("the sequence skips", () => skips(open));
  describe("the anonymous owner", () => givesNew(open));
}

const sequential = (...ranges: readonly string[]): PoolSpec => ({
  name: "seq",
  ranges: ranges.map(parseRange),
  strategy: "sequential",
});

/** Returns the next `count` addresses of pool `seq`, each for an owner of its own. */
async function next(register: Register, count: number): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (let index = 0; index < count; index += 1) {
    outcomes.push(await register.address({ pool: "seq", owner: "" }));
  }
  return outcomes;
}

function counts(open: Open): void {
  it("begins at the pool's first address and goes up by one", async () => {
    const register = await start(open, { pools: [sequential("42")] });
    expect(await next(register, 3)).toEqual(["42:00:00:00:00:00", "42:00:00:00:00:01", "42:00:00:00:00:02"]);
  });

  it.each([
    ["42:00:00:00:00:fe", ["42:00:00:00:00:fe", "42:00:00:00:00:ff", "42:00:00:00:01:00"]],
    ["42:00:00:ff:ff:ff", ["42:00:00:ff:ff:ff", "42:00:01:00:00:00"]],
    ["42:00:ff:ff:ff:ff", ["42:00:ff:ff:ff:ff", "42:01:00:00:00:00"]],
    ["42:7f:ff:ff:ff:ff", ["42:7f:ff:ff:ff:ff", "42:80:00:00:00:00"]],
  ])("carries into the next octet from %s", async (first, expected) => {
    const register = await start(open, { pools: [sequential(`${first}-42:ff:ff:ff:ff:ff`)] });
    expect(await next(register, expected.length)).toEqual(expected);
  });

  it("goes on in the next range after the end of one", async () => {
    const register = await start(open, { pools: [sequential("42:00:00:00:00:01", "46:00:00:00:00:08/47")] });
    expect(await next(register, 3)).toEqual(["42:00:00:00:00:01", "46:00:00:00:00:08", "46:00:00:00:00:09"]);
  });

  it("gives its last address", async () => {
    const register = await start(open, { pools: [sequential("42:ff:ff:ff:ff:fe-42:ff:ff:ff:ff:ff")] });
    expect(await next(register, 2)).toEqual(["42:ff:ff:ff:ff:fe", "42:ff:ff:ff:ff:ff"]);
    expect((await register.refusal({ pool: "seq" })).code).toBe("POOL_EXHAUSTED");
  });

  it("does not go back to an address that was released: that one waits until the pool is used up", async () => {
    const register = await start(open, { pools: [{ ...sequential("42"), quarantineSeconds: 0 }] });
    const { lease } = await register.grant({ pool: "seq" });
    await register.release(lease);
    expect(await next(register, 1)).toEqual(["42:00:00:00:00:01"]);
  });

  it("does not lose an address to a request that fails", async () => {
    const register = await start(open, { pools: [sequential("42")] });
    await next(register, 1);
    await register.refusal({ pool: "seq", requestedAddress: parseMac("42:00:00:00:00:00") });
    await register.refusal({ pool: "nowhere" });
    expect(await next(register, 1)).toEqual(["42:00:00:00:00:01"]);
  });

  it("keeps count for each pool on its own", async () => {
    const register = await start(open, { pools: [sequential("46"), TINY] });
    expect(await next(register, 2)).toEqual(["46:00:00:00:00:00", "46:00:00:00:00:01"]);
    expect(await register.address({ pool: "tiny" })).toBe("42:10:00:00:00:00");
    expect(await next(register, 1)).toEqual(["46:00:00:00:00:02"]);
  });
}

function skips(open: Open): void {
  it("claimed addresses, one or several in a row", async () => {
    const register = await start(open, { pools: [sequential("42")] });
    for (const text of ["42:00:00:00:00:01", "42:00:00:00:00:02", "42:00:00:00:00:04"]) {
      await register.grant({ pool: "seq", owner: text, requestedAddress: parseMac(text) });
    }
    expect(await next(register, 3)).toEqual(["42:00:00:00:00:00", "42:00:00:00:00:03", "42:00:00:00:00:05"]);
  });

  it("reserved ranges that follow, overlap and hold each other", async () => {
    const reserved = [
      "42:00:00:00:00:00/47",
      "42:00:00:00:00:02-42:00:00:00:00:09",
      "42:00:00:00:00:03",
      "42:00:00:00:00:05-42:00:00:00:00:0b",
    ];
    const register = await start(open, {
      pools: [sequential("42")],
      reservations: reserved.map((text) => ({ ...parseRange(text), reason: "kept" })),
    });
    expect(await next(register, 2)).toEqual(["42:00:00:00:00:0c", "42:00:00:00:00:0d"]);
  });

  it("a reserved range of 2^39 addresses in one step", async () => {
    const register = await start(open, {
      pools: [sequential("42")],
      reservations: [{ ...parseRange("42:00:00:00:00:01-42:80:00:00:00:00"), reason: "half" }],
    });
    expect(await next(register, 2)).toEqual(["42:00:00:00:00:00", "42:80:00:00:00:01"]);
  });

  it("a range that was reserved when the sequence was already in it", async () => {
    const register = await start(open, { pools: [sequential("42")] });
    await next(register, 2);
    await register.store.reserve({ ...parsePrefix("42:00:00:00:00"), reason: "later" });
    expect(await next(register, 1)).toEqual(["42:00:00:00:01:00"]);
  });

  it("the protocol blocks that no register hands out", async () => {
    const register = await start(open, { pools: [sequential("02:be:ff:ff:ff:ff-02:ff:ff:ff:ff:ff")] });
    expect(await next(register, 2)).toEqual(["02:be:ff:ff:ff:ff", "02:c0:00:00:00:00"]);
  });

  it("a reserved range only as long as it is reserved", async () => {
    const range = parseRange("42:00:00:00:00:01-42:00:00:00:00:02");
    const register = await start(open, { pools: [sequential("42")], reservations: [{ ...range, reason: "kept" }] });
    expect(await next(register, 2)).toEqual(["42:00:00:00:00:00", "42:00:00:00:00:03"]);
    await register.store.unreserve(range);
    expect(await next(register, 3)).toEqual(["42:00:00:00:00:01", "42:00:00:00:00:02", "42:00:00:00:00:04"]);
  });
}

function givesNew(open: Open): void {
  it("gets a new address every time, also in a derived pool and in one call", async () => {
    const register = await start(open);
    const ask = { owner: "", installation: "", pool: "big", rotation: "", description: "", tags: {} };
    const outcomes = await register.store.acquire([ask, ask, ask]);
    const addresses = outcomes.map((outcome) => (outcome.ok ? formatMac(outcome.value.lease.address) : outcome.error));
    expect(addresses).toEqual(["42:20:00:00:00:00", "42:20:00:00:00:01", "42:20:00:00:00:02"]);
  });

  it("never gets back what it released while there are others", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ owner: "" });
    await register.release(lease);
    expect(await register.address({ owner: "" })).toBe("42:20:00:00:00:01");
  });

  it("never adopts", async () => {
    const register = await start(open);
    await register.grant({ owner: "", installation: "one" });
    expect(await register.grant({ owner: "", installation: "two", adopt: true })).toMatchObject({ rule: "sequence" });
  });

  it("takes no address away from a reserved range or a holder", async () => {
    const register = await start(open, {
      pools: [TINY],
      reservations: [{ ...only(parseMac("42:10:00:00:00:00")), reason: "gateway" }],
    });
    await register.grant({ pool: "tiny", owner: "web", requestedAddress: parseMac("42:10:00:00:00:01") });
    expect(await register.address({ pool: "tiny", owner: "" })).toBe("42:10:00:00:00:02");
  });
}
