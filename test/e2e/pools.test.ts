import { expect } from "vitest";
import { parseRange } from "../../provider/mac/range";
import { onEveryEngine } from "./support/scenario";

const lab = (args: string) => `
import { MacAddress, MacAddressBlock, MacPool } from "pulumi-macpool";
const lab = new MacPool("lab", ${args});
export const pool = lab.name;
export const size = lab.size;
export const nic = new MacAddress("nic", { pool: lab.name }).address;
export const nics = new MacAddressBlock("nics", { pool: lab.name, count: 2, contiguous: true }).addresses;
`;

const tenant = `
import { MacAddress } from "pulumi-macpool";
export const nic = new MacAddress("tenant", { pool: "lab" }).address;
`;

const reservation = (args: string) => `
import { MacReservation } from "pulumi-macpool";
const printers = new MacReservation("printers", ${args});
export const ends = [printers.start, printers.end];
`;

onEveryEngine((scenario) => {
  scenario("a pool and NICs of it live in one program, from the first preview to destroy and back", async (l) => {
    const stack = await l.stack({ program: lab(`{ ranges: ["52:54:00"], description: "lab" }`) });
    const preview = await stack.preview();
    expect(preview.changes).toEqual(["create lab", "create macpool", "create nic", "create nics"]);
    expect(preview.outputs).toMatchObject({ pool: "lab", size: 2 ** 24, nic: expect.stringMatching(/^52:54:00:/) });
    expect(preview.outputs["nics"]).toHaveLength(2);
    expect(await l.register.isUntouched()).toBe(true);

    expect((await stack.up()).outputs).toEqual(preview.outputs);
    const events = await l.register.events();
    expect(await stack.up()).toMatchObject({ changes: [], outputs: preview.outputs });
    expect(await stack.refresh()).toMatchObject({ changes: [] });
    expect(await stack.up({ refreshFirst: true })).toMatchObject({ changes: [], outputs: preview.outputs });
    expect(await l.register.events()).toEqual(events);

    await stack.destroy();
    await l.register.change(async (store) => {
      expect((await store.pools()).map(({ name }) => name)).toEqual(["default"]);
    });
    expect((await stack.preview()).outputs).toEqual(preview.outputs);
    expect((await stack.up()).outputs).toEqual(preview.outputs);
  });

  scenario("a pool grows and shrinks in place, but not past a lease, and stays while others use it", async (l) => {
    const stack = await l.stack({ program: lab(`{ ranges: ["52:54:00"], strategy: "sequential" }`) });
    await stack.up();
    const other = await l.stack({ program: tenant, project: "tenant" });
    const theirs = (await other.up()).outputs["nic"];

    stack.program(lab(`{ ranges: ["52:54:00", "52:54:02"], strategy: "sequential", quarantineSeconds: 60 }`));
    expect(await stack.up()).toMatchObject({ changes: ["update lab"], outputs: { size: 2 ** 25 } });
    stack.program(lab(`{ ranges: ["52:54:02"], strategy: "sequential" }`));
    expect(await stack.failing("preview")).toMatch(/ranges.*cannot shrink/s);
    expect(await stack.failing("up")).toContain("cannot shrink");
    stack.program(lab(`{ ranges: ["52:54:00:00"], strategy: "sequential" }`));
    expect(await stack.up()).toMatchObject({ changes: ["update lab"], outputs: { size: 2 ** 16 } });

    expect(await stack.failing("destroy")).toContain("1 live lease");
    expect(await l.register.live()).toEqual([theirs]);
    await other.destroy();
    await stack.destroy();
    expect(await l.register.live()).toEqual([]);
  });

  const noDependents = "it does not delete what depends on a resource that is deleted before it is replaced";
  scenario.realOnly("another name replaces the pool and what is in it", noDependents, async (l) => {
    const program = lab(`{ ranges: ["52:54:00"] }`);
    const stack = await l.stack({ program });
    await stack.up();
    stack.program(program.replace("ranges:", 'poolName: "yard", ranges:'));
    const preview = await stack.preview();
    const { outputs } = await stack.up();
    expect(outputs).toMatchObject({ pool: "yard", nic: expect.stringMatching(/^52:54:00:/) });
    expect(preview.outputs["pool"]).toBe("yard");
    expect((await l.register.leases()).filter(({ isLive, pool }) => isLive && pool !== "yard")).toEqual([]);
    expect(await l.register.live()).toHaveLength(3);
  });

  scenario.realOnly("a renamed resource renames its pool, which may keep its ranges", noDependents, async (l) => {
    const program = (name: string, options: string) => `
import { MacAddress, MacPool } from "pulumi-macpool";
const lab = new MacPool("${name}", { ranges: ["52:54:00"] }, ${options});
export const nic = new MacAddress("nic", { pool: lab.name }).address;
`;
    const stack = await l.stack({ program: program("lab", "{}") });
    await stack.up();
    stack.program(program("yard", '{ aliases: [{ name: "lab" }] }'));
    await stack.preview();
    const { outputs } = await stack.up();
    expect(await l.register.live()).toEqual([outputs["nic"]]);
    expect((await stack.up()).changes).toEqual([]);
  });

  scenario("a pool made by hand is taken over only when told to", async (l) => {
    await l.register.create();
    const stack = await l.stack({ program: lab(`{ poolName: "default", ranges: ["42"] }`) });
    expect(await stack.failing("preview")).toMatch(/poolName.*adopt/s);
    stack.program(lab(`{ poolName: "default", ranges: ["42"], adopt: true, description: "as code" }`));
    expect((await stack.up()).outputs["nic"]).toMatch(/^42:/);
  });

  scenario("a replacement of the pool or the reservation alone leaves both in the register", async (l) => {
    const printers = `new MacReservation("printers", { range: "42:0a" });`;
    const program = lab(`{ ranges: ["52:54:00"] }`).replace("MacPool }", "MacPool, MacReservation }") + printers;
    const stack = await l.stack({ program: program.replace(/export const nics?.*\n/g, "") });
    await stack.up();
    for (const name of ["lab", "printers"]) {
      const { urn } = await stack.resource(name);
      expect((await stack.up({ targetReplace: urn })).changes).toEqual([`delete ${name}`, `replace ${name}`]);
    }
    expect(await l.register.claim("42:0a:00:00:00:01", "somebody")).toBe("ADDRESS_RESERVED");
    expect((await stack.up()).changes).toEqual([]);
    await l.register.change(async (store) => {
      expect((await store.pools()).map(({ name }) => name)).toContain("lab");
    });
    await stack.destroy();
    expect(await l.register.claim("42:0a:00:00:00:01", "somebody")).toBe("claim");
  });

  scenario(
    "a replacement whose end is put off, because something else failed, leaves both in the register",
    async (l) => {
      const program = lab(`{ ranges: ["52:54:00"] }`)
        .replace("MacPool }", "MacPool, MacReservation }")
        .concat(`const printers = new MacReservation("printers", { range: "42:0a" });`);
      const stack = await l.stack({ program });
      const { outputs } = await stack.up();
      const replace = [(await stack.resource("lab")).urn, (await stack.resource("printers")).urn];
      stack.program(`${program}
      new MacAddress("bad", { address: "42:01:00:00:00:01" }, { dependsOn: [lab, printers] });`);
      expect(await stack.failing("up", { replace })).toContain("42:01:00:00:00:01");
      const waiting = (await stack.resources()).filter((resource) => resource.delete === true);
      expect(waiting.map(({ urn }) => urn).sort()).toEqual([...replace].sort());

      stack.program(program);
      expect(await stack.up()).toMatchObject({ changes: ["delete lab", "delete printers"], outputs });
      expect(await l.register.claim("42:0a:00:00:00:01", "somebody")).toBe("ADDRESS_RESERVED");
      expect(await l.register.live()).toHaveLength(3);
      await l.register.change(async (store) => {
        expect((await store.pools()).map(({ name }) => name)).toEqual(["default", "lab"]);
      });
      expect(await stack.preview()).toMatchObject({ changes: [], outputs });
      await stack.destroy();
      expect(await l.register.claim("42:0a:00:00:00:01", "somebody")).toBe("claim");
    },
  );

  scenario(
    "two reservations of one range are refused by the preview, and no two of others, also when they are replaced",
    async (l) => {
      const one = reservation(`{ range: "42:0a" }`);
      const stack = await l.stack({
        program: `${one} new MacReservation("labels", { range: "42:0A:00:00:00:00/16" });`,
      });
      expect(await stack.failing("preview")).toMatch(/range.*is reserved twice in this program/s);
      expect(await l.register.isUntouched()).toBe(true);
      stack.program(`${one} new MacReservation("labels", { range: "42:0b" });`);
      await stack.up();
      stack.program(`${reservation(`{ range: "42:0d" }`)} new MacReservation("labels", { range: "42:0c" });`);
      expect((await stack.preview()).changes).toHaveLength(4);
      const urns = [(await stack.resource("labels")).urn];
      expect((await stack.up({ replace: urns, previewFirst: true })).changes).toHaveLength(4);
      expect((await stack.up()).changes).toEqual([]);
    },
  );

  scenario("a pool or a reservation that was removed by hand is made again by the next update", async (l) => {
    const program = `${reservation(`{ range: "42:0a" }`)}
      import { MacPool } from "pulumi-macpool";
      new MacPool("lab", { ranges: ["52:54:00"] });`;
    const stack = await l.stack({ program });
    await stack.up();
    await l.register.change(async (store) => {
      expect(await store.deletePool("lab")).toBe(true);
      expect(await store.unreserve(parseRange("42:0a"))).toBe(true);
    });
    expect((await stack.up()).changes).toEqual(["update lab", "update printers"]);
    await l.register.change(async (store) => {
      expect((await store.pools()).map(({ name }) => name)).toEqual(["default", "lab"]);
      expect(await store.unreserve(parseRange("42:0a"))).toBe(true);
    });
  });

  scenario("a reservation holds from creation to deletion, for the one who made it", async (l) => {
    const stack = await l.stack({ program: reservation(`{ range: "42:0a", reason: "printers" }`) });
    const ends = ["42:0a:00:00:00:00", "42:0a:ff:ff:ff:ff"];
    expect((await stack.preview()).outputs["ends"]).toEqual(ends);
    expect((await stack.up()).outputs["ends"]).toEqual(ends);
    expect(await l.register.claim("42:0a:00:00:00:01", "somebody")).toBe("ADDRESS_RESERVED");
    stack.program(reservation(`{ range: "42:0A:00:00:00:00-42:0A:FF:FF:FF:FF", reason: "label printers" }`));
    expect((await stack.up()).changes).toEqual(["update printers"]);
    expect((await stack.up({ refreshFirst: true })).changes).toEqual([]);

    const other = await l.stack({ program: reservation(`{ range: "42:0a" }`), project: "other" });
    expect(await other.failing("preview")).toContain("label printers");
    stack.program(reservation(`{ range: "42:0b" }`));
    expect((await stack.up()).changes).toEqual(["delete printers", "replace printers"]);
    expect(await l.register.claim("42:0a:00:00:00:01", "somebody")).toBe("claim");
    await stack.destroy();
    expect(await l.register.claim("42:0b:00:00:00:01", "somebody")).toBe("claim");
  });

  scenario("what every register reserves is taken over only when told to", async (l) => {
    const stack = await l.stack({ program: reservation(`{ range: "42:01" }`) });
    expect(await stack.failing("preview")).toContain("Google Cloud");
    stack.program(reservation(`{ range: "42:01", adopt: true, reason: "cloud" }`));
    expect((await stack.up()).outputs["ends"]).toEqual(["42:01:00:00:00:00", "42:01:ff:ff:ff:ff"]);
  });
});
