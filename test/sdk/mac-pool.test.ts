import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MacPool, MacReservation, Provider } from "../../sdk";
import { POOL_LOADER, RESERVATION_LOADER } from "../../sdk/loader";
import { deploy, finish, known, type Registered, registrationOf, Vm } from "./harness";

let registered: Registered[];

const inputsOf = async (resource: pulumi.Resource) => (await registrationOf(registered, resource)).inputs;

beforeEach(async () => {
  registered = await deploy({ answer: () => ({ size: 4, start: "first", end: "last", storeId: "register-1" }) });
});
afterEach(finish);

describe("a MacPool", () => {
  it("sends its name, ranges, manager and loader, and nothing for the rest", async () => {
    const pool = new MacPool("lab", { ranges: ["52:54:00"] });
    expect((await registrationOf(registered, pool)).type).toBe("pulumi-nodejs:dynamic/macpool:MacPool");
    expect(await inputsOf(pool)).toEqual({
      name: "lab",
      ranges: ["52:54:00"],
      owner: "acme/network/prod/lab",
      installation: "installation-of-macpool/acme/network/prod",
      __provider: POOL_LOADER,
    });
  });

  it("sends every argument, and the pool's own name instead of the resource's", async () => {
    const strategy = "sequential" as const;
    const args = { strategy, quarantineSeconds: 0, universal: false, description: "lab", adopt: true };
    const ranges = [pulumi.output("52:54:00")];
    const pool = new MacPool("lab", { ...args, ranges, poolName: "yard" }, { parent: new Vm("web") });
    expect(await inputsOf(pool)).toMatchObject({
      ...args,
      ranges: ["52:54:00"],
      name: "yard",
      owner: "acme/network/prod/lab:vm:Vm/lab",
    });
    expect(await inputsOf(pool)).not.toHaveProperty("poolName");
  });

  it("has every declared output", async () => {
    const pool = new MacPool("lab", { ranges: ["52:54:00"] });
    expect(await known(pool.name)).toBe("lab");
    expect(await known(pool.ranges)).toEqual(["52:54:00"]);
    expect(await known(pool.size)).toBe(4);
    expect(await known(pool.storeId)).toBe("register-1");
  });

  it("belongs to the installation of its own provider", async () => {
    const pool = new MacPool("lab", { ranges: ["52:54:00"] }, { provider: new Provider("other") });
    expect((await inputsOf(pool))["installation"]).toBe("installation-of-other/acme/network/prod");
  });

  it("is recognised by its type, not by its class", () => {
    expect(MacPool.isInstance({ __pulumiType: MacPool.__pulumiType })).toBe(true);
    for (const other of [undefined, null, 1, {}, { __pulumiType: "x" }]) expect(MacPool.isInstance(other)).toBe(false);
  });
});

describe("a MacReservation", () => {
  it("sends its range, manager and loader, and nothing for the rest", async () => {
    const reservation = new MacReservation("printers", { range: "42:0a" });
    expect((await registrationOf(registered, reservation)).type).toBe("pulumi-nodejs:dynamic/macpool:MacReservation");
    expect(await inputsOf(reservation)).toEqual({
      range: "42:0a",
      owner: "acme/network/prod/printers",
      installation: "installation-of-macpool/acme/network/prod",
      __provider: RESERVATION_LOADER,
    });
  });

  it("sends every argument, and has every declared output", async () => {
    const reservation = new MacReservation("printers", { range: "42:0a", reason: "printers", adopt: true });
    expect(await inputsOf(reservation)).toMatchObject({ range: "42:0a", reason: "printers", adopt: true });
    expect(await known(reservation.range)).toBe("42:0a");
    expect(await known(reservation.start)).toBe("first");
    expect(await known(reservation.end)).toBe("last");
    expect(await known(reservation.reason)).toBe("printers");
    expect(await known(reservation.storeId)).toBe("register-1");
  });

  it("is recognised by its type, not by its class", () => {
    expect(MacReservation.isInstance({ __pulumiType: MacReservation.__pulumiType })).toBe(true);
    expect(MacReservation.isInstance({ __pulumiType: MacPool.__pulumiType })).toBe(false);
  });
});
