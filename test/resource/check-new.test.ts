import { closeSync, existsSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, vi } from "vitest";
import { defaultPool } from "../../provider/lease/pool";
import { formatMac } from "../../provider/mac/mac";
import { rotationText } from "../../provider/resource/rotation";
import { UNKNOWN } from "../../provider/resource/schema";
import { useLab } from "./lab";
import { candidates, foretold, sequential, tooSmall } from "./pools";
import { checked, create, declared, grant, shown, up } from "./stack";

const lab = useLab();

/** What a new register gives to the owner of `declared()`. */
const first = formatMac(candidates(defaultPool(), "acme/net/prod/nic")[0] ?? 0);

describe("check of a new resource", () => {
  it("shows the address that the owner's name chooses, and that create then grants", async () => {
    await lab.register();
    const provider = await lab.provider();
    const inputs = await checked(provider, {}, declared());
    expect(inputs["address"]).toBe(first);
    expect((await grant(provider, inputs)).id).toBe(first);
  });

  it("passes the inputs on with the configured pool in them", async () => {
    await lab.register(foretold);
    const provider = await lab.provider({ "macpool:pool": "foretold" });
    const { address, ...inputs } = await checked(provider, {}, declared({ tags: { rack: "7" } }));
    expect(inputs).toEqual(declared({ tags: { rack: "7" }, pool: "foretold" }));
    expect(address).toBe(formatMac(candidates(foretold, "acme/net/prod/nic")[0] ?? 0));
  });

  it("prefers the pool that the program names to the configured one", async () => {
    await lab.register(foretold);
    const provider = await lab.provider({ "macpool:pool": "foretold" });
    expect(await checked(provider, {}, declared({ pool: "default" }))).toMatchObject({ pool: "default" });
  });

  it("shows a requested address in its canonical spelling", async () => {
    await lab.register();
    const provider = await lab.provider();
    const inputs = await checked(provider, {}, declared({ requestedAddress: "42-AB-00-00-00-01" }));
    expect(inputs).toMatchObject({ requestedAddress: "42:ab:00:00:00:01", address: "42:ab:00:00:00:01" });
  });

  it("is the address that a transformation gives under the name that programs call it by", async () => {
    await lab.register();
    const provider = await lab.provider();
    const news = declared({ address: "42-AB-00-00-00-01", requestedAddress: "42:ab:00:00:00:02" });
    const saved = await create(provider, news);
    expect(saved.inputs).toMatchObject({ requestedAddress: "42:ab:00:00:00:01", address: "42:ab:00:00:00:01" });
    expect(saved.id).toBe("42:ab:00:00:00:01");
    for (const address of ["42-AB-00-00-00-01", saved.id]) {
      expect((await up(provider, saved, declared({ address }))).op).toBe("same");
    }
    expect((await up(provider, saved, declared({ address: "42:ab:00:00:00:03" }))).id).toBe("42:ab:00:00:00:03");
  });

  it("has the digest of the keepers as they come, whatever the program meant", async () => {
    await lab.register();
    const inputs = await checked(await lab.provider(), {}, declared({ keepers: { image: "2" }, rotation: "other" }));
    expect(inputs).toMatchObject({ rotation: rotationText({ image: "2" }) });
  });

  it("does not foretell the next address of a sequence", async () => {
    await lab.register(sequential);
    expect(await checked(await lab.provider(), {}, declared({ pool: "sequential" }))).not.toHaveProperty("address");
  });

  it("does not foretell an address of a pool smaller than 2^24", async () => {
    await lab.register(foretold, tooSmall);
    const provider = await lab.provider();
    expect(await checked(provider, {}, declared({ pool: "too-small" }))).not.toHaveProperty("address");
    expect(await checked(provider, {}, declared({ pool: "foretold" }))).toHaveProperty("address");
  });
});

describe("check of a new resource whose owner is known to the register", () => {
  it("shows the address that the owner had before, wherever that came from", async () => {
    await lab.register(sequential);
    const provider = await lab.provider();
    const old = await create(provider, declared({ pool: "sequential" }));
    await provider.delete(old.id, old.outputs);
    expect(await shown(provider, {}, declared({ pool: "sequential", installation: "stack-2" }))).toBe(old.id);
  });

  it("shows another address than the one that the same owner has in another installation", async () => {
    await lab.register();
    const provider = await lab.provider();
    const other = await create(provider, declared({ installation: "stack-2" }));
    const inputs = await checked(provider, {}, declared());
    expect(inputs["address"]).not.toBe(other.id);
    expect((await grant(provider, inputs)).id).toBe(inputs["address"]);
  });

  it("shows the address to adopt", async () => {
    await lab.register();
    const provider = await lab.provider();
    const other = await create(provider, declared({ installation: "stack-2" }));
    expect(await shown(provider, {}, declared({ adopt: true }))).toBe(other.id);
  });
});

describe("check without a register", () => {
  it("takes pool default as a new register has it, and creates nothing", async () => {
    const provider = await lab.provider();
    expect(await shown(provider, {}, declared())).toBe(first);
    expect(readdirSync(dirname(lab.path))).toEqual([]);
  });

  it("leaves an address of any other pool unknown, without a failure", async () => {
    const inputs = await checked(await lab.provider(), {}, declared({ pool: "lab" }));
    expect(inputs).toEqual(declared({ pool: "lab" }));
    expect(readdirSync(dirname(lab.path))).toEqual([]);
  });

  it("passes a requested address on: whether it is free is for the register to say", async () => {
    const provider = await lab.provider();
    expect(await shown(provider, {}, declared({ requestedAddress: "52:54:00:00:00:01" }))).toBe("52:54:00:00:00:01");
  });

  it("does the same in CI", async () => {
    vi.stubEnv("CI", "true");
    expect(await shown(await lab.provider(), {}, declared())).toBe(first);
    expect(existsSync(lab.path)).toBe(false);
  });

  it("does not warn: the first preview of a stack is nothing unusual", async () => {
    await checked(await lab.provider(), {}, declared());
    expect(lab.printed).toEqual([]);
  });
});

describe("check with a register that cannot be used", () => {
  it.each<[string, () => string]>([
    ["an empty file", () => lab.litter("")],
    ["something else", () => lab.litter("no database at all ".repeat(100))],
    ["a directory", () => dirname(lab.path)],
    ["of a kind that is not there yet", () => "oracle://scott:tiger@host/db"],
  ])("because it is %s knows less, fails nothing and warns once", async (_, store) => {
    const provider = await lab.provider({ "macpool:store": store() });
    for (const owner of ["a", "b"]) {
      expect(await checked(provider, {}, declared({ owner }))).toEqual(declared({ owner, pool: "default" }));
    }
    const requestedAddress = "42:ab:00:00:00:01";
    expect(await shown(provider, {}, declared({ requestedAddress }))).toBe(requestedAddress);
    expect(lab.printed).toHaveLength(1);
    expect(lab.printed[0]).toContain("not all known");
    expect(lab.printed[0]).not.toContain("tiger");
  });

  it("because it is damaged in the middle does the same", async () => {
    const register = await lab.register();
    const other = { owner: "acme/net/prod/nic", installation: "elsewhere", pool: "default", rotation: "" };
    await register.acquire([{ ...other, description: "", tags: {} }]);
    await register.close();
    damage("lease_live");
    const provider = await lab.provider();
    for (const owner of ["acme/net/prod/a", "acme/net/prod/b"]) {
      expect(await checked(provider, {}, declared({ owner }))).toEqual(declared({ owner, pool: "default" }));
    }
    expect(lab.printed).toHaveLength(1);
  });

  it("keeps showing the address of a resource that has one", async () => {
    await lab.register();
    const { inputs, id } = await create(await lab.provider(), declared());
    const elsewhere = await lab.provider({ "macpool:store": dirname(lab.path) });
    expect(await shown(elsewhere, inputs, declared({ owner: "renamed" }))).toBe(id);
  });

  it("says the same of a register with another id than the configured one", async () => {
    await lab.register();
    const provider = await lab.provider({ "macpool:storeId": "another" });
    expect(await checked(provider, {}, declared())).not.toHaveProperty("address");
    expect(lab.printed.join()).toContain("another");
  });
});

describe("check with inputs that are not known yet", () => {
  it.each(["owner", "pool", "keepers", "requestedAddress", "address"])(
    "shows no address while %s is one of them",
    async (key) => {
      await lab.register();
      const inputs = await checked(await lab.provider(), {}, declared({ [key]: UNKNOWN }));
      expect(inputs).toMatchObject(key === "address" ? { requestedAddress: UNKNOWN } : { [key]: UNKNOWN });
      expect(inputs).not.toHaveProperty("address");
    },
  );

  it("shows a requested address though its owner is one of them", async () => {
    await lab.register();
    const requestedAddress = "42:ab:00:00:00:01";
    expect(await shown(await lab.provider(), {}, declared({ owner: UNKNOWN, requestedAddress }))).toBe(
      requestedAddress,
    );
  });

  it.each(["installation", "tags", "description", "adopt"])(
    "shows the address though %s is one of them",
    async (key) => {
      await lab.register();
      const inputs = await checked(await lab.provider(), {}, declared({ [key]: UNKNOWN }));
      expect(inputs).toMatchObject({ [key]: UNKNOWN, address: first });
    },
  );

  it("takes an unknown installation for one that nobody had before, not for none", async () => {
    const register = await lab.register();
    const byHand = { owner: "acme/net/prod/nic", pool: "default", rotation: "", description: "", tags: {} };
    await register.acquire([{ ...byHand, installation: "" }]);
    const provider = await lab.provider();
    const preview = await shown(provider, {}, declared({ installation: UNKNOWN }));
    expect((await create(await lab.provider(), declared())).id).toBe(preview);
  });
});

describe("check writes nothing", () => {
  it.each([
    ["on a desk", undefined],
    ["in CI", "true"],
  ])("%s", async (_, ci) => {
    const register = await lab.register(foretold);
    const provider = await lab.provider();
    const { inputs } = await create(provider, declared());
    vi.stubEnv("CI", ci);
    const before = { ...(await register.identity()), file: statSync(lab.path).mtimeMs, log: wal() };
    for (const news of [
      declared(),
      declared({ owner: "b" }),
      declared({ pool: "foretold", keepers: { image: "1" } }),
    ]) {
      await checked(await lab.provider(), inputs, news);
      await checked(provider, {}, news);
    }
    expect({ ...(await register.identity()), file: statSync(lab.path).mtimeMs, log: wal() }).toEqual(before);
  });

  function wal() {
    const { mtimeMs, size } = statSync(`${lab.path}-wal`);
    return { mtimeMs, size };
  }
});

/** Overwrites the page that an index of the register begins with. */
function damage(index: string): void {
  const database = new Database(lab.path);
  const page = Number(database.prepare("select rootpage from sqlite_master where name = ?").pluck().get(index));
  const size = Number(database.pragma("page_size", { simple: true }));
  database.close();
  const file = openSync(lab.path, "r+");
  writeSync(file, Buffer.alloc(size, 0xff), 0, size, (page - 1) * size);
  closeSync(file);
}
