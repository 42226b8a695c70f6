import { copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import type { Lease } from "../../provider/lease/lease";
import { parseMac } from "../../provider/mac/mac";
import type { LeaseStore } from "../../provider/store/store";
import { codeOf, faultOf, type Provider, useLab } from "./lab";
import { create, declared, type Saved } from "./stack";

const lab = useLab();

/** Returns the lease of a saved resource. */
async function leaseOf(register: LeaseStore, { id }: Saved): Promise<Lease> {
  const lease = await register.find(parseMac(id));
  if (lease === undefined) throw new Error("the register has lost the lease");
  return lease;
}

const calls: readonly [string, (provider: Provider, saved: Saved) => Promise<unknown>][] = [
  ["diff", (provider, { id, inputs, outputs }) => provider.diff(id, outputs, inputs)],
  ["update", (provider, { id, inputs, outputs }) => provider.update(id, outputs, inputs)],
  ["delete", (provider, { id, outputs }) => provider.delete(id, outputs)],
  ["read", (provider, { id, outputs }) => provider.read(id, outputs)],
];

describe.each(calls)("%s of a state", (_, call) => {
  let nic: Saved;
  let other: Saved;

  beforeEach(async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    nic = await create(provider, declared());
    other = await create(provider, declared({ owner: "b" }));
    await register.close();
  });

  it("from another register is refused, naming both, and nothing is granted from then on", async () => {
    const elsewhere = lab.beside("elsewhere.db");
    const provider = await lab.provider({ "macpool:store": elsewhere });
    await create(provider, declared({ owner: "c" }));
    const found = await (await lab.open(elsewhere)).identity();
    const fault = await faultOf(call(provider, nic));
    expect(fault.code).toBe("REGISTER_MISMATCH");
    for (const word of [String(nic.outputs["storeId"]), found.storeId, elsewhere])
      expect(fault.message).toContain(word);
    expect(await codeOf(provider.create(declared({ owner: "d" })))).toBe("REGISTER_MISMATCH");
    expect(await (await lab.open(elsewhere)).identity()).toEqual(found);
  });

  it("that is newer than the register is refused, and nothing is granted from then on", async () => {
    const old = lab.beside("old.db");
    copyFileSync(lab.path, old);
    await (await lab.provider()).update(other.id, other.outputs, { ...other.inputs, description: "newer" });
    const outputs = { ...nic.outputs, seq: Number(nic.outputs["seq"]) + 1000 };
    const provider = await lab.provider({ "macpool:store": old });
    const fault = await faultOf(call(provider, { ...nic, outputs }));
    expect(fault.code).toBe("REGISTER_ROLLED_BACK");
    for (const word of [String(outputs.seq), old]) expect(fault.message).toContain(word);
    expect(await codeOf(provider.create(declared({ owner: "d" })))).toBe("REGISTER_ROLLED_BACK");
    expect(await codeOf(provider.delete(other.id, other.outputs))).toBe("REGISTER_ROLLED_BACK");
  });

  it("that is newer is refused, also when the change of that number is a reservation of the same address", async () => {
    const register = await lab.open();
    const address = parseMac(nic.id);
    await register.reserve({ start: address, end: address, reason: "a printer" });
    const { seq } = await register.identity();
    expect(await register.event(seq)).toMatchObject({ kind: "reserve", address });
    const outputs = { ...nic.outputs, seq };
    expect(await codeOf(call(await lab.provider(), { ...nic, outputs }))).toBe("REGISTER_ROLLED_BACK");
  });

  it("that is refused stays so, whatever is found sound at the same moment", async () => {
    const provider = await lab.provider();
    const outputs = { ...nic.outputs, seq: Number(nic.outputs["seq"]) + 1000 };
    const answers: Promise<unknown>[] = [faultOf(call(provider, { ...nic, outputs }))];
    for (let microtasks = 0; microtasks < 100; microtasks += 1) {
      answers.push(provider.diff(other.id, other.outputs, other.inputs).catch(() => "refused"));
      await Promise.resolve();
    }
    await Promise.all(answers);
    expect(await codeOf(provider.create(declared({ owner: "d" })))).toBe("REGISTER_ROLLED_BACK");
  });

  it("whose change gave its address to its owner under another token there is refused: another history", async () => {
    const provider = await lab.provider();
    const outputs = { ...nic.outputs, token: "that of the state" };
    expect(await codeOf(call(provider, { ...nic, outputs }))).toBe("REGISTER_ROLLED_BACK");
    expect(await codeOf(provider.create(declared({ owner: "d" })))).toBe("REGISTER_ROLLED_BACK");
  });

  it("is trusted again when its lease was put back from it, and from no older one", async () => {
    const register = await lab.open();
    const lease = await leaseOf(register, nic);
    const seq = lease.seq + 1000;
    const outputs = { ...nic.outputs, seq };
    const saved = { ...nic, outputs };
    expect(await codeOf(call(await lab.provider(), saved))).toBe("REGISTER_ROLLED_BACK");
    await register.recover([{ ...lease, seq, stack: "dev" }], true);
    await expect(call(await lab.provider(), saved)).resolves.not.toThrow();
  });

  it("that is newer than the one its lease was put back from is refused", async () => {
    const register = await lab.open();
    const lease = await leaseOf(register, nic);
    await register.recover([{ ...lease, seq: lease.seq + 1000, stack: "dev" }], true);
    const newer = { ...nic, outputs: { ...nic.outputs, seq: lease.seq + 5000 } };
    expect(await codeOf(call(await lab.provider(), newer))).toBe("REGISTER_ROLLED_BACK");
  });

  it("is refused when the lease that was put back is another's by its token", async () => {
    const register = await lab.open();
    const lease = await leaseOf(register, nic);
    const seq = lease.seq + 1000;
    await register.recover([{ ...lease, seq, token: "another", stack: "dev" }], true);
    const saved = { ...nic, outputs: { ...nic.outputs, seq } };
    expect(await codeOf(call(await lab.provider(), saved))).toBe("REGISTER_ROLLED_BACK");
  });

  it.each([
    ["released", (register, lease) => register.release([lease])],
    ["renamed", (register, lease) => register.update({ ...lease, owner: "renamed" })],
    ["taken over", (register, lease) => register.takeOver({ ...lease, owner: "printer" })],
  ] satisfies [string, (register: LeaseStore, lease: Lease) => Promise<unknown>][])(
    "whose lease was put back from it and then %s is trusted: of that it had no answer",
    async (_, change) => {
      const register = await lab.open();
      const lease = await leaseOf(register, nic);
      const seq = lease.seq + 1000;
      await register.recover([{ ...lease, seq, stack: "dev" }], true);
      await change(register, lease);
      const saved = { ...nic, outputs: { ...nic.outputs, seq } };
      const [outcome] = await Promise.allSettled([call(await lab.provider(), saved)]);
      if (outcome?.status === "rejected") expect(outcome.reason).toMatchObject({ code: "ADDRESS_TAKEN" });
    },
  );

  it("that the register has moved on from is fine", async () => {
    const provider = await lab.provider();
    for (const owner of ["c", "d"]) await create(provider, declared({ owner }));
    await expect(call(provider, nic)).resolves.not.toThrow();
    expect((await create(provider, declared({ owner: "e" }))).id).toMatch(/^42:/);
  });

  it("keeps a register from being made also when a new address was asked for a moment before", async () => {
    const nowhere = lab.beside("nowhere.db");
    const provider = await lab.provider({ "macpool:store": nowhere });
    const asked = codeOf(provider.create(declared({ owner: "d" })));
    await call(provider, nic).catch(() => undefined);
    expect(await asked).toBe("REGISTER_MISSING");
    expect(existsSync(nowhere)).toBe(false);
  });

  it("without any register keeps one from being made", async () => {
    renameSync(lab.path, lab.beside("moved.db"));
    const provider = await lab.provider();
    await Promise.allSettled([call(provider, nic)]);
    const fault = await faultOf(provider.create(declared({ owner: "c" })));
    expect(fault.code).toBe("REGISTER_MISSING");
    expect(fault.message).toContain(String(nic.outputs["storeId"]));
    expect(existsSync(lab.path)).toBe(false);
  });
});

describe("a process that saw another register", () => {
  it("trusts again when it is started again with the right one", async () => {
    const first = await lab.register();
    const nic = await create(await lab.provider(), declared());
    const provider = await lab.provider({ "macpool:store": lab.beside("elsewhere.db") });
    await create(provider, declared({ owner: "c" }));
    expect(await codeOf(provider.diff(nic.id, nic.outputs, nic.inputs))).toBe("REGISTER_MISMATCH");
    const { seq } = await first.identity();
    await create(await lab.provider(), declared({ owner: "d" }));
    expect((await first.identity()).seq).toBe(seq + 1);
  });

  it("goes on refusing resources of the register it uses", async () => {
    const provider = await lab.provider();
    const nic = await create(provider, declared());
    const foreign = { ...nic.outputs, storeId: "another" };
    expect(await codeOf(provider.update(nic.id, foreign, nic.inputs))).toBe("REGISTER_MISMATCH");
    expect(await codeOf(provider.update(nic.id, nic.outputs, nic.inputs))).toBe("REGISTER_MISMATCH");
    expect(await codeOf(provider.delete(nic.id, nic.outputs))).toBe("REGISTER_MISMATCH");
  });

  it("notices a register that was exchanged while it had it open, before it writes", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const nic = await create(provider, declared());
    await register.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(lab.path + suffix, { force: true });
    await lab.register();
    expect(await codeOf(provider.create(declared({ owner: "c" })))).toBe("REGISTER_UNUSABLE");
    expect(await codeOf(provider.delete(nic.id, nic.outputs))).toBe("REGISTER_UNUSABLE");
  });
});
