import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { parsePrefix } from "../../provider/mac/range";
import { rejection, request } from "../store/support";
import { Relay } from "./relay";
import { createSchema, describePostgres, openUrl, runSql } from "./support";

describePostgres("a group whose outcome nobody can look up", () => {
  it("is said to be uncertain, and its owner gets the same address when it asks again", async () => {
    const direct = await createSchema();
    const { relay, url } = await Relay.before(direct);
    const register = await openUrl(url, { giveUpAfter: 200 });
    await register.grant({ owner: "before" });
    relay.cutNext("reply", "macpool-apply", 0, async () => {
      // Nobody listens there.
      relay.target = 1;
    });
    const error = await rejection(register.grant());
    expect(relay.lostReplies).toBe(1);
    expect(error.code).toBe("REGISTER_UNREACHABLE");
    expect(error.message).toContain("what was being written is uncertain. Run again");
    expect(error.message).toMatch(/It could not be looked up \(.+\)\.$/);
    relay.target = Number(new URL(direct).port);
    const [written] = await register.leases({ owner: request().owner });
    expect((await register.grant()).lease.address).toBe(written?.address);
  });

  it("is told of damage where it met some, and from then on nothing is written", async () => {
    const direct = await createSchema();
    const { relay, url } = await Relay.before(direct);
    const register = await openUrl(url);
    await register.grant({ owner: "before" });
    relay.cutNext("reply", "macpool-apply", 0, async () => {
      while ((await runSql("select from lease", direct)).length === 1) await pause(10);
      await runSql("alter table event rename to away", direct);
    });
    expect((await rejection(register.grant())).code).toBe("REGISTER_CORRUPT");
    await runSql("alter table away rename to event", direct);
    expect((await rejection(register.grant({ owner: "after" }))).code).toBe("REGISTER_CORRUPT");
  });
});

describePostgres(
  "a grant whose reply is lost, and whose lease was granted again to the same declaration before the look-up",
  () => {
    it("is found to be written, and not written twice", async () => {
      const direct = await createSchema();
      const { relay, url } = await Relay.before(direct);
      const ours = await openUrl(url);
      const other = await openUrl(direct);
      const { lease } = await other.grant();
      const history = async () => (await other.events({ address: lease.address })).map(({ kind }) => kind);
      relay.cutNext("reply", "macpool-apply", 1, async () => {
        while ((await history()).length < 2) await pause(10);
        await other.grant();
      });
      const granted = await ours.grant();
      expect(relay.lostReplies).toBe(1);
      expect(granted.lease.address).toBe(lease.address);
      expect(await history()).toEqual(["derive", "keep", "keep"]);
      expect((await other.store.find(lease.address))?.token).not.toBe(granted.lease.token);
    });
  },
);

describePostgres("a grant whose reply is lost by a standby that took over and lacks what this process knew", () => {
  it("is found to be written, and not written twice", async () => {
    const direct = await createSchema();
    const { relay, url } = await Relay.before(direct);
    const register = await openUrl(url);
    const known = await register.grant({ owner: "a" });
    for (const owner of ["b", "c"]) await register.grant({ owner });
    await runSql(
      `set session_replication_role = replica; delete from event where seq > ${known.lease.seq};
       delete from lease where seq > ${known.lease.seq}; select setval('event_seq', ${known.lease.seq})`,
      direct,
    );
    relay.cutNext("reply", "macpool-apply");
    const { lease } = await register.grant({ owner: "" });
    expect(relay.lostReplies).toBe(1);
    expect((await register.leases({ state: "live" })).map(({ owner }) => owner).sort()).toEqual(["", "a"]);
    expect(lease.seq).toBe(known.lease.seq + 1);
  });
});

describePostgres("a group whose connection broke before the server got it", () => {
  it("is not taken for written because somebody else did the half of it meanwhile", async () => {
    const direct = await createSchema();
    const { relay, url } = await Relay.before(direct);
    const ours = await openUrl(url);
    const other = await openUrl(direct);
    const { lease } = await other.grant({ pool: "tiny", owner: "old" });
    const release = { address: lease.address, token: lease.token };
    relay.cutNext("request", "macpool-apply", 1, async () => {
      await other.store.release([release]);
      await other.grant({ pool: "tiny", owner: "somebody else" });
    });
    const [, granted] = await Promise.all([ours.store.release([release]), ours.grant({ pool: "tiny", owner: "new" })]);
    expect(relay.cuts).toBe(1);
    expect(await other.store.find(granted.lease.address)).toEqual(granted.lease);
    expect((await other.store.verify()).faults).toEqual([]);
  });
});

describePostgres("a pool whose creation nobody told of", () => {
  it.each(["granted", undefined])("is found to be written, and not written twice: token %j", async (token) => {
    const { relay, url } = await Relay.before(await createSchema());
    const register = await openUrl(url);
    const before = await register.seq();
    const by = { owner: "acme/network/prod/pools", installation: "one", token };
    relay.cutNext("reply", "commit");
    const pool = await register.store.createPool({ name: "edge", ranges: [parsePrefix("42:30")] }, by);
    await register.store.reserve({ ...parsePrefix("42:31"), reason: "kept" }, by);
    expect(relay.lostReplies).toBe(1);
    expect(pool.managedBy).toEqual(by);
    const events = (await register.events()).filter(({ seq }) => seq > before);
    expect(events.map(({ kind }) => kind)).toEqual(["create-pool", "reserve"]);
  });
});
