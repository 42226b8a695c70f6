import { describe, expect, it } from "vitest";
import { parsePrefix } from "../../provider/mac/range";
import type { Register } from "../store/support";
import { type Cut, Relay } from "./relay";
import { createSchema, describePostgres, openUrl } from "./support";

/** The statement that writes a group, and what ends a change of pools. */
const WRITE = "macpool-apply";
const COMMIT = "commit";

async function throughRelay() {
  const direct = await createSchema();
  const { relay, url } = await Relay.before(direct);
  const register = await openUrl(url);
  return { relay, register, direct: await openUrl(direct) };
}

async function sound(register: Register): Promise<void> {
  expect((await register.store.verify()).faults).toEqual([]);
}

describePostgres("a connection that breaks", () => {
  describe.each<Cut>(["request", "reply"])("before the server's %s arrives", (cut) => {
    it("costs no address and no token: the grant is as if it had not broken", async () => {
      const { relay, register, direct } = await throughRelay();
      await register.grant({ owner: "before" });
      relay.cutNext(cut, WRITE);
      const { lease, rule } = await register.grant();
      expect(relay.cuts).toBe(1);
      expect(rule).toBe("derive");
      expect(await direct.store.find(lease.address)).toEqual(lease);
      expect(await direct.events({ address: lease.address })).toHaveLength(1);
      expect((await direct.events({ address: lease.address }))[0]?.seq).toBe(lease.seq);
      expect(await register.release(lease)).toMatchObject({ address: lease.address });
      await sound(direct);
    });

    it("repeats no grant of a whole group, also in a sequence", async () => {
      const { relay, register, direct } = await throughRelay();
      relay.cutNext(cut, WRITE);
      const granted = await Promise.all([0, 1, 2].map((n) => register.grant({ pool: "tiny", owner: `o${n}` })));
      expect(relay.cuts).toBe(1);
      expect(granted.map(({ rule }) => rule)).toEqual(["sequence", "sequence", "sequence"]);
      for (const { lease } of granted) expect(await direct.store.find(lease.address)).toEqual(lease);
      expect((await direct.leases({ pool: "tiny" })).length).toBe(3);
      await sound(direct);
    });

    it("does not hide what a release and a change came to", async () => {
      const { relay, register, direct } = await throughRelay();
      const { lease } = await register.grant();
      relay.cutNext(cut, WRITE);
      const changed = await register.store.update({ ...lease, description: "new" });
      expect(changed).toEqual(await direct.store.find(lease.address));
      expect(changed).toMatchObject({ description: "new", token: lease.token });
      relay.cutNext(cut, WRITE);
      const released = await register.release(lease);
      expect(relay.cuts).toBe(2);
      expect(released).toEqual(await direct.store.find(lease.address));
      expect(released?.releasedAt).toBeDefined();
      expect(await direct.events({ address: lease.address })).toHaveLength(3);
      await sound(direct);
    });

    it("does not make a new pool a conflict with itself", async () => {
      const { relay, register, direct } = await throughRelay();
      relay.cutNext(cut, COMMIT);
      const pool = await register.store.createPool({ name: "more", ranges: [parsePrefix("42:77")] });
      expect(relay.cuts).toBe(1);
      expect((await direct.store.pools()).find(({ name }) => name === "more")).toEqual(pool);
      expect(
        (await direct.events()).filter(({ kind, pool: name }) => kind === "create-pool" && name === "more"),
      ).toHaveLength(1);
      await sound(direct);
    });
  });

  it("does not disturb a question, which is put again", async () => {
    const { relay, register } = await throughRelay();
    relay.cutNext("reply", "json_build");
    expect((await register.store.pools()).map(({ name }) => name)).toEqual(["big", "tiny"]);
    expect(relay.cuts).toBe(1);
  });
});
