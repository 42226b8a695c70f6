import { describe, expect, it } from "vitest";
import type { Manager } from "../../../provider/lease/pool";
import { parsePrefix, parseRange } from "../../../provider/mac/range";
import { type Open, type Register, rejection, start } from "../support";

const ME: Manager = { owner: "acme/net/prod/edge", installation: "one" };
const OTHER: Manager = { owner: "acme/net/prod/core", installation: "one" };
const EDGE = { name: "edge", ranges: [parsePrefix("42:30")] };
const SPAN = parseRange("42:40:00:00:00:00-42:40:00:00:00:0f");
const PRINTERS = { ...SPAN, reason: "printers" };

const ours = (all: readonly { readonly start: number }[]) => all.filter((one) => one.start === SPAN.start);

/** Cases for what managers were granted under: only the newest grant can be ended. */
export function managerTokensContract(open: Open): void {
  describe("the token of a manager", () => grants(open));
}

function grants(open: Open): void {
  const [first, second] = [
    { ...ME, token: "first" },
    { ...ME, token: "second" },
  ];
  const edge = async (register: Register) => (await register.store.pools()).find(({ name }) => name === "edge");

  it("is that of the last time a pool was created, and only under it the manager deletes it", async () => {
    const register = await start(open);
    expect((await register.store.createPool(EDGE, first)).managedBy).toEqual(first);
    expect((await register.store.createPool(EDGE, second)).managedBy).toEqual(second);
    expect((await edge(register))?.managedBy).toEqual(second);
    await register.grant({ pool: "edge" });
    const before = await register.seq();
    for (const by of [first, ME, { ...OTHER, token: "third" }]) {
      expect(await register.store.deletePool("edge", by)).toBe(false);
    }
    expect(await register.seq()).toBe(before);
    expect((await rejection(register.store.deletePool("edge", second))).code).toBe("POOL_CONFLICT");
    for (const lease of await register.leases()) await register.release(lease);
    // Nobody else has it: the manager under another name, of which the register has not heard or the manager has not.
    expect(await register.store.deletePool("edge", { ...OTHER, token: "second" })).toBe(true);
    expect((await register.store.createPool(EDGE)).managedBy).toBeUndefined();
    expect(await register.store.deletePool("edge", second)).toBe(false);
  });

  it("of a pool stays through a change by hand, and is replaced by whoever changes it by name of a declaration", async () => {
    const register = await start(open);
    await register.store.createPool(EDGE, first);
    expect((await register.store.updatePool("edge", { description: "x" })).managedBy).toEqual(first);
    await register.store.updatePool("edge", {}, { ...OTHER, token: "first" });
    expect((await edge(register))?.managedBy).toEqual({ ...OTHER, token: "first" });
    await register.store.updatePool("edge", {}, OTHER);
    expect((await edge(register))?.managedBy).toEqual(OTHER);
  });

  it("is that of the last time a range was reserved, and only under it the manager ends that", async () => {
    const register = await start(open);
    await register.store.reserve(PRINTERS, first);
    const before = await register.seq();
    await register.store.reserve(PRINTERS, first);
    expect(await register.seq()).toBe(before);
    await register.store.reserve(PRINTERS, second);
    expect(ours(await register.store.reserved())).toEqual([{ ...PRINTERS, managedBy: second }]);
    for (const by of [first, ME, { ...OTHER, token: "third" }]) {
      expect(await register.store.unreserve(SPAN, by)).toBe(false);
    }
    await register.store.reserve(PRINTERS, { ...OTHER, token: "third" }, true);
    expect(await register.store.unreserve(SPAN, { ...ME, token: "third" })).toBe(true);
  });

  it("does not matter where there is none in the register, nor by hand", async () => {
    const register = await start(open);
    await register.store.createPool(EDGE, ME);
    await register.store.reserve(PRINTERS, ME);
    expect(await register.store.unreserve(SPAN, first)).toBe(true);
    expect(await register.store.deletePool("edge", second)).toBe(true);
    await register.store.createPool(EDGE, first);
    await register.store.reserve(PRINTERS, first);
    expect(await register.store.unreserve(SPAN)).toBe(true);
    expect(await register.store.deletePool("edge")).toBe(true);
  });

  it("is nowhere in what others are told", async () => {
    const register = await start(open);
    await register.store.createPool(EDGE, first);
    await register.store.reserve(PRINTERS, first);
    const refusals = [register.store.createPool(EDGE, OTHER), register.store.reserve(PRINTERS, OTHER)];
    for (const { message, details } of await Promise.all(refusals.map(rejection))) {
      expect(details).toMatchObject(ME);
      expect(message + JSON.stringify(details)).not.toContain("first");
    }
    expect(JSON.stringify(await register.events())).not.toContain("first");
  });
}
