import { describe, expect, it } from "vitest";
import { formatMac, type Mac, parseMac } from "../../provider/mac/mac";
import { type Bag, UNKNOWN } from "../../provider/resource/schema";
import { codeOf, live, type Provider, useLab } from "./lab";
import { declaredBlock } from "./managed";
import { candidates, foretold, sequential } from "./pools";
import { checked, create, declared, grant, sent, up } from "./stack";

const lab = useLab();

async function failures(provider: Provider, news: Bag, olds: Bag = {}): Promise<Record<string, string>> {
  const { failures: found = [] } = await provider.block.check(olds, sent(declaredBlock(news)));
  return Object.fromEntries(found.map(({ property, reason }) => [property, reason]));
}

const offsetFrom = (address: unknown, offset: number): Mac => parseMac(String(address)) + offset;

describe("what check says of a block", () => {
  it.each<[string, Bag, string]>([
    ["no address", { count: 0 }, "count"],
    ["more than 1024", { count: 1025 }, "count"],
    ["half an address", { count: 1.5 }, "count"],
    ["a number in words", { count: "3" }, "count"],
    ["no count", { count: undefined }, "count"],
    ["contiguous in words", { contiguous: "yes" }, "contiguous"],
    ["a pool that there is not", { pool: "nowhere" }, "pool"],
    ["__proto__ as a pool", { pool: "__proto__" }, "pool"],
    ["a list as a pool", { pool: ["default"] }, "pool"],
    ["tags that are no texts", { tags: { rack: 7 } }, "tags"],
    ["an owner that leaves no room for an index", { owner: "x".repeat(1020) }, "owner"],
    ["an owner that is no text", { owner: 7 }, "owner"],
  ])("is a failure of the right property for %s", async (_, news, property) => {
    await lab.register();
    expect(Object.keys(await failures(await lab.provider(), news))).toEqual([property]);
  });

  it.each([false, true])("is what create grants, without a register too (contiguous: %s)", async (contiguous) => {
    const preview = await lab.provider();
    const news = declaredBlock({ contiguous, installation: UNKNOWN });
    const { addresses, known } = await checked(preview.block, {}, news);
    expect(addresses).toHaveLength(3);
    expect(known).toEqual([]);
    const provider = await lab.provider();
    expect((await create(provider.block, declaredBlock({ contiguous }))).outputs["addresses"]).toEqual(addresses);
  });

  it.each(["count", "contiguous", "pool", "keepers", "owner"])("is open while %s is not known", async (key) => {
    await lab.register();
    const inputs = await checked((await lab.provider()).block, {}, declaredBlock({ [key]: UNKNOWN }));
    expect(inputs).toMatchObject({ [key]: UNKNOWN, known: [] });
    expect(inputs).not.toHaveProperty("addresses");
  });

  it("shows what a growing block has while what it will have is not known", async () => {
    await lab.register(sequential);
    const provider = await lab.provider();
    const news = declaredBlock({ pool: "sequential" });
    const inputs = await checked(provider.block, {}, news);
    expect(inputs).toMatchObject({ known: ["", "", ""] });
    expect(inputs).not.toHaveProperty("addresses");
    const saved = await grant(provider.block, inputs);
    const [first, second, third] = saved.outputs["addresses"] as string[];
    const grown = await checked(provider.block, saved.inputs, { ...news, count: 5, description: "renamed" });
    expect(grown["known"]).toEqual([first, second, third, "", ""]);
    const same = await checked(provider.block, saved.inputs, news);
    expect(same["addresses"]).toEqual([first, second, third]);
  });

  it("shows no address to two blocks, or to a block and a NIC, whoever comes first", async () => {
    await lab.register(foretold);
    const [liked = 0] = candidates(foretold, "acme/net/prod/nics");
    const claim = declared({ pool: "foretold", requestedAddress: formatMac(liked + 1), owner: "acme/net/prod/a" });
    const preview = await lab.provider();
    const { address } = await checked(preview, {}, claim);
    const asked = declaredBlock({ pool: "foretold", contiguous: true });
    const { addresses } = await checked(preview.block, {}, asked);
    expect(addresses).toHaveLength(3);
    expect(addresses).not.toContain(address);
    const alone = await lab.provider();
    expect((await checked(alone.block, {}, asked))["addresses"]).toContain(address);
    const provider = await lab.provider();
    const shown: string[] = [];
    for (const name of ["a", "b", "c", "d"]) {
      const news = declaredBlock({ pool: "foretold", owner: name, contiguous: name > "b", count: 50 });
      shown.push(...((await checked(provider.block, {}, news))["addresses"] as string[]));
    }
    expect(new Set(shown).size).toBe(200);
  });

  it("does not show to a NIC what a block was shown before", async () => {
    await lab.register(foretold);
    const [start = 0] = candidates(foretold, "acme/net/prod/nics");
    const isWithin = (address: number) => address >= start && address < start + 1024;
    let owner = "";
    for (let index = 0; owner === ""; index += 1) {
      const [liked = 0] = candidates(foretold, `acme/net/prod/nic-${index}`);
      if (isWithin(liked)) owner = `acme/net/prod/nic-${index}`;
    }
    const nic = declared({ pool: "foretold", owner });
    const alone = await checked(await lab.provider(), {}, nic);
    expect(isWithin(parseMac(String(alone["address"])))).toBe(true);
    const preview = await lab.provider();
    const asked = declaredBlock({ pool: "foretold", contiguous: true, count: 1024 });
    expect((await checked(preview.block, {}, asked))["addresses"]).toContain(alone["address"]);
    expect(isWithin(parseMac(String((await checked(preview, {}, nic))["address"])))).toBe(false);
  });

  it("is a failure of count when a contiguous block cannot grow", async () => {
    await lab.register();
    const provider = await lab.provider();
    const saved = await create(provider.block, declaredBlock({ contiguous: true }));
    await create(provider, declared({ requestedAddress: formatMac(offsetFrom(saved.id, 3)) }));
    const found = await failures(provider, { contiguous: true, count: 4 }, saved.inputs);
    expect(found).toEqual({ count: expect.stringContaining("change a keeper") });
  });
});

describe("a block", () => {
  it("lives its whole life", async () => {
    const register = await lab.register();
    const { block } = await lab.provider();
    const saved = await create(block, declaredBlock({ description: "NICs", tags: { rack: "7" } }));
    const { addresses, tokens, seqs } = saved.outputs as Record<string, string[]>;
    expect(saved.id).toBe(addresses?.[0]);
    expect([tokens?.length, seqs?.length, new Set(tokens).size]).toEqual([3, 3, 3]);
    const { storeId } = await register.identity();
    const { inputs } = saved;
    expect(saved.outputs).toMatchObject({ ...inputs, storeId, schemaVersion: 1 });
    const seen = await block.read(saved.id, saved.outputs);
    expect({ ...seen.props, __provider: inputs["__provider"] }).toEqual(saved.outputs);
    expect({ ...seen.inputs, __provider: inputs["__provider"] }).toEqual(inputs);
    expect((await up(block, saved, declaredBlock({ description: "NICs", tags: { rack: "7" } }))).op).toBe("same");

    const grown = await up(block, saved, declaredBlock({ count: 4 }));
    expect(grown.op).toBe("update");
    expect((grown.outputs["tokens"] as string[]).slice(0, 3)).toEqual(tokens);
    expect(await live(register)).toHaveLength(4);
    const shrunk = await up(block, grown, declaredBlock({ count: 1 }));
    expect(await live(register)).toEqual([saved.id]);

    await block.delete(shrunk.id, shrunk.outputs);
    expect(await live(register)).toEqual([]);
    expect((await block.read(shrunk.id, shrunk.outputs)).id).toBe("");
    await block.delete(shrunk.id, shrunk.outputs);
    expect((await create(block, declaredBlock())).outputs["addresses"]).toEqual(addresses);
  });

  it("is updated in place to contiguous when its addresses are consecutive, else replaced", async () => {
    const register = await lab.register(sequential);
    const provider = await lab.provider();
    const row = await create(provider.block, declaredBlock({ pool: "sequential" }));
    const told = await up(provider.block, row, declaredBlock({ pool: "sequential", contiguous: true, count: 4 }));
    expect(told.op).toBe("update");
    expect(told.outputs["addresses"]).toEqual([0, 1, 2, 3].map((offset) => formatMac(offsetFrom(row.id, offset))));

    const scattered = await create(provider.block, declaredBlock({ owner: "b" }));
    const moved = await up(provider.block, scattered, declaredBlock({ owner: "b", contiguous: true }));
    expect(moved.op).toBe("replace");
    expect(moved.outputs["addresses"]).toEqual([0, 1, 2].map((offset) => formatMac(offsetFrom(moved.id, offset))));
    expect(await live(register)).toHaveLength(7);
    expect((await up(provider.block, moved, declaredBlock({ owner: "b" }))).op).toBe("update");
  });

  it.each<[string, Bag, string]>([
    ["pool", { pool: "foretold" }, "pool"],
    ["keepers", { keepers: { image: "2" } }, "rotation"],
  ])("is replaced when its %s changes, and gets other addresses", async (_, change, key) => {
    const register = await lab.register(foretold);
    const { block } = await lab.provider();
    const saved = await create(block, declaredBlock());
    const news = await checked(block, saved.inputs, declaredBlock(change));
    const { replaces } = await block.diff(saved.id, saved.outputs, news);
    expect(replaces).toEqual([key]);
    const next = await up(block, saved, declaredBlock(change));
    expect(next.op).toBe("replace");
    const olds = saved.outputs["addresses"] as string[];
    expect((next.outputs["addresses"] as string[]).filter((address) => olds.includes(address))).toEqual([]);
    expect(await live(register)).toHaveLength(3);
  });

  it("does not share its addresses with what gets its old owner in the same run", async () => {
    await lab.register();
    const { inputs, outputs, id } = await create((await lab.provider()).block, declaredBlock());
    const renamed = declaredBlock({ owner: "renamed" });
    const orders = [await lab.provider(), await lab.provider()] as const;
    expect(await checked(orders[0].block, inputs, renamed)).toMatchObject({ addresses: outputs["addresses"] });
    expect((await orders[0].block.check({}, declaredBlock())).failures).toMatchObject([{ property: "owner" }]);
    await checked(orders[1].block, {}, declaredBlock());
    expect((await orders[1].block.check(inputs, sent(renamed))).failures).toMatchObject([{ property: "owner" }]);
    const { block } = await lab.provider();
    await create(block, declaredBlock());
    expect(await codeOf(block.update(id, outputs, { ...inputs, owner: "renamed" }))).toBe("INVALID_OWNER");
  });

  it("says what is wrong with a state that was edited", async () => {
    await lab.register();
    const { block } = await lab.provider();
    const { id, outputs } = await create(block, declaredBlock());
    expect(await codeOf(block.delete(id, { ...outputs, tokens: ["one"] }))).toBe("INTERNAL");
    expect(await codeOf(block.delete(id, { ...outputs, addresses: [UNKNOWN] }))).toBe("INTERNAL");
    expect(await codeOf(block.read(id, {}))).toBe("LEASE_NOT_FOUND");
  });
});
