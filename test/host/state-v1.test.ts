import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { AcquireRequest } from "../../provider/lease/lease";
import { DEFAULT_RESERVATIONS, defaultPool } from "../../provider/lease/pool";
import { parseMac } from "../../provider/mac/mac";
import { openRegister, systemContext } from "../../provider/store/open";
import { createSqliteRegister } from "../../provider/store/sqlite/sqlite-store";
import { LOADER } from "../../sdk/loader";
import { type Created, type Host, type Properties, relayed } from "./harness";
import { declared, useProject } from "./project";

interface Saved extends Created {
  readonly inputs: Properties;
}

/** What the first release wrote into stacks. Frozen: later releases must accept it for ever. */
const state: { readonly full: Saved; readonly plain: Saved; readonly lookup: Created } = JSON.parse(
  readFileSync(join(__dirname, "state-v1.json"), "utf8"),
);
const { full, plain, lookup } = state;
const saved: readonly [string, Saved][] = [
  ["with every input", full],
  ["with no input", plain],
];

const project = useProject();
let host: Host;

/** Makes the register that the state speaks of, with the same tokens. */
async function makeRegister(storeId: string): Promise<void> {
  const tokens = [full, plain].map(({ outputs }) => String(outputs["token"]));
  const context = { ...systemContext(console.warn), newToken: () => tokens.shift() ?? "" };
  createSqliteRegister(project.path, { storeId, pools: [defaultPool()], reservations: DEFAULT_RESERVATIONS }, context);
  const register = await openRegister(project.path, context);
  const requests = [full, plain].map(({ id, outputs }): AcquireRequest => {
    const { owner, installation, rotation, description = "", tags = {} } = outputs;
    const labels = { description: String(description), tags: tags as Record<string, string> };
    const identity = { owner: String(owner), installation: String(installation), rotation: String(rotation) };
    return { ...identity, ...labels, pool: "default", requestedAddress: parseMac(id) };
  });
  await register.acquire(requests);
  await register.close();
}

beforeEach(async () => {
  await makeRegister(String(full.outputs["storeId"]));
  host = await project.start();
});

describe.each(saved)("a state of the first release %s", (_, { id, inputs, outputs }) => {
  const { address: _address, ...given } = inputs;
  const news = { ...given, defaultOwner: inputs["owner"] };

  it("is left alone by an update that changes nothing", async () => {
    const checked = await host.check(inputs, news);
    expect(checked).toEqual({ inputs, failures: [] });
    expect(await host.diff(id, outputs, checked.inputs)).toMatchObject({ changes: false, replaces: [] });
  });

  it("is what a refresh returns", async () => {
    expect(await host.read(id, outputs)).toEqual({ id, inputs: relayed(inputs), outputs });
  });

  it("can be updated, and the result be read and deleted", async () => {
    const checked = await host.check(inputs, { ...news, owner: "renamed" });
    expect(await host.diff(id, outputs, checked.inputs)).toMatchObject({ changes: true, replaces: [] });
    const updated = await host.update(id, outputs, checked.inputs);
    expect(updated).toMatchObject({ ...checked.inputs, address: id, token: outputs["token"] });
    expect((await host.read(id, updated)).id).toBe(id);
    await host.delete(id, updated);
    expect((await host.read(id, updated)).id).toBe("");
  });

  it("can be deleted", async () => {
    await host.delete(id, outputs);
    expect((await host.read(id, outputs)).id).toBe("");
  });

  it("gets the same address again after it was destroyed", async () => {
    await host.delete(id, outputs);
    const { inputs: checked } = await host.check({}, { ...news, installation: "a new one" });
    expect(checked["address"]).toBe(id);
    expect((await host.create(checked)).id).toBe(id);
  });

  it("has inputs that create still takes", async () => {
    expect(await host.create(inputs)).toMatchObject({ id, outputs: { ...inputs, storeId: outputs["storeId"] } });
  });

  it("is held against another register", async () => {
    const other = await project.start({ config: { "macpool:store": join(project.dir, "other.db") } });
    await other.create(declared());
    await expect(other.delete(id, outputs)).rejects.toThrow(String(outputs["storeId"]));
  });
});

describe("a lookup of the first release", () => {
  it("is what a refresh returns", async () => {
    expect(await host.read(lookup.id, lookup.outputs)).toEqual({ ...lookup, inputs: undefined });
  });
});

describe("the loader of the first release", () => {
  it("is the one in every state", () => {
    for (const { inputs, outputs } of [full, plain]) {
      expect([inputs["__provider"], outputs["__provider"]]).toEqual([LOADER, LOADER]);
    }
    expect(lookup.outputs["__provider"]).toBe(LOADER);
  });
});
