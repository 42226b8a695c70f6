import { describe, expect, it } from "vitest";
import { type Bag } from "../../provider/resource/schema";
import { useLab } from "./lab";
import { declaredBlock } from "./managed";
import { sequential } from "./pools";
import { checked, create, declared, type Saved } from "./stack";

const lab = useLab();

describe("check of a resource that has an address, whose changes are ignored, shows it", () => {
  const keepers = { keepers: { image: "1" } };

  it("when keepers change, come or go", async () => {
    await lab.register();
    const kept = await create(await lab.provider(), declared(keepers));
    // What the engine makes of `ignoreChanges`: the old keepers, or none.
    expect(kept.inputs["rotation"]).not.toBe("");
    expect(await checked(await lab.provider(), kept.inputs, declared(keepers))).toEqual(kept.inputs);
    const bare = await create(await lab.provider(), declared({ owner: "bare" }));
    expect(await checked(await lab.provider(), bare.inputs, declared({ owner: "bare" }))).toEqual(bare.inputs);
  });

  it("when its requested address changes, comes or goes", async () => {
    await lab.register();
    const [one, other] = ["42:ab:00:00:00:01", "42:ab:00:00:00:02"];
    const asked = await create(await lab.provider(), declared({ requestedAddress: one }));
    for (const requestedAddress of [other, undefined]) {
      const news = declared({ requestedAddress, address: one });
      expect(await checked(await lab.provider(), asked.inputs, news)).toMatchObject({
        address: one,
        requestedAddress: one,
      });
    }
    const free = await create(await lab.provider(), declared({ owner: "free" }));
    const news = declared({ owner: "free", requestedAddress: other, address: free.id });
    const come = await checked(await lab.provider(), free.inputs, news);
    expect(come).toMatchObject({ address: free.id });
    expect(come).not.toHaveProperty("requestedAddress");
  });
});

describe("check of a resource that is replaced, whose changes are ignored, shows what it has also the second time", () => {
  // What the engine sends first, with `ignoreChanges`, and then without, as if the resource were new.
  const again = async (old: Saved, ignoring: Bag, news: Bag) => {
    const provider = await lab.provider();
    const first = await checked(provider, old.inputs, ignoring);
    return { first, second: await checked(provider, {}, news), third: await checked(provider, {}, news) };
  };

  it("when its keepers, its owner or its requested address change", async () => {
    await lab.register();
    const requestedAddress = "42:ab:00:00:00:02";
    const news = declared({ defaultOwner: "new", owner: "new", keepers: { image: "2" }, requestedAddress });
    const kept = await create(await lab.provider(), declared({ keepers: { image: "1" } }));
    const { owner, keepers, address } = kept.inputs;
    const { first, second, third } = await again(kept, { ...news, owner, keepers, address }, news);
    expect(first).toEqual(kept.inputs);
    expect(second).toEqual(kept.inputs);
    expect(third, "of another resource of that name").toMatchObject({ owner: "new", address: requestedAddress });
  });

  it("when it was given none before, and nothing was foretold", async () => {
    await lab.register(sequential);
    const news = declared({ pool: "sequential", keepers: { image: "2" }, requestedAddress: "0e:00:00:00:00:02" });
    const { inputs } = await create(await lab.provider(), declared({ pool: "sequential" }));
    expect(inputs).not.toHaveProperty("address");
    // The engine takes away both names of an ignored address.
    const { requestedAddress: _, ...ignoring } = news;
    const provider = await lab.provider();
    await checked(provider, inputs, ignoring);
    expect(await checked(provider, {}, news)).not.toHaveProperty("requestedAddress");
  });

  it("of a block when its keepers or its count change", async () => {
    await lab.register();
    const block = (await lab.provider()).block;
    const { inputs: had } = await block.check({}, declaredBlock({ defaultOwner: "b", keepers: { image: "1" } }));
    const news = declaredBlock({ defaultOwner: "b", count: 5, keepers: { image: "2" } });
    const { block: later } = await lab.provider();
    await later.check(had, { ...news, count: had["count"], keepers: had["keepers"] });
    expect(await later.check({}, news)).toEqual({ inputs: had });
  });

  it("but a change that is not ignored counts", async () => {
    await lab.register();
    const kept = await create(await lab.provider(), declared({ keepers: { image: "1" } }));
    const news = declared({ keepers: { image: "2" } });
    const { second } = await again(kept, news, news);
    expect(second).toMatchObject({ keepers: { image: "2" } });
    expect(second["address"]).not.toBe(kept.id);
  });
});
