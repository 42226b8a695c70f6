import { existsSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { UNKNOWN } from "../../provider/resource/schema";
import { LOADER } from "../../sdk/loader";
import { type Host, HostError, relayed } from "./harness";
import { create, declared, liveLeases, useProject } from "./project";

const project = useProject();
const defaultOwner = "acme/net/prod/nic";
let host: Host;

beforeEach(async () => {
  host = await project.start();
});

describe("in the real provider host a MacAddress", () => {
  it("lives its whole life", async () => {
    const { inputs, failures } = await host.check({}, declared({ tags: { rack: "7" } }));
    expect(failures).toEqual([]);
    const { id, outputs } = await host.create(inputs);
    expect(outputs).toMatchObject({ ...inputs, address: id, schemaVersion: 1, __provider: LOADER });
    expect(inputs["address"]).toBe(id);
    expect(await host.diff(id, outputs, inputs)).toMatchObject({ changes: false, replaces: [] });
    expect(await host.read(id, outputs)).toEqual({ id, outputs, inputs: relayed(inputs) });

    const news = (await host.check(inputs, declared({ owner: "renamed", defaultOwner, description: "NIC" }))).inputs;
    expect(await host.diff(id, outputs, news)).toMatchObject({ changes: true, replaces: [] });
    const updated = await host.update(id, outputs, news);
    expect(updated).toMatchObject({ address: id, owner: "renamed", description: "NIC", token: outputs["token"] });
    expect(updated).not.toHaveProperty("tags");

    await host.delete(id, updated);
    await host.delete(id, updated);
    expect((await host.read(id, updated)).id).toBe("");
    expect(await liveLeases(await project.open())).toEqual([]);
  });

  it("is replaced, new before old, when its keepers change", async () => {
    const old = await create(host, declared());
    const news = declared({ keepers: { image: "2" } });
    const { inputs } = await host.check(old.outputs, { ...news, defaultOwner });
    expect(await host.diff(old.id, old.outputs, inputs)).toEqual({
      changes: true,
      replaces: ["rotation"],
      deleteBeforeReplace: false,
    });
    const next = await create(host, news);
    await host.delete(old.id, old.outputs);
    expect(next.id).not.toBe(old.id);
    expect((await host.read(next.id, next.outputs)).id).toBe(next.id);
  });

  it("can be looked up by another stack, without what could change it", async () => {
    const { id } = await create(host, declared());
    const found = await host.read(id.toUpperCase(), { __provider: LOADER });
    expect(found).toMatchObject({ id, outputs: { address: id, owner: "acme/net/prod/nic", __provider: LOADER } });
    expect(found.outputs).not.toHaveProperty("token");
  });

  it("is checked and compared while inputs are not known yet", async () => {
    const { inputs } = await host.check({}, declared({ tags: { rack: UNKNOWN }, installation: UNKNOWN }));
    expect(inputs).toMatchObject({ tags: { rack: UNKNOWN }, installation: UNKNOWN });
    const { id, outputs } = await create(host, declared());
    expect(inputs["address"]).toBe(id);
    const pending = await host.check(outputs, declared({ pool: UNKNOWN, defaultOwner }));
    expect(await host.diff(id, outputs, pending.inputs)).toMatchObject({ changes: true, replaces: ["pool"] });
  });

  it("prints nothing but that the register was created", async () => {
    const { id, outputs } = await create(host, declared());
    await host.update(id, outputs, declared({ pool: "default", owner: "renamed" }));
    await host.delete(id, outputs);
    expect(host.output()).toBe(`macpool: created the register ${project.path}\n`);
  });
});

describe("in the real provider host a refusal", () => {
  it("of inputs arrives as failures of the properties that the user wrote", async () => {
    const { failures } = await host.check({}, declared({ requestedAddress: "01:00:5e:00:00:01", tags: { rack: 7 } }));
    expect(failures.map(({ property }) => property).sort()).toEqual(["address", "tags"]);
    expect((await create(host, declared())).id).toMatch(/^42:/);
    const unknownPool = await host.check({}, declared({ pool: "lab" }));
    expect(unknownPool.failures).toEqual([{ property: "pool", reason: expect.stringContaining("default") }]);
  });

  it("of a grant is one sentence, and nothing for the engine to save", async () => {
    await create(host, declared({ owner: "acme/net/prod/other", requestedAddress: "42:ab:00:00:00:01" }));
    const { inputs } = await host.check({}, declared());
    const refused = host.create({ ...inputs, requestedAddress: "42:ab:00:00:00:01" });
    await expect(refused).rejects.toThrow(HostError);
    await expect(refused).rejects.toThrow(/^42:ab:00:00:00:01 is taken: .*"acme\/net\/prod\/other"/);
  });

  it("of another register poisons the process", async () => {
    const { id, outputs } = await create(host, declared());
    await expect(host.read(id, { ...outputs, storeId: "another" })).rejects.toThrow(/comes? from register another/);
    await expect(host.create(declared({ owner: "b" }))).rejects.toThrow(/comes? from register another/);
    await expect(host.delete(id, outputs)).rejects.toThrow(/comes? from register another/);
    const again = await project.start();
    expect((await again.read(id, outputs)).id).toBe(id);
  });

  it("to make a register in CI leaves nothing behind, and previews go on", async () => {
    const ci = await project.start({ env: { CI: "true" } });
    expect((await ci.check({}, declared())).inputs["address"]).toMatch(/^42:/);
    await expect(ci.create(declared())).rejects.toThrow(/macpool init/);
    expect(existsSync(project.path)).toBe(false);
  });
});
