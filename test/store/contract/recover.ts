import { describe, expect, it } from "vitest";
import type { Lease } from "../../../provider/lease/lease";
import { definePool } from "../../../provider/lease/pool";
import type { StatedLease } from "../../../provider/lease/recover";
import { parseMac } from "../../../provider/mac/mac";
import { BIG, type Open, only, type Register, start } from "../support";

const A = parseMac("42:20:00:00:00:0a");

/** Returns a lease as the state of a stack would have it. */
function stated(change: Partial<StatedLease> = {}): StatedLease {
  const labels = { description: "first NIC", tags: { rack: "7" } };
  const identity = { owner: "acme/network/prod/web", installation: "one", pool: "big", rotation: "r" };
  return { address: A, token: "T", seq: 900, stack: "network/prod", ...identity, ...labels, ...change };
}

function stateOf(lease: Lease, change: Partial<StatedLease> = {}): StatedLease {
  const { address, pool, owner, installation, rotation, token, seq, description, tags } = lease;
  return {
    address,
    pool,
    owner,
    installation,
    rotation,
    token,
    seq,
    description,
    tags,
    stack: "network/prod",
    ...change,
  };
}

/** Says what comes of it, checks that saying so wrote nothing, applies it, and that nothing is left to do then. */
async function recovered(register: Register, ...all: readonly StatedLease[]): Promise<readonly string[]> {
  const { store } = register;
  const before = await register.events();
  const foreseen = await store.recover(all, false);
  expect(await register.events(), "a dry run wrote something").toEqual(before);
  expect(await store.recover(all, true)).toEqual(foreseen);
  const after = await register.events();
  const again = await store.recover(all, true);
  expect(await register.events(), "the second run wrote something").toEqual(after);
  expect(again.map(({ verdict }) => verdict)).not.toContain("insert");
  expect(again.map(({ verdict }) => verdict)).not.toContain("renew");
  return foreseen.map(({ verdict }) => verdict);
}

/** `recover`. */
export function recoverContract(open: Open): void {
  describe("a lease that a state names", () => {
    insertions(open);
    renewals(open);
    refusals(open);
  });
}

function insertions(open: Open): void {
  it("is put back in the state's own words when the register has nothing of the address", async () => {
    const register = await start(open);
    expect(await recovered(register, stated())).toEqual(["insert"]);
    const seq = await register.seq();
    const { stack: _, seq: __, ...words } = stated();
    const times = { acquiredAt: register.clock.now, releasedAt: undefined };
    expect(await register.leases()).toEqual([{ ...words, ...times, slot: 0, seq }]);
    expect(await register.store.event(seq)).toMatchObject({ kind: "recover", address: A, owner: stated().owner });
  });

  it("gets a change number above all that states know, and nothing has these numbers ever after", async () => {
    const register = await start(open);
    await recovered(register, stated(), stated({ address: A + 1, token: "U", owner: "b", seq: 1000 }));
    expect(await register.seq()).toBe(1002);
    await register.grant({ owner: "c" });
    expect(await register.seq()).toBe(1003);
    for (const seq of [900, 999, 1000]) expect(await register.store.event(seq)).toBeUndefined();
  });

  it("is stale when the register knows what the state says and that it was released since", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.release(lease);
    expect(await recovered(register, stateOf(lease))).toEqual(["stale"]);
    expect(await register.leases({ state: "live" })).toEqual([]);
  });

  it("is put back when the register has it as released, and does not know what the state says", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.release(lease);
    const state = { ...stateOf(lease), seq: 900 };
    expect(await recovered(register, state)).toEqual(["insert"]);
    expect(await register.leases({ state: "live" })).toMatchObject([{ address: lease.address, token: lease.token }]);
  });

  it("keeps its place beside another of the same owner and keepers", async () => {
    const register = await start(open);
    expect(await recovered(register, stated(), stated({ address: A + 1, token: "U" }))).toEqual(["insert", "insert"]);
    expect((await register.leases()).map(({ slot }) => slot)).toEqual([0, A + 1]);
  });

  it("is never given to another by an allocation that follows", async () => {
    const register = await start(open);
    const base = parseMac("42:10:00:00:00:00");
    const lost = [0, 1, 3].map((offset) =>
      stated({ address: base + offset, pool: "tiny", token: `T${offset}`, owner: `o${offset}` }),
    );
    await recovered(register, ...lost);
    const granted = [
      await register.grant({ pool: "tiny", owner: "" }),
      await register.grant({ pool: "tiny", owner: "" }),
    ];
    expect(granted.map(({ lease }) => lease.address - base)).toEqual([2, 4]);
    expect((await register.refusal({ pool: "tiny", owner: "" })).code).toBe("POOL_EXHAUSTED");
  });
}

function renewals(open: Open): void {
  it("is present when the register knows it by the state's token and change", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    const before = await register.leases();
    expect(await recovered(register, stateOf(lease))).toEqual(["present"]);
    expect(await register.leases()).toEqual(before);
  });

  it("takes on what the state says when the register is from before the state's change", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    const renamed = stateOf(lease, { owner: "new/name", description: "renamed", seq: lease.seq + 100 });
    expect(await recovered(register, renamed)).toEqual(["renew"]);
    expect(await register.leases()).toMatchObject([{ owner: "new/name", description: "renamed", token: lease.token }]);
  });

  it("takes on what the state says also when the change of that number is a reservation of the address", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    await register.store.reserve({ ...only(lease.address), reason: "a printer" });
    const state = { ...stateOf(lease), seq: await register.seq() };
    expect(await recovered(register, state)).toEqual(["renew"]);
  });

  it("does not lose, to an old export, what was changed after it was put back", async () => {
    const register = await start(open);
    await recovered(register, stated());
    await register.store.update({ ...stated(), owner: "renamed since" });
    expect(await recovered(register, stated())).toEqual(["renew"]);
    expect(await register.leases()).toMatchObject([{ owner: "renamed since", token: "T" }]);
  });

  it("gets the state's token when the register is from before the owner was granted it again", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    expect(await recovered(register, stateOf(lease, { token: "newer", seq: 900 }))).toEqual(["renew"]);
    expect(await register.leases()).toMatchObject([{ address: lease.address, token: "newer" }]);
  });

  it("is stale, and nothing is changed, when the owner was granted it again after the state", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    const { lease: kept } = await register.grant();
    expect(await recovered(register, stateOf(lease))).toEqual(["stale"]);
    expect(await register.leases()).toEqual([kept]);
  });

  it("is stale also when the register was made anew in between", async () => {
    const register = await start(open);
    await recovered(register, stated());
    const { lease: kept } = await register.grant({ ...stated(), requestedAddress: A });
    expect(await recovered(register, stated())).toEqual(["stale"]);
    expect(await register.leases()).toEqual([kept]);
  });

  it("is not put back when others had the address since, as the register knows", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ requestedAddress: A });
    await register.release(lease);
    register.clock.advance(10 ** 9);
    await register.release((await register.grant({ owner: "b", requestedAddress: A })).lease);
    expect(await recovered(register, stateOf(lease))).toEqual(["stale"]);
    expect(await register.leases({ state: "live" })).toEqual([]);
  });
}

function refusals(open: Open): void {
  it.each([
    ["owner", { owner: "b" }],
    ["installation", { installation: "two" }],
  ])("is a conflict, and left to its holder, when another %s has it", async (_, other) => {
    const register = await start(open);
    const { lease } = await register.grant({ ...stated(), ...other, requestedAddress: A });
    const [recovery] = await register.store.recover([stated()], false);
    expect(await recovered(register, stated())).toEqual(["conflict"]);
    for (const word of [lease.owner, lease.installation, stated().owner]) expect(recovery?.reason).toContain(word);
    expect(await register.leases()).toEqual([lease]);
  });

  it("is a conflict where the register must not give the address out", async () => {
    const register = await start(open, { reservations: [{ ...only(A), reason: "printer" }] });
    const outside = parseMac("4a:00:00:00:00:01");
    const all = [
      stated(),
      stated({ address: outside, token: "U" }),
      stated({ address: outside + 1, token: "V", pool: "gone" }),
      stated({ address: parseMac("43:20:00:00:00:01"), token: "W" }),
    ];
    expect(await recovered(register, ...all)).toEqual(["conflict", "conflict", "conflict", "conflict"]);
    expect(await register.leases()).toEqual([]);
  });

  it("is judged, where nothing is to be written yet, by the pools that will be in force", async () => {
    const register = await start(open);
    const events = await register.events();
    const planned = [
      definePool({ name: "new", ranges: [only(parseMac("4a:00:00:00:00:01"))] }),
      definePool({ ...BIG, ranges: [only(A)] }),
    ];
    const all = [
      stated(),
      stated({ address: A + 1, token: "U" }),
      stated({ address: parseMac("4a:00:00:00:00:01"), token: "V", pool: "new" }),
    ];
    const verdicts = async (pools?: typeof planned) =>
      (await register.store.recover(all, false, pools)).map(({ verdict }) => verdict);
    expect(await verdicts(planned)).toEqual(["insert", "conflict", "insert"]);
    expect(await verdicts()).toEqual(["insert", "insert", "conflict"]);
    expect(await register.events()).toEqual(events);
  });

  it("is a duplicate when another state names the address under another token, and kept for the later grant", async () => {
    const register = await start(open);
    const rival = stated({ token: "U", seq: 901, stack: "network/dev", owner: "acme/network/dev/web" });
    const all = [stated({ seq: 900 }), rival, stated({ address: A + 1, token: "V", seq: 1 })] as const;
    expect(await recovered(register, ...all)).toEqual(["duplicate", "duplicate", "insert"]);
    const held = (await register.leases()).map(({ address, token }) => [address, token]);
    expect(held).toEqual([
      [A, "U"],
      [A + 1, "V"],
    ]);
    const events = (await register.events()).length;
    expect(await recovered(register, ...all)).toEqual(["duplicate", "duplicate", "present"]);
    expect(await register.events()).toHaveLength(events);
  });

  it("is a duplicate that changes nothing when somebody has the address", async () => {
    const register = await start(open);
    await recovered(register, stated({ token: "H", seq: 5, installation: "other" }));
    const rival = stated({ token: "U", seq: 901, stack: "network/dev" });
    expect(await recovered(register, stated(), rival)).toEqual(["duplicate", "duplicate"]);
    expect((await register.leases()).map(({ token }) => token)).toEqual(["H"]);
  });

  it("is put back once when two states name it under one token", async () => {
    const register = await start(open);
    await register.store.recover([stated(), stated({ stack: "network/moved" })], true);
    expect(await register.leases()).toHaveLength(1);
    expect((await register.events()).filter(({ kind }) => kind === "recover")).toHaveLength(1);
  });
}
