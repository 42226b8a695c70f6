import { expect, it } from "vitest";
import { Relay } from "./relay";
import { createSchema, describePostgres, openUrl } from "./support";

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
