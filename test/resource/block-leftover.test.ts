import { describe, expect, it } from "vitest";
import { type Bag, UNKNOWN } from "../../provider/resource/schema";
import { live, useLab } from "./lab";
import { declaredBlock } from "./managed";
import { foretold, sequential } from "./pools";
import { checked, create, type Saved } from "./stack";

const lab = useLab();

const block = async () => (await lab.provider()).block;
const told = () => lab.printed.filter((line) => line.includes("left over"));
const addressesOf = ({ outputs }: Saved) => outputs["addresses"] as string[];

/** Lets a block grow whose answer is lost, and returns all that it has in the register by then. */
async function growUnseen(saved: Saved, more: Bag): Promise<string[]> {
  const handlers = await block();
  const inputs = await checked(handlers, saved.inputs, declaredBlock(more));
  const { outs } = await handlers.update(saved.id, saved.outputs, inputs);
  return outs["addresses"] as string[];
}

/** Looks at a block as the next update does, and returns whether it has changes. */
async function lookAt(saved: Saved, more: Bag): Promise<boolean> {
  const handlers = await block();
  const inputs = await checked(handlers, saved.inputs, declaredBlock(more));
  return (await handlers.diff(saved.id, saved.outputs, inputs)).changes;
}

describe("a block that no state knows in full, because the answer was lost,", () => {
  it.each(["default", "sequential"])("and that is made smaller is told what is left over, in pool %s", async (pool) => {
    const register = await lab.register(sequential);
    const lost = addressesOf(await create(await block(), declaredBlock({ pool, count: 5 })));
    const saved = await create(await block(), declaredBlock({ pool, count: 2 }));
    expect(addressesOf(saved)).toEqual(lost.slice(0, 2));
    expect(await lookAt(saved, { pool, count: 2 })).toBe(false);
    // Whether another state knows them the register cannot tell, so they stay.
    expect(await live(register)).toHaveLength(5);
    expect(told()).toHaveLength(1);
    for (const word of [...lost.slice(2), "macpool release --force"]) expect(told()[0]).toContain(word);
    for (const word of lost.slice(0, 2)) expect(told()[0]).not.toContain(word);
  });

  it("and that does not grow after all is told what is left over, or grows less", async () => {
    await lab.register();
    const saved = await create(await block(), declaredBlock({ count: 2 }));
    const grown = await growUnseen(saved, { count: 4 });
    expect(await lookAt(saved, { count: 2 })).toBe(false);
    expect(await lookAt(saved, { count: 3 })).toBe(true);
    expect(told()).toHaveLength(2);
    for (const word of grown.slice(2)) expect(told()[0]).toContain(word);
    for (const [index, address] of grown.entries()) expect(told()[1]?.includes(address)).toBe(index === 3);
  });

  it("is told nothing when it is asked for again, grows as far, or is not known yet", async () => {
    await lab.register();
    await create(await block(), declaredBlock({ count: 2 }));
    const saved = await create(await block(), declaredBlock({ count: 2 }));
    await growUnseen(saved, { count: 4 });
    for (const count of [4, 5, UNKNOWN]) await lookAt(saved, { count });
    expect(told()).toEqual([]);
  });
});

it.each<[string, Bag, Bag]>([
  ["the same block under other keepers", {}, { keepers: { image: "2" } }],
  ["in another pool", {}, { pool: "foretold" }],
  ["another installation", {}, { installation: "stack-2" }],
  ["another owner", {}, { owner: "acme/net/prod/nics[2]" }],
])("A smaller block is told nothing of a larger one: %s", async (_, large, small) => {
  const register = await lab.register(foretold);
  await create(await block(), declaredBlock({ count: 4, ...large }));
  const saved = await create(await block(), declaredBlock({ count: 2, ...small }));
  await lookAt(saved, { count: 2, ...small });
  expect(told()).toEqual([]);
  expect(await live(register)).toHaveLength(6);
});

it("A block that replaces a larger one is told nothing, whether it is told that it does or not", async () => {
  const register = await lab.register();
  const old = await create(await block(), declaredBlock({ count: 4 }));
  const saved = await create(await block(), declaredBlock({ count: 2 }));
  expect(await live(register)).toHaveLength(4);
  await (await block()).delete(old.id, old.outputs);
  await lookAt(saved, { count: 2 });
  expect(told()).toEqual([]);
  expect(await live(register)).toEqual([...addressesOf(saved)].sort());
});
