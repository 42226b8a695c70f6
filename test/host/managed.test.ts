import { beforeEach, describe, expect, it } from "vitest";
import { UNKNOWN } from "../../provider/resource/schema";
import { BLOCK_LOADER, POOL_LOADER, RESERVATION_LOADER } from "../../sdk/loader";
import type { Host, Properties } from "./harness";
import { create, declared, liveLeases, useProject } from "./project";

const project = useProject();
let host: Host;

beforeEach(async () => {
  host = await project.start();
});

const manager = (name: string) => ({ owner: `acme/net/prod/${name}`, installation: "stack-1" });

function pool(more: Properties = {}): Properties {
  return { ...manager("lab"), name: "lab", ranges: ["52:54:00"], __provider: POOL_LOADER, ...more };
}

function block(more: Properties = {}): Properties {
  return { ...manager("nics"), rotation: "", count: 3, known: [], __provider: BLOCK_LOADER, ...more };
}

function reservation(more: Properties = {}): Properties {
  return { ...manager("printers"), range: "42:0a", __provider: RESERVATION_LOADER, ...more };
}

describe("in the real provider host", () => {
  it("a pool, a block and a NIC of it are foretold before there is a register, and made as foretold", async () => {
    const lab = await host.check({}, pool());
    expect(lab).toMatchObject({ failures: [], inputs: { size: 2 ** 24 } });
    const foretold = await host.check({}, block({ pool: "lab", contiguous: true, installation: UNKNOWN }));
    expect(foretold.inputs["addresses"]).toHaveLength(3);
    const nic = await host.check({}, declared({ pool: "lab" }));
    expect(nic.inputs["address"]).toMatch(/^52:54:00:/);

    await create(host, pool());
    const made = await create(host, block({ pool: "lab", contiguous: true }));
    expect(made.outputs["addresses"]).toEqual(foretold.inputs["addresses"]);
    expect((await host.create(nic.inputs)).id).toBe(nic.inputs["address"]);
  });

  it("a block arrives whole, grows, shrinks and goes", async () => {
    const { inputs } = await host.check({}, block());
    const { id, outputs } = await host.create(inputs);
    expect(outputs).toMatchObject({ addresses: inputs["addresses"] ?? null, __provider: BLOCK_LOADER });
    const grown = await host.update(
      id,
      outputs,
      (await host.check(inputs, block({ count: 5, defaultOwner: "acme/net/prod/nics" }))).inputs,
    );
    expect(await liveLeases(await project.open())).toHaveLength(5);
    const shrunk = await host.update(
      id,
      grown,
      (await host.check(inputs, block({ count: 1, defaultOwner: "acme/net/prod/nics" }))).inputs,
    );
    expect(shrunk["addresses"]).toEqual([id]);
    await host.delete(id, shrunk);
    expect(await liveLeases(await project.open())).toEqual([]);
  });

  it("refusals arrive as failures of the properties that the user wrote", async () => {
    const bad = await host.check({}, pool({ name: "no pool", ranges: ["52:54:0"] }));
    expect(bad.failures.map(({ property }) => property).sort()).toEqual(["poolName", "ranges"]);
    expect((await host.check({}, block({ count: 0 }))).failures).toMatchObject([{ property: "count" }]);
    expect((await host.check({}, reservation({ range: "42:01" }))).failures).toMatchObject([{ property: "range" }]);
  });

  it("values that are not known, at any depth, are passed over by every resource", async () => {
    for (const bag of [
      pool({ ranges: ["52:54:00", UNKNOWN], description: UNKNOWN }),
      block({ tags: { rack: UNKNOWN }, keepers: { image: UNKNOWN } }),
      reservation({ range: UNKNOWN }),
    ]) {
      const { inputs, failures } = await host.check({}, bag);
      expect(failures).toEqual([]);
      for (const [key, value] of Object.entries(bag)) {
        if (JSON.stringify(value).includes(UNKNOWN)) expect(inputs[key]).toEqual(value);
      }
    }
  });

  it("a new name for a pool asks to delete it first, and a refusal to delete is one sentence", async () => {
    const lab = await create(host, pool());
    const { inputs } = await host.check(lab.outputs, pool({ name: "yard" }));
    expect(await host.diff(lab.id, lab.outputs, inputs)).toEqual({
      changes: true,
      replaces: ["name"],
      deleteBeforeReplace: true,
    });
    await create(host, declared({ pool: "lab" }));
    await expect(host.delete(lab.id, lab.outputs)).rejects.toThrow(
      /^Pool "lab" cannot be deleted: it has 1 live lease/,
    );
  });

  it("a reservation keeps its range from the next request", async () => {
    const held = await create(host, reservation());
    expect(held.outputs).toMatchObject({ start: "42:0a:00:00:00:00", end: "42:0a:ff:ff:ff:ff" });
    const claim = declared({ requestedAddress: "42:0a:00:00:00:01" });
    expect((await host.check({}, claim)).failures).toMatchObject([{ property: "address" }]);
    await host.delete(held.id, held.outputs);
    expect((await host.check({}, claim)).failures).toEqual([]);
  });
});
