import { describe, expect, it } from "vitest";
import { useLab } from "./lab";
import { sequential } from "./pools";
import { checked, create, declared, sent, shown } from "./stack";

const lab = useLab();

describe("check of a resource that has an address refuses", () => {
  it("to let a new resource have its owner and so its address, whichever of the two is asked about first", async () => {
    await lab.register(sequential);
    for (const pool of ["default", "sequential"]) {
      const [rack0, rack1] = [declared({ pool, owner: `${pool}-0` }), declared({ pool, owner: `${pool}-1` })];
      const { inputs, id } = await create(await lab.provider(), rack0);
      const [before, after] = [await lab.provider(), await lab.provider()];
      expect(await shown(before, inputs, rack1)).toBe(id);
      expect((await before.check({}, rack0)).failures).toMatchObject([{ property: "owner" }]);
      await checked(after, {}, rack0);
      expect((await after.check(inputs, sent(rack1))).failures).toMatchObject([{ property: "owner" }]);
      const both = await lab.provider();
      const results = await Promise.all([both.check(inputs, sent(rack1)), both.check({}, rack0)]);
      expect(results.flatMap(({ failures = [] }) => failures)).toHaveLength(1);
    }
  });

  it("nothing when each takes the owner of the one before it, also when that was cut off halfway", async () => {
    await lab.register();
    const provider = await lab.provider();
    const owned = (index: number) => declared({ owner: `rack-${index}` });
    const saved = [
      await create(provider, owned(0)),
      await create(provider, owned(1)),
      await create(provider, owned(2)),
    ];
    const [first, second] = saved;
    if (first === undefined || second === undefined) throw new Error("three were created");
    for (let renamed = 0; renamed < 3; renamed += 1) {
      const process = await lab.provider();
      for (const [index, { inputs, id }] of saved.entries())
        expect(await shown(process, inputs, owned((index + 1) % 3))).toBe(id);
      const { id, outputs, inputs } = saved[renamed] ?? first;
      await process.update(id, outputs, { ...inputs, owner: `rack-${(renamed + 1) % 3}` });
    }
  });

  it("no resource that takes the owner of one that is gone from the program", async () => {
    await lab.register();
    const { id } = await create(await lab.provider(), declared());
    expect(await shown(await lab.provider(), {}, declared())).toBe(id);
  });
});
