import { describe, expect, it } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import type { Bag } from "../../provider/resource/schema";
import { BLOCK_LOADER } from "../../sdk/loader";
import { live, useLab } from "./lab";
import { checked, create, declared, grant, type Handlers, type Saved } from "./stack";

const lab = useLab();

/** A name in which both differ, as after `pulumi stack rename`. */
const RENAMED = { owner: "acme/net/prod/renamed", installation: "stack-2" };

/** Replaces a resource though nothing asks for another address, as for `replacementTrigger` or `replaceWith`. */
async function replace(provider: Handlers, old: Saved, news: Bag, isDeletedFirst: boolean): Promise<Saved> {
  await checked(provider, old.inputs, news);
  const inputs = await checked(provider, {}, news);
  if (isDeletedFirst) await provider.delete(old.id, old.outputs);
  const saved = await grant(provider, inputs);
  if (!isDeletedFirst) await provider.delete(old.id, old.outputs);
  return saved;
}

describe("What is renamed and replaced in one update keeps its address:", () => {
  for (const isDeletedFirst of [false, true]) {
    const order = isDeletedFirst ? "the old one is deleted first" : "the old one is deleted last";

    it(`a NIC, when ${order}`, async () => {
      const register = await lab.register();
      const old = await create(await lab.provider(), declared());
      const saved = await replace(await lab.provider(), old, declared(RENAMED), isDeletedFirst);
      expect(saved.inputs["address"]).toBe(old.id);
      expect(saved).toMatchObject({ id: old.id, outputs: RENAMED });
      expect(await register.find(parseMac(old.id))).toMatchObject({ ...RENAMED, token: saved.outputs["token"] });
      expect((await register.find(parseMac(old.id)))?.releasedAt).toBeUndefined();
      expect(await live(register)).toHaveLength(1);
    });

    it(`a block that also grows, when ${order}`, async () => {
      const register = await lab.register();
      const block = { rotation: "", count: 2, __provider: BLOCK_LOADER };
      const old = await create((await lab.provider()).block, declared(block));
      const news = declared({ ...block, ...RENAMED, count: 3 });
      const saved = await replace((await lab.provider()).block, old, news, isDeletedFirst);
      const [before, after] = [old, saved].map(({ outputs }) => outputs["addresses"] as string[]);
      expect(after?.slice(0, 2)).toEqual(before);
      expect(saved.inputs["addresses"]).toEqual(after);
      for (const [index, text] of (after ?? []).entries()) {
        const owner = `${RENAMED.owner}[${index}]`;
        const lease = await register.find(parseMac(text));
        expect(lease).toMatchObject({ owner, installation: RENAMED.installation });
        expect(lease?.releasedAt).toBeUndefined();
      }
      expect(await live(register)).toHaveLength(3);
    });
  }

  for (const isDeletedFirst of [false, true]) {
    const order = isDeletedFirst ? "first" : "last";

    it(`two NICs that take each other's owner, when what they were is deleted ${order}`, async () => {
      const register = await lab.register();
      const [x, y] = ["x", "y"].map((owner) => declared({ owner, defaultOwner: owner }));
      const news = [
        { ...x, owner: "y" },
        { ...y, owner: "x" },
      ];
      const olds = [await create(await lab.provider(), x ?? {}), await create(await lab.provider(), y ?? {})];
      const provider = await lab.provider();
      const inputs: Bag[] = [];
      for (const [index, old] of olds.entries()) {
        await checked(provider, old.inputs, news[index] ?? {});
        inputs.push(await checked(provider, {}, news[index] ?? {}));
      }
      const remove = () => Promise.all(olds.map(({ id, outputs }) => provider.delete(id, outputs)));
      if (isDeletedFirst) await remove();
      const saved = [await grant(provider, inputs[0] ?? {}), await grant(provider, inputs[1] ?? {})];
      if (!isDeletedFirst) await remove();
      expect(saved.map(({ id }) => id)).toEqual(olds.map(({ id }) => id));
      for (const { id, outputs } of saved)
        expect(await register.find(parseMac(id))).toMatchObject({ owner: outputs["owner"], token: outputs["token"] });
      expect(await live(register)).toHaveLength(2);
    });

    it(`no block gets the addresses of another one, when what they were is deleted ${order}`, async () => {
      const register = await lab.register();
      const declare = (owner: string, defaultOwner: string) =>
        declared({ rotation: "", count: 2, __provider: BLOCK_LOADER, owner, defaultOwner });
      const first = (await lab.provider()).block;
      const olds = [await create(first, declare("x", "x")), await create(first, declare("y", "y"))];
      const news = [declare("y", "x"), declare("x", "y")];
      const { block } = await lab.provider();
      const inputs: Bag[] = [];
      for (const [index, old] of olds.entries()) {
        await checked(block, old.inputs, news[index] ?? {});
        inputs.push(await checked(block, {}, news[index] ?? {}));
      }
      const remove = () => Promise.all(olds.map(({ id, outputs }) => block.delete(id, outputs)));
      if (isDeletedFirst) await remove();
      const saved = [await grant(block, inputs[0] ?? {}), await grant(block, inputs[1] ?? {})];
      if (!isDeletedFirst) await remove();
      const addresses = saved.flatMap(({ outputs }) => outputs["addresses"] as string[]);
      expect(new Set(addresses).size).toBe(4);
      expect(await live(register)).toEqual([...addresses].sort());
      if (!isDeletedFirst) expect(saved.map(({ id }) => id)).toEqual(olds.map(({ id }) => id));
    });
  }

  it("also when it was cut off between the grant and the state", async () => {
    const register = await lab.register();
    const old = await create(await lab.provider(), declared());
    const news = declared(RENAMED);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const provider = await lab.provider();
      await checked(provider, old.inputs, news);
      expect((await create(provider, news)).id).toBe(old.id);
    }
    expect(await live(register)).toHaveLength(1);
  });
});
