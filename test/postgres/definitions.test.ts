import { expect, it } from "vitest";
import { formatMac } from "../../provider/mac/mac";
import { rejection } from "../store/support";
import { createSchema, describePostgres, openUrl, runSql } from "./support";

describePostgres("a client that saw a change of reservations which a failover lost", () => {
  it("does not take the change that came in its place for it", async () => {
    const url = await createSchema();
    const [one, other] = [await openUrl(url), await openUrl(url)];
    const lost = (await one.store.pools())[0]?.ranges[0]?.start ?? 0;
    const kept = lost + 1;
    const [before] = await runSql("select definitions::text as version from register", url);
    await one.store.reserve({ start: lost, end: lost, reason: "lost" });
    // As it is on a standby that never got it.
    await runSql(
      `delete from reservation where reason = 'lost'; update register set definitions = ${before?.version}`,
      url,
    );
    await other.store.reserve({ start: kept, end: kept, reason: "kept" });
    const refused = await rejection(one.grant({ requestedAddress: kept }));
    expect(refused).toMatchObject({ code: "ADDRESS_RESERVED", details: { address: formatMac(kept) } });
  });
});
