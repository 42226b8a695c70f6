import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it, vi } from "vitest";
import { defaultProvider, Provider } from "../../sdk/provider";
import { deploy, finish, known, registrationOf, Vm } from "./harness";

const secretSignature = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const secret = (value: string): unknown => ({ ...secretSignature, value });

afterEach(async () => {
  await finish();
  vi.unstubAllEnvs();
});

describe("Provider", () => {
  it("sends its settings under the keys that the provider process can look up", async () => {
    const registered = await deploy();
    const provider = new Provider("second", { store: "lab.db", storePassword: "pw", pool: "edge", storeId: "r1" });
    const { type, inputs } = await registrationOf(registered, provider);
    expect(type).toBe("pulumi:providers:pulumi-nodejs");
    expect(inputs).toEqual({
      "macpool:store": "lab.db",
      "macpool:storePassword": secret("pw"),
      "macpool:pool": "edge",
      "macpool:storeId": "r1",
    });
  });

  it("sends nothing that was not given", async () => {
    const registered = await deploy();
    expect((await registrationOf(registered, new Provider("bare"))).inputs).toEqual({});
  });

  it.each(["postgres://me:pw@db/macs", "postgresql://me:a/b@db/macs", "postgres://db/macs?sslmode=no&password=pw"])(
    "encrypts the store %s, which carries a password",
    async (store) => {
      const registered = await deploy();
      const { inputs } = await registrationOf(registered, new Provider("p", { store }));
      expect(inputs["macpool:store"]).toEqual(secret(store));
    },
  );

  it.each(["./macs.db", "C:\\macs.db", "postgres://me@db:5432/macs"])("shows the store %s", async (store) => {
    const registered = await deploy();
    const { inputs } = await registrationOf(registered, new Provider("p", { store: pulumi.output(store) }));
    expect(inputs["macpool:store"]).toBe(store);
  });

  it("keeps a store secret that was given as one", async () => {
    const registered = await deploy();
    const { inputs } = await registrationOf(registered, new Provider("p", { store: pulumi.secret("x.db") }));
    expect(inputs["macpool:store"]).toEqual(secret("x.db"));
  });
});

describe("the default provider", () => {
  it("is called macpool and carries the stack's configuration, the password as a secret", async () => {
    const config = { "macpool:store": "postgres://me@db/macs", "macpool:storePassword": "pw", "macpool:pool": "edge" };
    const registered = await deploy({ config: { ...config, "macpool:storeId": "r1", "other:store": "no" } });
    const { name, inputs } = await registrationOf(registered, defaultProvider());
    expect(name).toBe("macpool");
    expect(inputs).toEqual({ ...config, "macpool:storeId": "r1", "macpool:storePassword": secret("pw") });
  });

  it("keeps a store secret that was configured with --secret", async () => {
    const registered = await deploy({ config: { "macpool:store": "x.db" }, secretKeys: ["macpool:store"] });
    expect((await registrationOf(registered, defaultProvider())).inputs["macpool:store"]).toEqual(secret("x.db"));
  });

  it("does not record what one machine's environment says", async () => {
    vi.stubEnv("MACPOOL_STORE", "mine.db");
    vi.stubEnv("MACPOOL_STORE_PASSWORD", "mine");
    const registered = await deploy();
    expect((await registrationOf(registered, defaultProvider())).inputs).toEqual({});
  });

  it("is one per deployment, also across two copies of the package", async () => {
    await deploy();
    const first = defaultProvider();
    vi.resetModules();
    const copy = await import("../../sdk/provider.js");
    expect(copy.Provider).not.toBe(Provider);
    expect(copy.defaultProvider()).toBe(first);
    expect(defaultProvider()).toBe(first);
  });

  it("is another one in the next deployment of the process", async () => {
    await deploy();
    const first = defaultProvider();
    await known(first.urn);
    await deploy();
    expect(defaultProvider()).not.toBe(first);
  });

  it("is another one for each program that runs below its own stack resource", async () => {
    await deploy();
    const providers: Provider[] = [];
    const program = async (): Promise<void> => {
      providers.push(defaultProvider(), defaultProvider());
    };
    await pulumi.runtime.runInPulumiStack(program);
    await pulumi.runtime.runInPulumiStack(program);
    expect(providers[0]).toBe(providers[1]);
    expect(providers[2]).toBe(providers[3]);
    expect(providers[0]).not.toBe(providers[2]);
  });

  it("sits below the stack, even when a component asks first", async () => {
    await deploy();
    await pulumi.runtime.runInPulumiStack(async () => {
      const { MacAddress } = await import("../../sdk/index.js");
      const nic = new MacAddress("nic", {}, { parent: new Vm("web") });
      await known(nic.urn);
      expect(await known(defaultProvider().urn)).toBe(
        "urn:pulumi:prod::network::pulumi:pulumi:Stack$pulumi:providers:pulumi-nodejs::macpool",
      );
    });
  });
});
