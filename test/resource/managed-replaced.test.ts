import { describe, expect, it } from "vitest";
import type { Manager } from "../../provider/lease/pool";
import { parsePrefix } from "../../provider/mac/range";
import type { Bag } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { type Provider, useLab } from "./lab";
import { declaredPool, declaredReservation } from "./managed";
import { create, declared, type Handlers, type Saved, up } from "./stack";

const lab = useLab();

/** A type of resource that declares something there is once in a register. */
interface Kind {
  readonly handlersOf: (provider: Provider) => Handlers;
  readonly declared: (more?: Bag) => Bag;
  /** What changes in place. */
  readonly change: Bag;
  /** Returns who manages what tests declare; undefined when it is not there, or nobody does. */
  readonly managerIn: (register: LeaseStore) => Promise<Manager | undefined>;
  /** Takes the token out of the register, as if an older version had made it. */
  readonly forget: (register: LeaseStore) => Promise<unknown>;
}

const range = parsePrefix("42:0a");
const kinds: Readonly<Record<string, Kind>> = {
  pool: {
    handlersOf: ({ pool }) => pool,
    declared: declaredPool,
    change: { description: "changed" },
    managerIn: async (register) => (await register.pools()).find(({ name }) => name === "lab")?.managedBy,
    forget: (register) => register.updatePool("lab", {}, { owner: "acme/net/prod/lab", installation: "stack-1" }),
  },
  reservation: {
    handlersOf: ({ reservation }) => reservation,
    declared: declaredReservation,
    change: { reason: "changed" },
    managerIn: async (register) => (await register.reserved()).find(({ start }) => start === range.start)?.managedBy,
    forget: (register) =>
      register.reserve({ ...range, reason: "" }, { owner: "acme/net/prod/printers", installation: "stack-1" }),
  },
};

describe.each(Object.entries(kinds))("a %s that replaces itself", (_, kind) => {
  const handlers = async () => kind.handlersOf(await lab.provider());

  /** Returns one as an older version left it in the register, and in the state unless a token is given. */
  async function untold(register: LeaseStore, token = ""): Promise<Saved> {
    const { outputs, ...saved } = await create(await handlers(), kind.declared());
    await kind.forget(register);
    const { token: _, ...without } = outputs;
    return { ...saved, outputs: token === "" ? without : { ...without, token } };
  }

  it("stays when what it replaced is deleted, by whichever process and however late", async () => {
    const register = await lab.register();
    const first = await handlers();
    const old = await create(first, kind.declared());
    const next = await create(first, kind.declared());
    const later = await handlers();
    expect((await later.diff(next.id, next.outputs, next.inputs)).changes).toBe(false);
    for (const each of [first, later, later]) await each.delete(old.id, old.outputs);
    expect((await kind.managerIn(register))?.token).toBe(next.outputs["token"]);
    expect((await later.read(old.id, old.outputs)).id).toBe("");
    expect((await later.read(next.id, next.outputs)).props).toMatchObject({ token: next.outputs["token"] });
    await later.delete(next.id, next.outputs);
    expect(await kind.managerIn(register)).toBeUndefined();
  });

  it("is deleted also when nobody heard that it had been renamed", async () => {
    const register = await lab.register();
    const saved = await create(await handlers(), kind.declared());
    await (await handlers()).update(saved.id, saved.outputs, { ...saved.inputs, owner: "acme/net/renamed/it" });
    expect((await (await handlers()).read(saved.id, saved.outputs)).id).toBe(saved.id);
    await (await handlers()).delete(saved.id, saved.outputs);
    expect(await kind.managerIn(register)).toBeUndefined();
  });

  it("goes on from the state, when nobody saved that it had replaced itself", async () => {
    const register = await lab.register();
    const saved = await create(await handlers(), kind.declared());
    await create(await handlers(), kind.declared());
    const later = await handlers();
    const mended = await up(later, saved, kind.declared());
    expect(mended).toMatchObject({ op: "update", outputs: saved.outputs });
    expect((await up(later, mended, kind.declared())).op).toBe("same");
    await later.delete(mended.id, mended.outputs);
    expect(await kind.managerIn(register)).toBeUndefined();
  });

  it.each(["", "a token of an update"])(
    "goes by its manager where the register has no token: state with %j",
    async (token) => {
      const register = await lab.register();
      const saved = await untold(register, token);
      const later = await handlers();
      expect((await up(later, saved, kind.declared())).op).toBe("same");
      expect((await later.read(saved.id, saved.outputs)).props["token"]).toBe(saved.outputs["token"]);
      const changed = await up(later, saved, kind.declared(kind.change));
      expect(changed).toMatchObject({ op: "update", outputs: kind.change });
      expect(changed.outputs["token"]).toBe(saved.outputs["token"]);
      await later.delete(changed.id, changed.outputs);
      expect(await kind.managerIn(register)).toBeUndefined();
    },
  );

  it("stays when what it replaced is deleted of which an older version left a state without a token", async () => {
    const register = await lab.register();
    const old = await untold(register);
    const next = await create(await handlers(), kind.declared());
    const later = await handlers();
    await later.delete(old.id, old.outputs);
    expect((await kind.managerIn(register))?.token).toBe(next.outputs["token"]);
    expect((await later.read(old.id, old.outputs)).id).toBe("");
  });
});

it("a pool that replaces itself while a NIC has one of its addresses stays, and goes with the last of them", async () => {
  const register = await lab.register();
  const provider = await lab.provider();
  const old = await create(provider.pool, declaredPool());
  const next = await create(provider.pool, declaredPool());
  const nic = await create(provider, declared({ pool: "lab" }));
  await provider.pool.delete(old.id, old.outputs);
  expect(await register.pools()).toContainEqual(expect.objectContaining({ name: "lab" }));
  await provider.delete(nic.id, nic.outputs);
  await provider.pool.delete(next.id, next.outputs);
  expect(await register.pools()).not.toContainEqual(expect.objectContaining({ name: "lab" }));
});
