import { describe, expect, it } from "vitest";
import type { Pool } from "../../provider/lease/pool";
import type { LeaseStore } from "../../provider/store/store";
import { useLab } from "./lab";
import { declaredPool } from "./managed";
import { create, declared, type Saved, up } from "./stack";

const lab = useLab();

async function poolOf(register: LeaseStore): Promise<Pool | undefined> {
  return (await register.pools()).find(({ name }) => name === "lab");
}

describe("a pool that replaces itself", () => {
  it("stays when what it replaced is deleted, by whichever process and however late, and also while it is in use", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const old = await create(provider.pool, declaredPool());
    const next = await create(provider.pool, declaredPool());
    const nic = await create(provider, declared({ pool: "lab" }));
    const later = await lab.provider();
    expect((await later.pool.diff(next.id, next.outputs, next.inputs)).changes).toBe(false);
    for (const { pool } of [provider, later, later]) await pool.delete(old.id, old.outputs);
    await later.delete(nic.id, nic.outputs);
    await later.pool.delete(old.id, old.outputs);
    expect((await poolOf(register))?.managedBy?.token).toBe(next.outputs["token"]);
    expect((await later.pool.read(old.id, old.outputs)).id).toBe("");
    expect((await later.pool.read(next.id, next.outputs)).props).toMatchObject({ token: next.outputs["token"] });
    await later.pool.delete(next.id, next.outputs);
    expect(await poolOf(register)).toBeUndefined();
  });

  it("goes on from the state, when nobody saved that it had replaced itself", async () => {
    const register = await lab.register();
    const saved = await create((await lab.provider()).pool, declaredPool());
    await create((await lab.provider()).pool, declaredPool());
    const { pool } = await lab.provider();
    const mended = await up(pool, saved, declaredPool());
    expect(mended).toMatchObject({ op: "update", outputs: saved.outputs });
    expect((await up(pool, mended, declaredPool())).op).toBe("same");
    await pool.delete(mended.id, mended.outputs);
    expect(await poolOf(register)).toBeUndefined();
  });

  it.each(["", "a token of an update"])(
    "goes by its manager where the register has no token: state with %j",
    async (token) => {
      const register = await lab.register();
      const saved = await untold(register, token);
      const { pool } = await lab.provider();
      expect((await up(pool, saved, declaredPool())).op).toBe("same");
      expect((await pool.read(saved.id, saved.outputs)).props["token"]).toBe(saved.outputs["token"]);
      const changed = await up(pool, saved, declaredPool({ description: "changed" }));
      expect(changed.outputs["token"]).toBe(saved.outputs["token"]);
      await pool.delete(changed.id, changed.outputs);
      expect(await poolOf(register)).toBeUndefined();
    },
  );

  it("stays when what it replaced is deleted of which an older version left a state without a token", async () => {
    const register = await lab.register();
    const old = await untold(register);
    const next = await create((await lab.provider()).pool, declaredPool());
    const { pool } = await lab.provider();
    await pool.delete(old.id, old.outputs);
    expect((await poolOf(register))?.managedBy?.token).toBe(next.outputs["token"]);
    expect((await pool.read(old.id, old.outputs)).id).toBe("");
  });
});

/** Returns a pool as an older version left it in the register, and in the state unless a token is given. */
async function untold(register: LeaseStore, token = ""): Promise<Saved> {
  const { outputs, ...saved } = await create((await lab.provider()).pool, declaredPool());
  await register.updatePool("lab", {}, { owner: "acme/net/prod/lab", installation: "stack-1" });
  const { token: _, ...without } = outputs;
  return { ...saved, outputs: token === "" ? without : { ...without, token } };
}
