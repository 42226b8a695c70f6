import { expect, it } from "vitest";
import { formatMac } from "../../provider/mac/mac";
import { parsePrefix } from "../../provider/mac/range";
import { type Register, rejection, request } from "../store/support";
import { Relay } from "./relay";
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

describePostgres("a process that has a register open while a newer version upgrades it", () => {
  it.each<[string, (register: Register) => Promise<unknown>]>([
    ["grants no more", (register) => register.grant({ owner: "next" })],
    ["grants no sequence either", (register) => register.grant({ pool: "tiny", owner: "next" })],
    ["releases no more", async (register) => register.release((await register.leases())[0] ?? never())],
    ["changes no pool", ({ store }) => store.createPool({ name: "more", ranges: [parsePrefix("42:77")] })],
    ["foretells nothing", ({ store }) => store.predict(request({ owner: "next" }))],
    ["does not say what there is", ({ store }) => store.pools()],
    ["finds it neither sound nor unsound", ({ store }) => store.verify()],
  ])("%s: it is told so", async (_, ask) => {
    const url = await createSchema();
    const { relay, url: behind } = await Relay.before(url);
    const register = await openUrl(behind);
    await register.grant();
    await register.store.predict(request({ owner: "warm" }));
    const content = "select (select json_agg(lease) from lease)::text, (select json_agg(event) from event)::text";
    const before = await runSql(content, url);
    await runSql("insert into migration values (99, '099-later.sql', '', 0)", url);
    await runSql("update register set definitions = definitions + 12345", url);
    const trips = relay.roundTrips;
    const error = await rejection(ask(register));
    expect(error).toMatchObject({ code: "REGISTER_TOO_NEW", details: { version: 99 } });
    // What it tries, and what it asks then; a change of pools takes its lock in between, and verify begins a snapshot.
    expect(relay.roundTrips - trips).toBeLessThanOrEqual(5);
    expect(await runSql(content, url)).toEqual(before);
  });
});

function never(): never {
  throw new Error("there is a lease");
}
