import { describe, expect, it } from "vitest";
import { parseMac } from "../../../provider/mac/mac";
import { HOUR, type Open, rejection, request, start } from "../support";

const wanted = parseMac("42:20:00:00:00:07");

/** A name gets the address that its resource has under another one. */
export function renamedContract(open: Open): void {
  describe("a requested address that another name holds for who asks", () => renames(open));
}

function renames(open: Open): void {
  const heldAs = { owner: "acme/old", installation: "one" };
  const renamed = { owner: "acme/new", installation: "two", rotation: "r2", requestedAddress: wanted, heldAs };

  it.each(["keep", "reclaim"])("is renamed by the one change that grants it (%s)", async (rule) => {
    const register = await start(open);
    const { lease: old } = await register.grant({ ...heldAs, requestedAddress: wanted });
    if (rule === "reclaim") await register.release(old);
    const before = await register.events();
    const { rule: found, lease } = await register.grant(renamed);
    expect(found).toBe(rule);
    expect(lease).toMatchObject({ address: wanted, owner: "acme/new", installation: "two", rotation: "r2", slot: 0 });
    expect(lease.token).not.toBe(old.token);
    expect(await register.leases()).toEqual([lease]);
    const after = await register.events();
    expect(after.slice(before.length)).toMatchObject([{ kind: rule, owner: "acme/new", address: wanted }]);
  });

  it("is a further one of who asks while that name has another one", async () => {
    const register = await start(open);
    await register.grant({ ...heldAs, requestedAddress: wanted });
    const { lease: first } = await register.grant({ ...renamed, requestedAddress: wanted + 1, heldAs: undefined });
    const { lease } = await register.grant(renamed);
    expect([first.slot, lease.slot]).toEqual([0, wanted]);
  });

  it("is the first of that name, whatever the old one has besides", async () => {
    const register = await start(open);
    await register.grant({ ...heldAs, requestedAddress: wanted + 1 });
    await register.grant({ ...heldAs, requestedAddress: wanted });
    expect((await register.grant(renamed)).lease.slot).toBe(0);
  });

  it.each(["", "acme/db"])("is refused where not that name has it, but %j, and nothing is written", async (owner) => {
    const register = await start(open);
    await register.grant({ owner, installation: "two", requestedAddress: wanted });
    const before = [await register.seq(), await register.leases()];
    const refusal = await register.refusal(renamed);
    expect(refusal.code).toBe("ADDRESS_TAKEN");
    expect([await register.seq(), await register.leases()]).toEqual(before);
  });

  it("leaves the old name with nothing, also for who asks under it in the same step", async () => {
    const register = await start(open);
    const { lease: old } = await register.grant({ ...heldAs, requestedAddress: wanted });
    const asked = [request(renamed), request(heldAs), request({ ...renamed, heldAs: undefined }), request(renamed)];
    const [first, second, third, fourth] = await register.store.acquire(asked);
    if (first?.ok !== true || second?.ok !== true || third?.ok !== true) throw new Error("one of them was refused");
    expect(second.value.lease.address).not.toBe(wanted);
    // The same declaration asks again; under the old name it does not have it any more.
    expect(third.value).toMatchObject({ rule: "keep", lease: { address: wanted, owner: "acme/new", slot: 0 } });
    expect(fourth).toMatchObject({ ok: false, error: { code: "ADDRESS_TAKEN" } });
    expect(await register.store.release([old, first.value.lease])).toEqual([undefined, undefined]);
    expect(await register.leases()).toHaveLength(2);
  });

  it("is refused once somebody else has it, and who has it keeps it", async () => {
    const register = await start(open);
    const { lease: old } = await register.grant({ ...heldAs, requestedAddress: wanted });
    await register.release(old);
    register.clock.advance(2 * HOUR);
    const { lease } = await register.grant({ owner: "acme/db", requestedAddress: wanted });
    for (const adopt of [false, true])
      expect((await register.refusal({ ...renamed, adopt })).code).toBe("ADDRESS_TAKEN");
    expect(await register.leases()).toEqual([lease]);
  });

  it("waits for the quarantine of whoever else had it", async () => {
    const register = await start(open);
    const { lease: old } = await register.grant({ owner: "acme/db", requestedAddress: wanted });
    await register.release(old);
    expect((await register.refusal(renamed)).code).toBe("ADDRESS_QUARANTINED");
    register.clock.advance(2 * HOUR);
    expect((await register.grant(renamed)).rule).toBe("claim");
  });

  it.each(["x".repeat(399), "x".repeat(400), "é".repeat(500)])(
    "holds for owners that begin alike (%#)",
    async (same) => {
      const register = await start(open);
      const [before, after] = [`${same}1`, `${same}2`];
      await register.grant({ ...heldAs, owner: `${same}3`, requestedAddress: wanted + 1 });
      await register.grant({ ...heldAs, owner: before, requestedAddress: wanted });
      const other = { ...renamed, owner: after };
      expect((await register.refusal({ ...other, heldAs: { ...heldAs, owner: `${same}3` } })).code).toBe(
        "ADDRESS_TAKEN",
      );
      const { lease } = await register.grant({ ...other, heldAs: { ...heldAs, owner: before } });
      expect(lease).toMatchObject({ owner: after, slot: 0 });
    },
  );

  it("is foretold, and refused in a preview as well", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ ...heldAs, requestedAddress: wanted });
    expect(await register.store.predict(request(renamed))).toEqual({ rule: "keep", address: wanted });
    await register.store.update({ ...lease, owner: "acme/db" });
    expect(await rejection(register.store.predict(request(renamed)))).toMatchObject({ code: "ADDRESS_TAKEN" });
  });
}
