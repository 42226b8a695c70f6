import { describe, expect, it } from "vitest";
import { type Mac, parseMac } from "../../../provider/mac/mac";
import { HOUR, type Open, request, start } from "../support";

const A = parseMac("42:20:00:00:00:0a");
const B = parseMac("42:20:00:00:00:0b");

/** `acquire` of many, `release`, `update` and `takeOver`. */
export function verbsContract(open: Open): void {
  describe("several requests in one call", () => acquiresMany(open));
  describe("releasing", () => releases(open));
  describe("updating", () => updates(open));
  describe("taking over", () => takesOver(open));
  describe("renaming into a name that is taken", () => renames(open));
}

function acquiresMany(open: Open): void {
  it("are granted in the order given, each with its outcome at its place", async () => {
    const register = await start(open);
    const owners = ["c", "a", "b"];
    const outcomes = await register.store.acquire(owners.map((owner) => request({ owner, pool: "tiny" })));
    const leases = outcomes.map((outcome) => (outcome.ok ? outcome.value.lease : undefined));
    expect(leases.map((lease) => lease?.owner)).toEqual(owners);
    expect(leases.map((lease) => lease?.address)).toEqual([0, 1, 2].map((n) => parseMac("42:10:00:00:00:00") + n));
  });

  it("do not disturb each other when some fail, and those write nothing", async () => {
    const register = await start(open);
    const before = await register.seq();
    const outcomes = await register.store.acquire([
      request({ owner: "a", requestedAddress: A }),
      request({ owner: "b", pool: "nowhere" }),
      request({ owner: "c", requestedAddress: A }),
      request({ owner: "d", requestedAddress: 0 }),
      request({ owner: "e", requestedAddress: B }),
    ]);
    const codes = outcomes.map((outcome) => (outcome.ok ? outcome.value.rule : codeOf(outcome.error)));
    expect(codes).toEqual(["claim", "POOL_NOT_FOUND", "ADDRESS_TAKEN", "INVALID_MAC", "claim"]);
    expect(await register.seq()).toBe(before + 2);
    expect((await register.leases()).map(({ owner }) => owner)).toEqual(["a", "e"]);
  });

  it("see what the ones before them got: one declaration named twice has one lease", async () => {
    const register = await start(open);
    const [first, second] = await register.store.acquire([request(), request()]);
    expect(first).toMatchObject({ ok: true, value: { rule: "derive" } });
    expect(second).toMatchObject({ ok: true, value: { rule: "keep" } });
    expect(await register.leases()).toHaveLength(1);
  });

  it("use up a pool to the last address, and only those beyond it fail", async () => {
    const register = await start(open);
    const requests = Array.from({ length: 7 }, (_, index) => request({ owner: `o-${index}`, pool: "tiny" }));
    const outcomes = await register.store.acquire(requests);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true, true, true, false, false]);
  });

  it("may be none", async () => {
    const register = await start(open);
    const before = await register.seq();
    expect(await register.store.acquire([])).toEqual([]);
    expect(await register.store.release([])).toEqual([]);
    expect(await register.seq()).toBe(before);
  });
}

function codeOf(error: Error): unknown {
  return "code" in error ? error.code : error;
}

function releases(open: Open): void {
  it("ends the lease, starts its quarantine and returns it", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    register.clock.advance(5000);
    const released = await register.release(lease);
    expect(released).toMatchObject({ address: lease.address, owner: lease.owner, releasedAt: register.clock.now });
    expect(await register.store.find(lease.address)).toEqual(released);
  });

  it("again does nothing and is no error", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.release(lease);
    const before = [await register.seq(), await register.leases()];
    expect(await register.release(lease)).toBeUndefined();
    expect([await register.seq(), await register.leases()]).toEqual(before);
  });

  it("does nothing with an unknown token, an empty one or an address that nobody ever had", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    const refs = [
      { address: lease.address, token: "" },
      { address: lease.address, token: "token-999" },
      { address: A, token: lease.token },
      { address: 0, token: lease.token },
    ];
    const before = await register.seq();
    expect(await register.store.release(refs)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await register.seq()).toBe(before);
  });

  it("several in one call answers for each at its place, also for one named twice", async () => {
    const register = await start(open);
    const { lease: a } = await register.grant({ owner: "a", requestedAddress: A });
    const { lease: b } = await register.grant({ owner: "b", requestedAddress: B });
    const [first, unknown, second, again] = await register.store.release([b, { address: A, token: "?" }, a, b]);
    expect([first?.address, unknown, second?.address, again]).toEqual([B, undefined, A, undefined]);
  });
}

function takesOver(open: Open): void {
  const change = { owner: "by hand", installation: "cli", description: "edge", tags: { rack: "7" } };

  it("gives a live lease to another owner in one step, and ends the token", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ rotation: "r1" });
    register.clock.advance(HOUR);
    const before = await register.seq();
    const { address, token } = lease;
    const grant = await register.store.takeOver({ address, token, ...change });
    expect(grant).toMatchObject({ rule: "adopt", warning: undefined });
    expect(grant?.lease).toEqual({
      ...lease,
      ...change,
      seq: before + 1,
      token: expect.not.stringMatching(`^${token}$`),
    });
    expect(await register.seq()).toBe(before + 1);
    expect(await register.store.find(address)).toEqual(grant?.lease);
    expect(await register.store.release([{ address, token }])).toEqual([undefined]);
    expect((await register.store.verify()).faults).toEqual([]);
  });

  it("gives it to the same owner anew", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    const grant = await register.store.takeOver(lease);
    expect(grant?.lease).toMatchObject({ owner: lease.owner, address: lease.address });
    expect(grant?.lease.token).not.toBe(lease.token);
    expect(await register.leases()).toHaveLength(1);
  });

  it("does nothing with a wrong token, to a released lease, or where there never was one", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.release(lease);
    const before = await register.seq();
    for (const ref of [lease, { ...lease, address: A }, { ...lease, token: "?" }])
      expect(await register.store.takeOver({ ...ref, ...change })).toBeUndefined();
    expect(await register.seq()).toBe(before);
  });
}

function updates(open: Open): void {
  const changed = { owner: "renamed", installation: "moved", description: "edge", tags: { rack: "7" } };

  it("changes owner, installation and labels, and leaves address, token and keepers alone", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ rotation: "r1" });
    register.clock.advance(HOUR);
    const { address, token } = lease;
    const updated = await register.store.update({ address, token, ...changed });
    expect(updated).toEqual({ ...lease, ...changed, seq: await register.seq() });
    expect(await register.store.find(address)).toEqual(updated);
  });

  it("makes the lease that of the new declaration, and no longer that of the old one", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.store.update({ ...lease, owner: "renamed" });
    expect(await register.grant({ owner: "renamed" })).toMatchObject({
      rule: "keep",
      lease: { address: lease.address },
    });
    expect(await register.grant()).toMatchObject({ rule: "derive" });
  });

  it("does nothing with a wrong token, to a released lease, or where there never was one", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.release(lease);
    const before = await register.seq();
    expect(await register.store.update({ ...lease, ...changed })).toBeUndefined();
    expect(await register.store.update({ ...lease, ...changed, address: A })).toBeUndefined();
    expect(await register.store.update({ ...lease, ...changed, token: "?" })).toBeUndefined();
    expect(await register.seq()).toBe(before);
  });

  it("keeps every label to the letter", async () => {
    const register = await start(open);
    const tags = {
      "": "",
      "a'b": '"; drop table lease; --',
      ノード: "\u{1f600}\n",
      constructor: "x",
      ["__proto__"]: "y",
    };
    const { lease } = await register.grant({ description: "a\nb'\u0000c", tags });
    expect(await register.store.find(lease.address)).toMatchObject({ description: "a\nb'\u0000c", tags });
  });
}

function renames(open: Open): void {
  const grantBoth = async () => {
    const register = await start(open);
    const { lease: a } = await register.grant({ owner: "a", requestedAddress: A });
    const { lease: b } = await register.grant({ owner: "b", requestedAddress: B });
    return { register, a, b };
  };
  const names = (leases: readonly { readonly address: Mac; readonly owner: string }[]) =>
    leases.map(({ address, owner }) => [address, owner]);

  it("keeps both leases, and the one that had the name first answers to it", async () => {
    const { register, a } = await grantBoth();
    expect(await register.store.update({ ...a, owner: "b" })).toMatchObject({ address: A, slot: A });
    expect(names(await register.leases())).toEqual([
      [A, "b"],
      [B, "b"],
    ]);
    expect(await register.grant({ owner: "b" })).toMatchObject({ rule: "keep", lease: { address: B } });
  });

  it("lets two declarations swap their names, each keeping its address", async () => {
    const { register, a, b } = await grantBoth();
    await register.store.update({ ...a, owner: "b" });
    await register.store.update({ ...b, owner: "a" });
    expect(await register.grant({ owner: "b" })).toMatchObject({ rule: "keep", lease: { address: A, slot: 0 } });
    expect(await register.grant({ owner: "a" })).toMatchObject({ rule: "keep", lease: { address: B, slot: 0 } });
  });

  it("lets a chain of names move up in any order", async () => {
    const { register, a, b } = await grantBoth();
    await register.store.update({ ...a, owner: "b" });
    await register.store.update({ ...b, owner: "c" });
    expect(await register.grant({ owner: "b" })).toMatchObject({ rule: "keep", lease: { address: A } });
    expect(await register.grant({ owner: "c" })).toMatchObject({ rule: "keep", lease: { address: B } });
    expect((await register.grant({ owner: "a", sequential: true })).lease.address).not.toBe(A);
  });

  it("may be into a name that another installation has", async () => {
    const register = await start(open);
    const { lease: one } = await register.grant({ installation: "one", requestedAddress: A });
    const { lease: two } = await register.grant({ installation: "two", requestedAddress: B });
    await register.store.update({ ...two, installation: "one" });
    expect(await register.release(one)).toMatchObject({ address: A });
    expect(await register.grant({ installation: "one" })).toMatchObject({ rule: "keep", lease: { address: B } });
  });

  it("may give a name to an address that belonged to nobody in particular", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ owner: "", installation: "" });
    expect(await register.store.update({ ...lease, owner: "a", installation: "one" })).toMatchObject({ slot: 0 });
    expect(await register.grant({ owner: "a" })).toMatchObject({ rule: "keep", lease: { address: lease.address } });
  });
}
