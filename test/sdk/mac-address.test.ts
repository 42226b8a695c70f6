import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { UNKNOWN } from "../../provider/resource/schema";
import * as sdk from "../../sdk";
import { MacAddress, type MacAddressArgs, Provider } from "../../sdk";
import { LOADER } from "../../sdk/loader";
import { ADDRESS, deploy, faultsOf, finish, known, type Registered, registrationOf, Unknown, Vm } from "./harness";

const TYPE = "pulumi-nodejs:dynamic/macpool:MacAddress";

let registered: Registered[];

beforeEach(async () => {
  registered = await deploy();
});
afterEach(finish);

const inputsOf = async (resource: pulumi.Resource): Promise<Registered["inputs"]> =>
  (await registrationOf(registered, resource)).inputs;

describe("the package", () => {
  it("exports the resources and nothing else", () => {
    const resources = ["MacAddress", "MacAddressBlock", "MacPool", "MacReservation", "Provider"];
    expect(Object.keys(sdk).sort()).toEqual(resources);
  });

  it("accepts arguments that are passed on and may be undefined", () => {
    expectTypeOf<{ pool: undefined; owner: undefined; tags: undefined }>().toExtend<MacAddressArgs>();
    expectTypeOf<{ keepers: { image: pulumi.Output<string> } }>().toExtend<MacAddressArgs>();
  });
});

describe("a MacAddress with a name only", () => {
  it("sends its owner, the installation and the loader, and nothing for the rest", async () => {
    const { type, inputs } = await registrationOf(registered, new MacAddress("web-1-nic"));
    expect(type).toBe(TYPE);
    expect(inputs).toEqual({
      owner: "acme/network/prod/web-1-nic",
      defaultOwner: "acme/network/prod/web-1-nic",
      installation: "installation-of-macpool/acme/network/prod",
      rotation: "",
      __provider: LOADER,
    });
  });

  it("has every declared output", async () => {
    const nic = new MacAddress("web-1-nic");
    expect(await known(nic.address)).toBe(ADDRESS);
    expect(await known(nic.id)).toBe(ADDRESS);
    expect(await known(nic.owner)).toBe("acme/network/prod/web-1-nic");
    expect(await known(nic.pool)).toBe("default");
    expect(await known(nic.storeId)).toBe("register-1");
    expect(await known(nic.description)).toBeUndefined();
    expect(await known(nic.tags)).toBeUndefined();
  });

  it("has an installation that is not known while its provider is not", async () => {
    registered = await deploy({ preview: true, providerId: UNKNOWN });
    const inputs = await inputsOf(new MacAddress("web-1-nic"));
    expect(inputs).toMatchObject({ installation: { __pulumiUnknown: true } });
  });

  it("uses the one default provider", async () => {
    const nics = [new MacAddress("a"), new MacAddress("b")];
    const providers = await Promise.all(nics.map(async (nic) => (await registrationOf(registered, nic)).provider));
    expect(providers[0]).toMatch(/::macpool::installation-of-macpool$/);
    expect(providers[1]).toBe(providers[0]);
    expect(registered.filter((each) => each.type === "pulumi:providers:pulumi-nodejs")).toHaveLength(1);
  });
});

describe("the arguments", () => {
  it("are sent under the names that the provider knows", async () => {
    const nic = new MacAddress("nic", {
      pool: "edge",
      address: pulumi.output("52-54-00-00-00-01"),
      adopt: true,
      owner: "rack-1/web",
      keepers: { image: "b", disk: pulumi.output("a") },
      description: "uplink",
      tags: { vlan: "7" },
    });
    expect(await inputsOf(nic)).toEqual({
      pool: "edge",
      requestedAddress: "52-54-00-00-00-01",
      adopt: true,
      owner: "rack-1/web",
      installation: "installation-of-macpool/acme/network/prod",
      keepers: { image: "b", disk: "a" },
      rotation: "",
      defaultOwner: "acme/network/prod/nic",
      description: "uplink",
      tags: { vlan: "7" },
      __provider: LOADER,
    });
  });

  it("stay secret where they are, and so will the digest of a secret keeper", async () => {
    const inputs = await inputsOf(new MacAddress("nic", { keepers: { image: pulumi.secret("b"), disk: "a" } }));
    expect(inputs["rotation"]).toMatchObject({ value: "" });
    expect(inputs["keepers"]).toMatchObject({ value: { image: "b", disk: "a" } });
  });

  it("may be unknown in a preview", async () => {
    registered = await deploy({ preview: true });
    const later = new Unknown("later").value;
    const nic = new MacAddress("nic", { owner: later, keepers: { image: later } });
    const inputs = await inputsOf(nic);
    expect(pulumi.isUnknown(inputs["owner"])).toBe(true);
    expect(pulumi.isUnknown(inputs["rotation"])).toBe(true);
    expect(inputs["__provider"]).toBe(LOADER);
  });

  it("may hold keepers that are no texts: the provider's check reports them", async () => {
    const keepers: Record<string, never> = JSON.parse('{"size":5}');
    expect((await inputsOf(new MacAddress("nic", { keepers })))["keepers"]).toEqual({ size: 5 });
  });
});

describe("the provider in force", () => {
  const second = "installation-of-second/acme/network/prod";
  const installationOf = async (nic: MacAddress): Promise<unknown> => (await inputsOf(nic))["installation"];

  it("is the one of the options", async () => {
    const nic = new MacAddress("nic", {}, { provider: new Provider("second") });
    expect(await installationOf(nic)).toBe(second);
    expect((await registrationOf(registered, nic)).provider).toMatch(/::second::/);
    expect(registered.some((each) => each.name === "macpool")).toBe(false);
  });

  it.each(["provider", "providers"])("is inherited from a parent that has `%s`", async (option) => {
    const provider = new Provider("second");
    const vm = new Vm("web", option === "provider" ? { provider } : { providers: [provider] });
    const nic = new MacAddress("nic", {}, { parent: vm });
    expect(await installationOf(nic)).toBe(second);
    expect((await registrationOf(registered, nic)).provider).toMatch(/::second::/);
  });

  it("is inherited from a grandparent", async () => {
    const vm = new Vm("inner", { parent: new Vm("outer", { providers: [new Provider("second")] }) });
    expect(await installationOf(new MacAddress("nic", {}, { parent: vm }))).toBe(second);
  });

  it("is the default below a parent that has none", async () => {
    const nic = new MacAddress("nic", {}, { parent: new Vm("web") });
    expect(await installationOf(nic)).toBe("installation-of-macpool/acme/network/prod");
    expect((await registrationOf(registered, nic)).provider).toMatch(/::macpool::/);
  });

  it("is what a transformation puts in its place", async () => {
    const provider = new Provider("second");
    const swap: pulumi.ResourceTransformation = ({ props, opts }) => ({ props, opts: { ...opts, provider } });
    const nic = new MacAddress("nic", {}, { transformations: [swap] });
    expect(await installationOf(nic)).toBe(second);
  });

  it("leaves the caller's options untouched", () => {
    const opts: pulumi.CustomResourceOptions = { protect: false };
    new MacAddress("nic", {}, opts);
    expect(opts).toEqual({ protect: false });
  });
});

describe("below a component", () => {
  it("addresses are registered although the component, and what depends on it, waits for all of them", async () => {
    const vm = new Vm("web");
    // Two, because an owner that depended on the component would make each of them wait for the other.
    const nics = ["eth0", "eth1"].map((name) => new MacAddress(name, {}, { parent: vm }));
    const after = new MacAddress("after", {}, { dependsOn: vm });
    expect(await Promise.all(nics.map((nic) => known(nic.owner)))).toEqual([
      "acme/network/prod/lab:vm:Vm/eth0",
      "acme/network/prod/lab:vm:Vm/eth1",
    ]);
    expect(await known(after.address)).toBe(ADDRESS);
  });
});

describe("MacAddress.get", () => {
  it("reads through the default provider, with neither owner nor installation", async () => {
    const nic = MacAddress.get("other", "42:00:00:00:00:07");
    const { id, provider, inputs } = await registrationOf(registered, nic);
    expect(id).toBe("42:00:00:00:00:07");
    expect(provider).toMatch(/::macpool::/);
    expect(inputs).toEqual({ __provider: LOADER });
  });

  it("has every declared output", async () => {
    const nic = MacAddress.get("other", "42:00:00:00:00:07");
    expect(await known(nic.address)).toBe(ADDRESS);
    expect(await known(nic.storeId)).toBe("register-1");
    expect(await known(nic.owner)).toBeUndefined();
  });

  it("reads through the given provider", async () => {
    const nic = MacAddress.get("other", "42:00:00:00:00:07", { provider: new Provider("second") });
    expect((await registrationOf(registered, nic)).provider).toMatch(/::second::/);
  });
});

describe("MacAddress.isInstance", () => {
  it("knows its own, those of a second copy, and nothing else", async () => {
    vi.resetModules();
    const copy = await import("../../sdk/index.js");
    expect(copy.MacAddress).not.toBe(MacAddress);
    expect(copy.MacAddress.isInstance(new MacAddress("mine"))).toBe(true);
    for (const other of [undefined, null, "text", {}, pulumi.output(1), new Vm("web"), new Provider("second")]) {
      expect(MacAddress.isInstance(other)).toBe(false);
    }
  });

  it("finds the type token that policy packs look for", () => {
    expect(MacAddress.__pulumiType).toBe(TYPE);
  });
});

describe("the formats", () => {
  it("follow the address", async () => {
    const nic = new MacAddress("nic", { address: "42:00:00:00:0a:01" });
    expect(await known(nic.dashed)).toBe("42-00-00-00-0a-01");
    expect(await known(nic.dotted)).toBe("4200.0000.0a01");
    expect(await known(nic.upper)).toBe("42:00:00:00:0A:01");
    expect(await known(nic.integer)).toBe(0x420000000a01);
    expect(await known(nic.eui64)).toBe("4000:00ff:fe00:0a01");
    expect(await known(nic.linkLocalIpv6)).toBe("fe80::4000:ff:fe00:a01");
    expect(await known(nic.qemuDevice("net0"))).toBe("virtio-net-pci,netdev=net0,mac=42:00:00:00:0a:01");
    expect(await known(nic.qemuDevice(pulumi.output("n1"), "e1000"))).toBe("e1000,netdev=n1,mac=42:00:00:00:0a:01");
    expect(await known(nic.libvirtInterface({ network: "default" }))).toContain("<mac address='42:00:00:00:0a:01'/>");
    expect(await known(nic.dnsmasqHost())).toBe("42:00:00:00:0a:01");
    expect(await known(nic.slaac("2001:db8::/64"))).toBe("2001:db8::4000:ff:fe00:a01");
    expect(await known(nic.netplanMatch())).toBe('match: { macaddress: "42:00:00:00:0a:01" }');
  });

  it("take Outputs for everything that names something", async () => {
    const nic = new MacAddress("nic", { address: "42:00:00:00:0a:01" });
    const later = (value: string): pulumi.Output<string> => pulumi.output(Promise.resolve(value));
    const element = await known(nic.libvirtInterface({ bridge: later("br7"), model: later("e1000") }));
    expect(element).toMatch(/<source bridge='br7'\/>\s*<model type='e1000'\/>/);
    expect(await known(nic.dnsmasqHost({ ip: later("192.0.2.1"), name: later("web") }))).toBe(
      "42:00:00:00:0a:01,192.0.2.1,web",
    );
    expect(await known(nic.slaac(later("2001:db8::/64")))).toBe("2001:db8::4000:ff:fe00:a01");
    expect(await known(nic.netplanMatch(later("lan0"), 2))).toContain('\n  set-name: "lan0"');
  });

  it("stay secret when what they are given is", async () => {
    const nic = new MacAddress("nic");
    expect(await pulumi.isSecret(nic.dnsmasqHost({ name: pulumi.secret("web") }))).toBe(true);
    expect(await pulumi.isSecret(nic.dnsmasqHost({ name: "web" }))).toBe(false);
  });

  it("fail inside the Output, so that the program says which resource it was", async () => {
    const nic = new MacAddress("nic");
    const faults = await faultsOf(() => {
      nic.slaac("2001:db8::/48");
      nic.dnsmasqHost({ name: "12h" });
    });
    expect(faults).toEqual([expect.stringContaining("2001:db8::/48"), expect.stringContaining("12h")]);
  });
});

describe("a subclass", () => {
  class LabNic extends MacAddress {
    declare readonly address: pulumi.Output<string>;

    constructor(name: string, opts?: pulumi.CustomResourceOptions) {
      super(name, { tags: { lab: "yes" } }, opts);
    }
  }

  it("keeps outputs, formats, type and brand", async () => {
    const nic = new LabNic("nic");
    expect(await known(nic.address)).toBe(ADDRESS);
    expect(await known(nic.dashed)).toBe(ADDRESS.replaceAll(":", "-"));
    expect(MacAddress.isInstance(nic)).toBe(true);
    expect((await registrationOf(registered, nic)).type).toBe(TYPE);
  });
});
