import { beforeEach, describe, expect, it } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import { parsePrefix } from "../../provider/mac/range";
import type { Bag, Failure } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { type Provider, useLab } from "./lab";
import { foretold, sequential } from "./pools";
import { create, declared, sent } from "./stack";

const lab = useLab();
let register: LeaseStore;
let provider: Provider;

beforeEach(async () => {
  register = await lab.register(foretold, sequential);
  provider = await lab.provider();
});

async function failuresOf(more: Bag, olds: Bag = {}): Promise<readonly Failure[]> {
  const { failures = [] } = await provider.check(olds, sent(declared(more)));
  return failures;
}

async function onlyFailure(more: Bag, olds: Bag = {}): Promise<Failure> {
  const failures = await failuresOf(more, olds);
  expect(failures).toHaveLength(1);
  return failures[0] ?? { property: "", reason: "" };
}

describe("check refuses", () => {
  it("a pool that the register has not got, and lists those it has", async () => {
    const { property, reason } = await onlyFailure({ pool: "lab" });
    expect(property).toBe("pool");
    for (const word of ['"lab"', "default", "foretold", "sequential"]) expect(reason).toContain(word);
  });

  it("a configured pool that the register has not got", async () => {
    provider = await lab.provider({ "macpool:pool": "lab" });
    expect((await onlyFailure({})).property).toBe("pool");
  });

  it("a pool named by a megabyte, or with a NUL, in a message that can be read", async () => {
    for (const pool of ["x".repeat(2 ** 20), "de\0fault"]) {
      const { property, reason } = await onlyFailure({ pool });
      expect(property).toBe("pool");
      expect(reason.length).toBeLessThan(400);
      expect(reason).not.toContain("\0");
    }
  });

  it.each(["tags", "keepers", "pool", "description", "requestedAddress"])(
    "a value a hundred thousand levels deep, for %s",
    async (key) => {
      const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], "bottom");
      const failure = await onlyFailure({ [key]: deep });
      expect(failure.property).toBe(key === "requestedAddress" ? "address" : key);
      expect(failure.reason.length).toBeLessThan(400);
    },
  );

  it("an address outside the pool, and says which pool has it", async () => {
    const { property, reason } = await onlyFailure({ requestedAddress: "52:54:00:00:00:01" });
    expect(property).toBe("address");
    expect(reason).toContain('"foretold"');
  });

  it("an address that is reserved", async () => {
    await register.reserve({ ...parsePrefix("42:07"), reason: "the lab's printers" });
    for (const [requestedAddress, words] of [
      ["42:07:00:00:00:01", "the lab's printers"],
      ["42:01:00:00:00:01", "Google Cloud"],
    ]) {
      const { property, reason } = await onlyFailure({ requestedAddress });
      expect(property).toBe("address");
      expect(reason).toContain(words);
    }
  });

  it("an address that somebody else has, and says who", async () => {
    const { id } = await create(provider, declared({ owner: "acme/net/prod/other" }));
    const { property, reason } = await onlyFailure({ requestedAddress: id });
    expect(property).toBe("address");
    expect(reason).toContain('"acme/net/prod/other"');
  });

  it("an address that somebody else has, for a resource that has another", async () => {
    const { id } = await create(provider, declared({ owner: "acme/net/prod/other" }));
    const { inputs } = await create(provider, declared());
    expect((await onlyFailure({ requestedAddress: id }, inputs)).property).toBe("address");
  });

  it("an address that the same owner has in another installation, unless it is to be adopted", async () => {
    const { id } = await create(provider, declared({ installation: "stack-2" }));
    const { property, reason } = await onlyFailure({ requestedAddress: id });
    expect(property).toBe("address");
    expect(reason).toContain("adopt");
    expect(await failuresOf({ requestedAddress: id, adopt: true })).toEqual([]);
  });

  it("an address in quarantine, and says until when, but not for the owner who released it", async () => {
    const { id, outputs } = await create(provider, declared());
    await register.release([{ address: parseMac(id), token: String(outputs["token"]) }]);
    const { property, reason } = await onlyFailure({ requestedAddress: id, owner: "acme/net/prod/other" });
    expect(property).toBe("address");
    expect(reason).toMatch(/until \d{4}-\d\d-\d\dT/);
    expect(await failuresOf({ requestedAddress: id })).toEqual([]);
  });
});

describe("a refusal", () => {
  it("of the inputs alone comes before any question to the register", async () => {
    expect((await onlyFailure({ owner: "", pool: "lab" })).property).toBe("owner");
  });

  it("returns the inputs as they came", async () => {
    const news = declared({ requestedAddress: "52-54-00-00-00-01" });
    expect((await provider.check({}, news)).inputs).toEqual(news);
  });

  it("leaves nothing promised: the next owner is shown what it would have been", async () => {
    const { address } = (await provider.check({}, declared())).inputs;
    provider = await lab.provider();
    await failuresOf({ owner: "acme/net/prod/other", requestedAddress: address, pool: "foretold" });
    expect((await provider.check({}, declared())).inputs["address"]).toBe(address);
  });
});
