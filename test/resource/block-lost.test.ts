import { copyFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import type { Bag } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { codeOf, faultOf, live, useLab } from "./lab";
import { declaredBlock } from "./managed";
import { hasty, sequential } from "./pools";
import { create, declared, type Saved, up } from "./stack";

const lab = useLab();

/** Releases the lease of an index behind the back of the block. */
async function lose({ outputs }: Saved, index: number, register: LeaseStore): Promise<string> {
  const { addresses, tokens } = outputs as Record<"addresses" | "tokens", string[]>;
  const address = addresses[index] ?? "";
  await register.release([{ address: parseMac(address), token: tokens[index] ?? "" }]);
  return address;
}

/** Returns tokens of which the second is another. */
function changed(tokens: unknown): readonly unknown[] {
  if (!Array.isArray(tokens)) throw new Error("a block has tokens");
  return tokens.map((token, index) => (index === 1 ? "another" : token));
}

describe("a block whose register has changed", () => {
  it("keeps its addresses through a rename, also when the register has lost one of them", async () => {
    const register = await lab.register();
    const { block } = await lab.provider();
    const saved = await create(block, declaredBlock());
    const { addresses } = saved.outputs as { addresses: string[] };
    await lose(saved, 1, register);
    const seen = await block.read(saved.id, saved.outputs);
    expect(seen.id).toBe(saved.id);
    const news = declaredBlock({ owner: "renamed", installation: "stack-2" });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const renamed = await up(block, saved, news);
      expect(renamed).toMatchObject({ op: "update", outputs: { addresses, owner: "renamed" } });
      expect((await up(block, renamed, news)).op).toBe("same");
    }
    expect(await live(register)).toEqual([...addresses].sort());
  });

  it("is compared with the register, not only with the program", async () => {
    const register = await lab.register();
    const { block } = await lab.provider();
    const saved = await create(block, declaredBlock());
    await lose(saved, 2, register);
    expect(await block.diff(saved.id, saved.outputs, saved.inputs)).toEqual({ changes: true, replaces: [] });
    const healed = await up(block, saved, declaredBlock());
    expect(healed.outputs["addresses"]).toEqual(saved.outputs["addresses"]);
    expect(await live(register)).toHaveLength(3);
  });

  it("never releases by an older state what a newer one holds", async () => {
    const register = await lab.register();
    const { block } = await lab.provider();
    const saved = await create(block, declaredBlock());
    await create(block, declaredBlock());
    await block.delete(saved.id, saved.outputs);
    expect(await live(register)).toHaveLength(3);
  });

  it("is refused against another register or an older copy, for every operation", async () => {
    await lab.register();
    const { id, inputs, outputs } = await create((await lab.provider()).block, declaredBlock());
    const faults: readonly [Bag, string][] = [
      [{ ...outputs, storeId: "another" }, "REGISTER_MISMATCH"],
      [{ ...outputs, seqs: [1, 99, 2] }, "REGISTER_ROLLED_BACK"],
      // Of the same changes, in another history.
      [{ ...outputs, tokens: changed(outputs["tokens"]) }, "REGISTER_ROLLED_BACK"],
    ];
    const before = await live(await lab.open());
    for (const [state, code] of faults) {
      for (const act of ["read", "delete", "update", "diff"] as const) {
        const { block } = await lab.provider();
        const work = act === "read" || act === "delete" ? block[act](id, state) : block[act](id, state, inputs);
        expect(await codeOf(work)).toBe(code);
      }
    }
    expect(await live(await lab.open())).toEqual(before);
  });

  it("is read under its new name when the answer to its renaming was lost, and trusted from then on", async () => {
    await lab.register();
    const { block } = await lab.provider();
    const { id, inputs, outputs } = await create(block, declaredBlock());
    await block.update(id, outputs, declaredBlock({ owner: "renamed" }));
    const { props } = await block.read(id, outputs);
    expect(props).toMatchObject({ owner: "renamed", addresses: outputs["addresses"] });
    const state = { ...props, __provider: inputs["__provider"] };
    expect(await block.diff(id, state, { ...inputs, owner: "renamed" })).toMatchObject({ changes: false });
  });

  it("is refused against an older copy that gave the same addresses to another block, as the same changes", async () => {
    const register = await lab.register(sequential);
    await register.close();
    const old = lab.beside("old.db");
    copyFileSync(lab.path, old);
    const news = { pool: "sequential" };
    const { id, inputs, outputs } = await create((await lab.provider()).block, declaredBlock(news));
    const elsewhere = async () => (await lab.provider({ "macpool:store": old })).block;
    const other = await create(await elsewhere(), declaredBlock({ ...news, owner: "another" }));
    expect(other.outputs).toMatchObject({ addresses: outputs["addresses"], seqs: outputs["seqs"] });
    expect(await codeOf((await elsewhere()).diff(id, outputs, inputs))).toBe("REGISTER_ROLLED_BACK");
    expect(await codeOf((await elsewhere()).delete(id, outputs))).toBe("REGISTER_ROLLED_BACK");
    await expect((await elsewhere()).diff(other.id, other.outputs, other.inputs)).resolves.toMatchObject({
      changes: false,
    });
  });

  it("is refused, in a preview already, when somebody else has one of its addresses by now", async () => {
    const register = await lab.register(hasty);
    const { block, ...nics } = await lab.provider();
    const saved = await create(block, declaredBlock({ pool: "hasty" }));
    const requestedAddress = await lose(saved, 2, register);
    await create(nics, declared({ owner: "acme/net/prod/other", pool: "hasty", requestedAddress }));
    const diff = (news: Bag) => block.diff(saved.id, saved.outputs, { ...saved.inputs, ...news });
    const fault = await faultOf(diff({}));
    expect(fault.code).toBe("ADDRESS_TAKEN");
    for (const word of [requestedAddress, '"acme/net/prod/other"', "--target-replace"])
      expect(fault.message).toContain(word);
    expect(await codeOf(block.update(saved.id, saved.outputs, saved.inputs))).toBe("ADDRESS_TAKEN");
    expect(await diff({ count: 2 })).toEqual({ changes: true, replaces: [] });
    expect(await diff({ rotation: "r1", keepers: { image: "2" } })).toEqual({ changes: true, replaces: ["rotation"] });
  });

  it("is had again after its new name was lost together with the answer, and an address after that", async () => {
    const register = await lab.register();
    const { block } = await lab.provider();
    const saved = await create(block, declaredBlock());
    const news = declaredBlock({ owner: "renamed" });
    const renamed = await up(block, saved, news);
    await lose(renamed, 1, register);
    const repeated = await up(block, saved, news);
    expect(repeated).toMatchObject({ op: "update", outputs: { addresses: saved.outputs["addresses"] } });
  });
});
