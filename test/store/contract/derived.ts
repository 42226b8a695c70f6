import { describe, expect, it } from "vitest";
import { ATTEMPTS, derive } from "../../../provider/lease/derive";
import type { Lease } from "../../../provider/lease/lease";
import { definePool, type PoolSpec } from "../../../provider/lease/pool";
import { formatMac, type Mac, parseMac } from "../../../provider/mac/mac";
import { parsePrefix } from "../../../provider/mac/range";
import { BIG, HOUR, type Open, only, type Register, request, start } from "../support";

const { owner } = request();
const big = definePool(BIG);
const candidates: readonly Mac[] = Array.from({ length: ATTEMPTS }, (_, attempt) => derive(big, owner, attempt));
const candidate = (attempt: number): Mac => candidates[attempt] ?? 0;

/** Design.md, section 4: the strategy `derived`. */
export function derivedContract(open: Open): void {
  describe("a derived address", () => {
    takesCandidates(open);
    passesOver(open);
  });
  describe("an address that a preview showed", () => prefers(open));
  describe("an owner whose candidates are all gone", () => fallsBack(open));
}

/** Gives the first `count` candidates to other owners. */
async function occupy(register: Register, count: number): Promise<void> {
  for (const [index, address] of candidates.slice(0, count).entries()) {
    await register.grant({ owner: `holder-${index}`, requestedAddress: address });
  }
}

function takesCandidates(open: Open): void {
  it("is the owner's first candidate, the same in every register", async () => {
    for (const register of [await start(open), await start(open)]) {
      const { rule, lease } = await register.grant();
      expect(rule).toBe("derive");
      expect(lease.address).toBe(candidate(0));
    }
  });

  it.each([1, 2, 7, 15])("is the next candidate in order when %d are held", async (held) => {
    const register = await start(open);
    await occupy(register, held);
    expect(await register.grant()).toMatchObject({ rule: "derive", lease: { address: candidate(held) } });
  });

  it("is the frozen one of pool default", async () => {
    const register = await start(open, { pools: [{ name: "default", ranges: [parsePrefix("42")] }] });
    expect(await register.address({ pool: "default", owner: "acme/network/prod/web-1-nic" })).toBe("42:59:ef:80:95:8d");
    expect(await register.address({ pool: "default", owner: "acme/network/prod/web-1-nic", rotation: "r1" })).toBe(
      "42:96:18:71:91:09",
    );
  });
}

function passesOver(open: Open): void {
  it("is never a reserved one", async () => {
    const register = await start(open, { reservations: [{ ...only(candidate(0)), reason: "printer" }] });
    expect(await register.grant()).toMatchObject({ lease: { address: candidate(1) } });
  });

  it("is none that another owner released, before its quarantine is over", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ owner: "other", requestedAddress: candidate(0) });
    await register.release(lease);
    register.clock.advance(HOUR - 1);
    expect(await register.grant()).toMatchObject({ lease: { address: candidate(1) } });
    register.clock.advance(1);
    expect(await register.grant({ installation: "two" })).toMatchObject({ lease: { address: candidate(0) } });
  });

  it("does not come from the owner's name when the caller asks for the next in order", async () => {
    const register = await start(open);
    expect(await register.grant({ sequential: true })).toMatchObject({
      rule: "sequence",
      lease: { address: parseMac("42:20:00:00:00:00") },
    });
  });
}

function prefers(open: Open): void {
  it.each([0, 1, 9, 15])("is granted when it is candidate %d and free", async (attempt) => {
    const register = await start(open);
    const preferred = candidate(attempt);
    expect(await register.grant({ preferred })).toMatchObject({ rule: "derive", lease: { address: preferred } });
  });

  it.each([
    ["is no candidate of the owner", parseMac("42:20:00:00:00:05")],
    ["is a candidate of another owner", derive(big, "other", 0)],
    ["lies in another pool", parseMac("42:10:00:00:00:01")],
    ["would be the seventeenth candidate", derive(big, owner, ATTEMPTS)],
  ])("does not matter when it %s", async (_, preferred) => {
    const register = await start(open);
    expect(await register.grant({ preferred })).toMatchObject({ rule: "derive", lease: { address: candidate(0) } });
  });

  it("does not matter when it is held, reserved or in quarantine", async () => {
    const register = await start(open, { reservations: [{ ...only(candidate(4)), reason: "printer" }] });
    await register.grant({ owner: "other", requestedAddress: candidate(3) });
    const { lease } = await register.grant({ owner: "third", requestedAddress: candidate(5) });
    await register.release(lease);
    for (const [index, attempt] of [3, 4, 5].entries()) {
      const grant = await register.grant({ installation: `i-${index}`, preferred: candidate(attempt) });
      expect(grant).toMatchObject({ rule: "derive", lease: { address: candidate(index) } });
    }
  });

  it("does not move a lease that is live, or one that comes back", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    expect(await register.grant({ preferred: candidate(2) })).toMatchObject({ lease: { address: lease.address } });
    await register.release({ ...lease, token: (await register.grant()).lease.token });
    expect(await register.grant({ preferred: candidate(2) })).toMatchObject({ lease: { address: lease.address } });
  });
}

function fallsBack(open: Open): void {
  it("gets the next address in order", async () => {
    const register = await start(open);
    await occupy(register, ATTEMPTS);
    const { rule, lease } = await register.grant();
    expect(rule).toBe("sequence");
    expect(formatMac(lease.address)).toBe("42:20:00:00:00:00");
    expect(await register.address({ owner: "next", sequential: true })).toBe("42:20:00:00:00:01");
  });

  it("gets the longest-released one when the sequence is at its end too", async () => {
    const first = parseMac("42:30:00:00:00:00");
    const spec: PoolSpec = { name: "few", ranges: [{ start: first, end: first + 99 }], quarantineSeconds: 3600 };
    const register = await start(open, { pools: [spec] });
    const own = new Set(Array.from({ length: ATTEMPTS }, (_, attempt) => derive(definePool(spec), owner, attempt)));
    const strange: Lease[] = [];
    for (let address = first; address < first + 100; address += 1) {
      const { lease } = await register.grant({ pool: "few", owner: `o-${address}`, requestedAddress: address });
      if (!own.has(address)) strange.unshift(lease);
    }
    for (const lease of strange.slice(0, 2)) await register.release(lease);
    expect((await register.refusal({ pool: "few" })).code).toBe("POOL_EXHAUSTED");
    register.clock.advance(HOUR);
    const expected = { rule: "reuse", lease: { address: strange[0]?.address } };
    expect(await register.grant({ pool: "few" })).toMatchObject(expected);
  });
}
