import { describe, expect, it } from "vitest";
import { defaultPool } from "../../provider/lease/pool";
import { formatMac } from "../../provider/mac/mac";
import { useLab } from "./lab";
import { candidates, foretold, hasty, rivals } from "./pools";
import { checked, create, declared, grant, shown } from "./stack";

const lab = useLab();

const rival = (owner: string, pool = "foretold") => declared({ owner, pool });

describe("owners who like the same address best", () => {
  it("are shown different addresses by one process, and get them in whatever order they are created", async () => {
    await lab.register(foretold);
    const [a = "", b = "", c = ""] = rivals(foretold, 3);
    const preview = await lab.provider();
    const addresses = [];
    for (const owner of [a, b, c, a, b, c]) addresses.push(await shown(preview, {}, rival(owner)));
    expect(new Set(addresses).size).toBe(3);
    expect(addresses.slice(3)).toEqual(addresses.slice(0, 3));

    const update = await lab.provider();
    const inputs = [];
    for (const owner of [a, b, c]) inputs.push(await checked(update, {}, rival(owner)));
    const granted = new Map<unknown, string>();
    for (const bag of inputs.reverse()) granted.set(bag["owner"], (await grant(update, bag)).id);
    expect([a, b, c].map((owner) => granted.get(owner))).toEqual(addresses.slice(0, 3));
  });

  it("are shown different addresses when both are asked about at once", async () => {
    await lab.register(foretold);
    const owners = rivals(foretold, 3);
    const provider = await lab.provider();
    const addresses = await Promise.all(owners.map((owner) => shown(provider, {}, rival(owner))));
    expect(new Set(addresses).size).toBe(3);
    expect(addresses).toContain(formatMac(candidates(foretold, owners[0] ?? "")[0] ?? 0));
  });

  it("are shown different addresses before there is a register", async () => {
    // 2^40 addresses are too many to find two such owners, so the one promised is asked for by name.
    const provider = await lab.provider();
    const [best = 0, second = 0] = candidates(defaultPool(), "b");
    expect(await shown(provider, {}, declared({ owner: "a", requestedAddress: formatMac(best) }))).toBe(
      formatMac(best),
    );
    expect(await shown(provider, {}, declared({ owner: "b" }))).toBe(formatMac(best));
    expect(second).not.toBe(best);
  });
});

describe("an address that one owner was shown", () => {
  it("because it had it before is not shown to another, nor the other way round", async () => {
    await lab.register(hasty);
    const [before = "", after = ""] = rivals(hasty, 2);
    const old = await create(await lab.provider(), rival(before, "hasty"));
    await (await lab.provider()).delete(old.id, old.outputs);
    for (const order of [
      [before, after],
      [after, before],
    ]) {
      const provider = await lab.provider();
      const addresses = [];
      for (const owner of order) addresses.push((await checked(provider, {}, rival(owner, "hasty")))["address"]);
      expect(addresses[0]).toBe(old.id);
      expect(addresses[1]).not.toBe(old.id);
    }
  });

  it("because it asks for it is not shown to one who likes it best", async () => {
    await lab.register(foretold);
    const [best = 0, second = 0] = candidates(foretold, "b");
    const provider = await lab.provider();
    await checked(provider, {}, declared({ owner: "a", pool: "foretold", requestedAddress: formatMac(best) }));
    expect(await shown(provider, {}, rival("b"))).toBe(formatMac(second));
  });

  it("is shown to it again under other keepers only if it is free", async () => {
    await lab.register(foretold);
    const [a = "", b = ""] = rivals(foretold, 2);
    const provider = await lab.provider();
    const first = await shown(provider, {}, rival(a));
    expect(await shown(provider, {}, { ...rival(a), keepers: { image: "1" } })).toBe(first);
    expect(await shown(provider, {}, rival(b))).not.toBe(first);
  });
});
