import { describe, expect, it } from "vitest";
import { parseMac } from "../../../provider/mac/mac";
import { HOUR, type Open, rejection, request, start } from "../support";

const WANTED = "42:20:00:00:00:07";
const wanted = parseMac(WANTED);

/** How a program takes over what people gave out before it: `requestedAddress` with `adopt`. */
export function byHandContract(open: Open): void {
  describe("a requested address that was given by hand", () => takesFromHand(open));
}

function takesFromHand(open: Open): void {
  const mine = { owner: "acme/web", installation: "program", requestedAddress: wanted };

  describe.each([
    { owner: "vm-7", installation: "cli" },
    { owner: "vm-7", installation: "import" },
    { owner: "", installation: "cli" },
    { owner: "acme/web", installation: "import" },
  ])("to %j", (holder) => {
    it("is taken over with adopt: it keeps its day, has a new token, and the old one does nothing", async () => {
      const register = await start(open);
      const { lease } = await register.grant({ ...holder, requestedAddress: wanted, description: "by hand" });
      register.clock.advance(HOUR);
      expect(await register.store.predict(request({ ...mine, adopt: true }))).toEqual({
        rule: "adopt",
        address: wanted,
      });
      const adopted = await register.grant({ ...mine, adopt: true });
      expect(adopted).toMatchObject({ rule: "adopt", warning: undefined });
      const { owner, installation } = mine;
      const { token, seq } = adopted.lease;
      expect(adopted.lease).toEqual({ ...lease, owner, installation, token, seq, slot: 0, description: "" });
      expect(token).not.toBe(lease.token);
      expect(await register.release(lease)).toBeUndefined();
      expect(await register.leases()).toEqual([adopted.lease]);
    });

    it("is refused without adopt, and the message says that adopting is possible", async () => {
      const register = await start(open);
      await register.grant({ ...holder, requestedAddress: wanted });
      const refusal = await register.refusal(mine);
      expect(refusal.code).toBe("ADDRESS_TAKEN");
      expect(refusal.details).toEqual({ address: WANTED, holder: holder.owner, installation: holder.installation });
      for (const text of ["by hand", "set adopt"]) expect(refusal.message).toContain(text);
      const predicted = await rejection(register.store.predict(request(mine)));
      expect(predicted.message).toBe(refusal.message);
    });
  });

  it("belongs to the new owner alone: the old one gets another, and the new one keeps it", async () => {
    const register = await start(open);
    await register.grant({ owner: "vm-7", installation: "cli", requestedAddress: wanted });
    await register.grant({ ...mine, adopt: true });
    const again = await register.grant({ owner: "vm-7", installation: "cli" });
    expect(again.rule).toBe("derive");
    expect(await register.grant({ ...mine, requestedAddress: undefined })).toMatchObject({
      rule: "keep",
      lease: { address: wanted },
    });
  });

  it("has both owners in its history", async () => {
    const register = await start(open);
    await register.grant({ owner: "vm-7", installation: "cli", requestedAddress: wanted });
    await register.grant({ ...mine, adopt: true });
    const history = await register.events({ address: wanted });
    expect(history.map(({ kind, owner }) => `${kind} ${owner}`)).toEqual(["claim vm-7", "adopt acme/web"]);
  });

  it("is not taken by an owner who does not name it, nor by nobody in particular", async () => {
    const register = await start(open);
    const { lease } = await register.grant({ owner: "vm-7", installation: "cli", requestedAddress: wanted });
    expect((await register.grant({ ...mine, requestedAddress: undefined, adopt: true })).rule).toBe("derive");
    expect((await register.refusal({ ...mine, owner: "", adopt: true })).code).toBe("ADDRESS_TAKEN");
    expect(await register.store.find(wanted)).toEqual(lease);
  });

  it("is not taken from another program, nor back from one by hand", async () => {
    const register = await start(open);
    const { lease } = await register.grant(mine);
    for (const installation of ["cli", "import", "another"]) {
      const taker = { owner: "vm-7", installation, requestedAddress: wanted, adopt: true };
      expect((await register.refusal(taker)).code).toBe("ADDRESS_TAKEN");
    }
    expect(await register.store.find(wanted)).toEqual(lease);
  });

  it("may be a second lease of the declaration, as a replacement makes one", async () => {
    const register = await start(open);
    await register.grant({ owner: "vm-7", installation: "import", requestedAddress: wanted });
    const { lease: first } = await register.grant({ ...mine, requestedAddress: undefined });
    const { lease: next } = await register.grant({ ...mine, adopt: true });
    expect([first.slot, next.slot]).toEqual([0, wanted]);
    await register.release(first);
    expect(await register.grant({ ...mine, requestedAddress: undefined })).toMatchObject({
      rule: "keep",
      lease: { address: wanted },
    });
  });
}
