import { beforeEach, describe, expect, it, vi } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import { parsePrefix } from "../../provider/mac/range";
import { rotationText } from "../../provider/resource/rotation";
import { type Bag, UNKNOWN } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { codeOf, faultOf, type Provider, useLab } from "./lab";
import { hasty } from "./pools";
import { checked, create, declared, type Saved, up } from "./stack";

const lab = useLab();
let register: LeaseStore;
let provider: Provider;
let nic: Saved;

beforeEach(async () => {
  register = await lab.register(hasty);
  provider = await lab.provider();
  nic = await create(provider, declared());
});

const leaseOf = (id: string) => register.find(parseMac(id));

/** Takes the lease away behind the stack's back. */
function lose({ id, outputs }: Saved) {
  return register.release([{ address: parseMac(id), token: String(outputs["token"]) }]);
}

function update(saved: Saved, more: Bag) {
  return provider.update(saved.id, saved.outputs, { ...saved.inputs, ...more });
}

describe("update", () => {
  it("changes owner, installation, description and tags of the lease, and neither address nor token", async () => {
    const change = { owner: "renamed", installation: "stack-2", description: "NIC", tags: { rack: "7" } };
    const { outs } = await update(nic, change);
    const { seq } = await register.identity();
    expect(outs).toEqual({ ...nic.outputs, ...change, seq, __provider: undefined });
    expect(await leaseOf(nic.id)).toMatchObject({ ...change, token: nic.outputs["token"], releasedAt: undefined });
  });

  it("takes away what is not given any longer", async () => {
    const labelled = await up(provider, nic, declared({ description: "NIC", tags: { rack: "7" }, adopt: true }));
    const bare = await up(provider, labelled, declared());
    expect([labelled.op, bare.op]).toEqual(["update", "update"]);
    for (const key of ["description", "tags", "adopt"]) expect(bare.outputs).not.toHaveProperty(key);
    expect(await leaseOf(nic.id)).toMatchObject({ description: "", tags: {} });
  });

  it("returns only what JSON can carry, the inputs and the new change number", async () => {
    const { outs } = await update(nic, { keepers: {}, adopt: true });
    expect(outs).toStrictEqual(JSON.parse(JSON.stringify(outs)));
    expect(outs).toMatchObject({ adopt: true, keepers: {}, seq: (await register.identity()).seq, schemaVersion: 1 });
  });

  it("does the same when it is repeated because the answer was lost", async () => {
    const { outs } = await update(nic, { owner: "renamed" });
    expect((await update(nic, { owner: "renamed" })).outs).toEqual({ ...outs, seq: Number(outs["seq"]) + 1 });
    expect((await up(await lab.provider(), nic, declared({ owner: "renamed" }))).id).toBe(nic.id);
  });

  it("leaves nothing to change", async () => {
    const news = declared({ owner: "renamed", tags: { rack: "7" } });
    const renamed = await up(provider, nic, news);
    expect((await up(provider, renamed, news)).op).toBe("same");
  });

  it("swaps two names", async () => {
    const other = await create(provider, declared({ owner: "b" }));
    await update(nic, { owner: "b" });
    await update(other, { owner: "acme/net/prod/nic" });
    expect(await leaseOf(nic.id)).toMatchObject({ owner: "b" });
    expect(await leaseOf(other.id)).toMatchObject({ owner: "acme/net/prod/nic" });
  });

  it.each<[string, Bag, string]>([
    ["inputs that check would refuse", { owner: "" }, "INVALID_CONFIG"],
    ["inputs that are not known", { owner: UNKNOWN }, "INTERNAL"],
  ])("refuses %s, and writes nothing", async (_, more, code) => {
    const before = await register.identity();
    expect(await codeOf(update(nic, more))).toBe(code);
    expect(await register.identity()).toEqual(before);
  });
});

describe("update of a lease that the register has lost", () => {
  it("asserts the same address again, under the new name, with a new token, in one change", async () => {
    await lose(nic);
    const { seq } = await register.identity();
    const { outs } = await update(nic, { owner: "renamed", tags: { rack: "7" } });
    expect(outs).toMatchObject({ address: nic.id, owner: "renamed", tags: { rack: "7" }, seq: seq + 1 });
    expect(outs["token"]).not.toBe(nic.outputs["token"]);
    expect(await leaseOf(nic.id)).toMatchObject({ owner: "renamed", token: outs["token"], releasedAt: undefined });
  });

  it("and whose history does not know it either is refused: it is an older copy", async () => {
    const outputs = { ...nic.outputs, address: "42:ab:00:00:00:01" };
    expect(await codeOf(provider.update("42:ab:00:00:00:01", outputs, nic.inputs))).toBe("REGISTER_ROLLED_BACK");
  });

  it.each(["was lost", "and then the lease was lost"])(
    "under another name can be repeated when the answer %s",
    async (what) => {
      await lose(nic);
      const { outs } = await update(nic, { owner: "renamed" });
      if (what !== "was lost") await lose({ ...nic, outputs: outs });
      const repeated = await up(await lab.provider(), nic, declared({ owner: "renamed" }));
      expect(repeated).toMatchObject({ op: "update", id: nic.id, inputs: { address: nic.id } });
      expect(repeated.outputs).toMatchObject({ address: nic.id, owner: "renamed" });
      expect(repeated.outputs["token"]).not.toBe(outs["token"]);
    },
  );

  it("under another name warns when somebody was granted it once more under the old one, and only then", async () => {
    const warned = vi.mocked(console.warn);
    await create(provider, declared());
    provider = await lab.provider();
    const { outs } = await update(nic, { description: "its own" });
    expect(warned).not.toHaveBeenCalled();
    await create(provider, declared());
    provider = await lab.provider();
    await update({ ...nic, outputs: outs }, { owner: "acme/net/other/nic", installation: "another" });
    const words = `${nic.id} was granted once more to "acme/net/prod/nic" since this stack was updated last`;
    expect(warned).toHaveBeenCalledWith(expect.stringContaining(words));
  });

  it("heals the stack: the next pass finds nothing to do", async () => {
    await lose(nic);
    const healed = await up(provider, nic, declared());
    expect(healed.op).toBe("update");
    expect((await up(provider, healed, declared())).op).toBe("same");
    await provider.delete(healed.id, healed.outputs);
    expect(await leaseOf(nic.id)).toHaveProperty("releasedAt", expect.any(Number));
  });

  it("keeps the pool and the keepers it was granted with", async () => {
    const old = await create(provider, declared({ owner: "b", pool: "hasty", keepers: { image: "1" } }));
    await lose(old);
    await update(old, {});
    expect(await leaseOf(old.id)).toMatchObject({ pool: "hasty", rotation: rotationText({ image: "1" }) });
  });

  it("refuses when somebody else has the address by now, and names the holder", async () => {
    const old = await create(provider, declared({ pool: "hasty" }));
    await lose(old);
    await create(provider, declared({ owner: "acme/net/prod/other", pool: "hasty", requestedAddress: old.id }));
    const fault = await faultOf(update(old, {}));
    expect(fault.code).toBe("ADDRESS_TAKEN");
    for (const word of ['"acme/net/prod/other"', "--target-replace"]) expect(fault.message).toContain(word);
    // Before anything is done, too.
    const preview = await lab.provider();
    const inputs = await checked(preview, old.inputs, declared({ pool: "hasty" }));
    expect(await faultOf(preview.diff(old.id, old.outputs, inputs))).toMatchObject({ message: fault.message });
    const moved = { ...inputs, rotation: "1", keepers: { image: "2" } };
    expect(await preview.diff(old.id, old.outputs, moved)).toMatchObject({ replaces: ["rotation"] });
  });

  it("refuses when the address was reserved meanwhile", async () => {
    await lose(nic);
    await register.reserve({ ...parsePrefix(nic.id.slice(0, 8)), reason: "printers" });
    expect(await codeOf(update(nic, {}))).toBe("ADDRESS_RESERVED");
  });
});

describe("update with a token that was superseded", () => {
  it("takes the lease over again, which is the same declaration's", async () => {
    const retried = await create(await lab.provider(), declared());
    const { outs } = await update(nic, { owner: "renamed" });
    expect(outs).toMatchObject({ address: nic.id, owner: "renamed" });
    expect(outs["token"]).not.toBe(retried.outputs["token"]);
    expect(await leaseOf(nic.id)).toMatchObject({ owner: "renamed", token: outs["token"] });
  });

  it("refuses when the lease was adopted by another installation", async () => {
    await create(await lab.provider(), declared({ installation: "stack-2", adopt: true }));
    expect(await codeOf(update(nic, {}))).toBe("ADDRESS_TAKEN");
  });

  it("refuses when another resource of the same run got the lease with the old owner, and leaves it to that one", async () => {
    const run = await lab.provider();
    const other = await create(run, declared());
    expect(other.id).toBe(nic.id);
    expect(await codeOf(run.update(nic.id, nic.outputs, { ...nic.inputs, owner: "renamed" }))).toBe("INVALID_OWNER");
    expect(await leaseOf(nic.id)).toMatchObject({ owner: nic.outputs["owner"], token: other.outputs["token"] });
  });
});
