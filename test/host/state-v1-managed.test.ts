import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { BlockRequest } from "../../provider/lease/block";
import { DEFAULT_RESERVATIONS, defaultPool } from "../../provider/lease/pool";
import { parsePrefix, parseRange } from "../../provider/mac/range";
import { openRegister, systemContext } from "../../provider/store/open";
import { createSqliteRegister } from "../../provider/store/sqlite/sqlite-store";
import { BLOCK_LOADER, POOL_LOADER, RESERVATION_LOADER } from "../../sdk/loader";
import { type Created, type Host, type Properties, relayed } from "./harness";
import { useProject } from "./project";

interface Saved extends Created {
  readonly inputs: Properties;
}

type Name = "block" | "plainBlock" | "pool" | "plainPool" | "reservation";

/** What the first release with these resources wrote into stacks. Frozen: later releases must accept it for ever. */
const state: Readonly<Record<Name, Saved>> = JSON.parse(readFileSync(join(__dirname, "state-v1-managed.json"), "utf8"));

/** Every state, with inputs that change it in place. */
const cases: readonly [Name, Properties][] = [
  ["block", { owner: "renamed", count: 4 }],
  ["plainBlock", { installation: "stack-2", count: 1 }],
  ["pool", { owner: "renamed", quarantineSeconds: 60 }],
  ["plainPool", { ranges: ["52:54:01", "52:54:03", "52:54:05"] }],
  ["reservation", { owner: "renamed", reason: "label printers" }],
];

const project = useProject();
let host: Host;

function managerOf({ outputs }: Saved) {
  return { owner: String(outputs["owner"]), installation: String(outputs["installation"]) };
}

function requestOf({ outputs }: Saved, more: Partial<BlockRequest>): BlockRequest {
  const [rotation, pool] = [String(outputs["rotation"]), String(outputs["pool"])];
  const count = Number(outputs["count"]);
  return {
    rotation,
    pool,
    count,
    contiguous: false,
    description: "",
    tags: {},
    ...managerOf(state.block),
    ...more,
  };
}

/** Makes the register that the states speak of, with the same tokens and changes. */
async function makeRegister(): Promise<void> {
  const tokens = [state.block, state.plainBlock].flatMap(({ outputs }) => outputs["tokens"] as string[]);
  const context = { ...systemContext(console.warn), newToken: () => tokens.shift() ?? "" };
  const storeId = String(state.block.outputs["storeId"]);
  createSqliteRegister(project.path, { storeId, pools: [defaultPool()], reservations: DEFAULT_RESERVATIONS }, context);
  const register = await openRegister(project.path, context);
  const lab = {
    name: "lab",
    ranges: [parsePrefix("52:54:00")],
    strategy: "sequential",
    quarantineSeconds: 3600,
  } as const;
  await register.createPool({ ...lab, description: "lab" }, managerOf(state.pool));
  await register.reserve({ ...parseRange("42:0a"), reason: "printers" }, managerOf(state.reservation));
  const labels = { description: "NICs", tags: { rack: "7" } };
  await register.acquireBlock(requestOf(state.block, { ...managerOf(state.block), ...labels, contiguous: true }));
  await register.acquireBlock(requestOf(state.plainBlock, managerOf(state.plainBlock)));
  const ranges = ["52:54:01", "52:54:03"].map(parsePrefix);
  await register.createPool({ name: "yard", ranges }, managerOf(state.plainPool));
  await register.close();
}

beforeEach(async () => {
  await makeRegister();
  host = await project.start();
});

describe.each(cases)("a state of the first release with this resource: %s", (name, change) => {
  const { id, inputs, outputs } = state[name];
  const { addresses: _, known: __, size: ___, start: ____, end: _____, ...given } = inputs;
  const news = "count" in given ? { ...given, defaultOwner: given["owner"] } : given;

  it("is left alone by an update that changes nothing", async () => {
    const checked = await host.check(inputs, news);
    expect(checked.failures).toEqual([]);
    expect(await host.diff(id, outputs, checked.inputs)).toMatchObject({ changes: false, replaces: [] });
  });

  it("is what a refresh returns", async () => {
    const read = await host.read(id, outputs);
    // Without it a preview would take the single addresses of a block for unknown.
    const more = "count" in outputs ? { known: [] } : {};
    expect({ id: read.id, outputs: read.outputs }).toEqual({ id, outputs: { ...outputs, ...more } });
    const { known: _known, ...told } = inputs;
    expect({ inputs: read.inputs }).toMatchObject({ inputs: relayed(told) });
  });

  it("can be updated, and the result be read and deleted", async () => {
    const checked = await host.check(inputs, { ...news, ...change });
    expect(checked.failures).toEqual([]);
    expect(await host.diff(id, outputs, checked.inputs)).toMatchObject({ changes: true, replaces: [] });
    const updated = await host.update(id, outputs, checked.inputs);
    expect((await host.read(id, updated)).outputs).toEqual(updated);
    if (name !== "pool") await host.delete(id, updated);
    else await expect(host.delete(id, updated)).rejects.toThrow("3 live leases");
    expect((await host.read(id, updated)).id).toBe(name === "pool" ? id : "");
  });

  it("has inputs that create still takes", async () => {
    const { tokens: _tokens, seqs: _seqs, ...lasting } = outputs;
    expect(await host.create(inputs)).toMatchObject({ id, outputs: lasting });
  });

  it("is held against another register", async () => {
    await expect(host.delete(id, { ...outputs, storeId: "another" })).rejects.toThrow("register another");
  });
});

describe("the loader of the first release with the resource", () => {
  it.each<[Name, string]>([
    ["block", BLOCK_LOADER],
    ["plainBlock", BLOCK_LOADER],
    ["pool", POOL_LOADER],
    ["plainPool", POOL_LOADER],
    ["reservation", RESERVATION_LOADER],
  ])("is the one in every state of a %s", (name, loader) => {
    expect(state[name].inputs["__provider"]).toBe(loader);
    expect(state[name].outputs["__provider"]).toBe(loader);
  });
});
