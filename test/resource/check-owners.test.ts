import { describe, expect, it } from "vitest";
import { type Bag, UNKNOWN } from "../../provider/resource/schema";
import { codeOf, type Provider, useLab } from "./lab";
import { declaredBlock } from "./managed";
import { foretold } from "./pools";
import { checked, create, declared } from "./stack";

const lab = useLab();

/** A resource by the owner it would have by default, the owner that it has, and its pool if that is not `default`. */
type Declared = readonly ["nic" | "block", string, string, string?];

async function refusals(provider: Provider, given: readonly Declared[]): Promise<string[]> {
  const results: string[] = [];
  for (const [kind, defaultOwner, owner, pool] of given) {
    const news: Bag = { defaultOwner, owner, pool };
    const { failures = [], inputs } =
      kind === "nic" ? await provider.check({}, declared(news)) : await provider.block.check({}, declaredBlock(news));
    if (failures.length === 0) expect(inputs).not.toHaveProperty("defaultOwner");
    results.push(failures.map(({ property, reason }) => `${property}: ${reason}`).join());
  }
  return results;
}

describe("resources that have one owner, whatever the program gave them", () => {
  it.each<[string, readonly Declared[], readonly string[]]>([
    [
      "two NICs",
      [
        ["nic", "p/a", "shared"],
        ["nic", "p/b", "shared"],
      ],
      ["p/a", "p/b"],
    ],
    [
      "two blocks",
      [
        ["block", "p/a", "shared"],
        ["block", "p/b", "shared"],
      ],
      ["block p/a", "block p/b"],
    ],
    [
      "a block and a NIC",
      [
        ["block", "p/a", "shared"],
        ["nic", "p/b", "shared[7]"],
      ],
      ["an address of block p/a", "p/b"],
    ],
    [
      "a NIC and a block",
      [
        ["nic", "p/a", "shared[1023]"],
        ["block", "p/b", "shared"],
      ],
      ["p/a", "an address of block p/b"],
    ],
  ])("are refused: %s", async (_, given, named) => {
    await lab.register();
    const [first, second] = await refusals(await lab.provider(), given);
    expect(first).toBe("");
    for (const word of ["owner: ", "shared", ...named]) expect(second).toContain(word);
  });

  it.each<[string, readonly Declared[]]>([
    [
      "one that is checked again, as for a replacement",
      [
        ["nic", "p/a", "mine"],
        ["nic", "p/a", "mine"],
      ],
    ],
    [
      "a block that is checked again",
      [
        ["block", "p/a", "mine"],
        ["block", "p/a", "mine"],
      ],
    ],
    [
      "a NIC and a block of one name",
      [
        ["nic", "p/a", "p/a"],
        ["block", "p/a", "p/a"],
      ],
    ],
    [
      "a NIC whose owner looks like one of a block, but for the number",
      [
        ["block", "p/a", "x"],
        ["nic", "p/b", "x[01]"],
      ],
    ],
    [
      "two whose owner is not known yet",
      [
        ["nic", "p/a", UNKNOWN],
        ["nic", "p/b", UNKNOWN],
      ],
    ],
    [
      "two in two pools",
      [
        ["nic", "p/a", "shared"],
        ["nic", "p/b", "shared", "foretold"],
      ],
    ],
    [
      "two of which one has a pool that is not known yet",
      [
        ["nic", "p/a", "shared"],
        ["nic", "p/b", "shared", UNKNOWN],
      ],
    ],
  ])("are none: %s", async (_, given) => {
    await lab.register(foretold);
    expect(await refusals(await lab.provider(), given)).toEqual(["", ""]);
  });
});

it.each<[Declared, Declared]>([
  [
    ["nic", "p/a", "shared"],
    ["nic", "p/b", "shared"],
  ],
  [
    ["block", "p/a", "shared"],
    ["nic", "p/b", "shared[7]"],
  ],
])("%j is not granted once %j is refused; in another pool it is", async (first, second) => {
  await lab.register(foretold);
  const provider = await lab.provider();
  const [kind, defaultOwner, owner] = first;
  const handlers = kind === "nic" ? provider : provider.block;
  const declare = kind === "nic" ? declared : declaredBlock;
  const here = await checked(handlers, {}, declare({ defaultOwner, owner }));
  const there = await checked(handlers, {}, declare({ defaultOwner: "p/c", owner, pool: "foretold" }));
  expect(await refusals(provider, [second])).not.toEqual([""]);
  expect(await codeOf(handlers.create(here))).toBe("INVALID_OWNER");
  expect((await handlers.create(there)).outs).toMatchObject({ owner, pool: "foretold" });
});

describe("a new resource whose owner has an address already", () => {
  const told = () => lab.printed.filter((line) => line.includes("was live already"));

  it.each(["nic", "block"] as const)(
    "is given that one with a warning, because another may have it: %s",
    async (kind) => {
      await lab.register();
      const news = kind === "nic" ? declared({ owner: "shared" }) : declaredBlock({ owner: "shared" });
      const process = async () => (kind === "nic" ? lab.provider() : (await lab.provider()).block);
      const first = await create(await process(), { ...news, defaultOwner: "p/a" });
      expect(told()).toEqual([]);
      const second = await create(await process(), { ...news, defaultOwner: "p/b" });
      expect(second.id).toBe(first.id);
      expect(told()).toHaveLength(1);
      for (const word of [first.id, '"shared"', "p/b has it now", "--exclude"]) expect(told()[0]).toContain(word);
    },
  );

  it("is given that one without a word where its owner comes from its name: only itself can have it", async () => {
    await lab.register();
    await create(await lab.provider(), declared());
    await create(await lab.provider(), declared());
    expect(told()).toEqual([]);
  });

  it("is given that one without a word where it replaces itself", async () => {
    await lab.register();
    const news = { ...declared({ owner: "shared" }), defaultOwner: "p/a" };
    const old = await create(await lab.provider(), news);
    const provider = await lab.provider();
    await provider.check(old.inputs, news);
    expect((await create(provider, news)).id).toBe(old.id);
    expect(told()).toEqual([]);
  });
});

describe("a resource of which nothing tells it from others, because all its changes are ignored", () => {
  it.each(["nic", "block"] as const)("is refused: %s", async (kind) => {
    await lab.register();
    const start = async () => (kind === "nic" ? lab.provider() : (await lab.provider()).block);
    const news = kind === "nic" ? declared() : declaredBlock();
    const { inputs } = await create(await start(), news);
    const later = await start();
    const failures = async (given: Bag) => (await later.check(inputs, given)).failures ?? [];
    expect(await failures({ ...news, defaultOwner: "p/renamed" })).toEqual([]);
    expect(await failures(inputs)).toMatchObject([{ property: "ignoreChanges" }]);
  });
});
