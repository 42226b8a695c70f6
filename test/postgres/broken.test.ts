import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { parsePrefix } from "../../provider/mac/range";
import type { PostgresOptions } from "../../provider/store/postgres/postgres-store";
import { type Register, rejection } from "../store/support";
import { type Cut, Relay } from "./relay";
import { createSchema, describePostgres, openUrl, runSql, withClient } from "./support";

/** The statement that writes a group, and what ends a change of pools. */
const WRITE = "macpool-apply";
const COMMIT = "commit";
/** What a change of pools begins with. */
const LOCK = "select pg_advisory_xact_lock";
const SILENT = "set local idle_in_transaction_session_timeout";

async function throughRelay(options: PostgresOptions = {}, warnings: string[] = [], isPooler = false) {
  const direct = await createSchema();
  const { relay, url } = await Relay.before(direct, isPooler);
  const register = await openUrl(url, options, warnings);
  return { relay, register, direct: await openUrl(direct), url: direct };
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

    it("does not take for done what is partly there already: a lost lease is put back beside one that is not lost", async () => {
      const { relay, register, direct } = await throughRelay();
      const { lease } = await register.grant();
      const lost = { ...lease, owner: "lost", address: lease.address + 1, token: "lost" };
      relay.cutNext(cut, WRITE);
      const stated = [lease, lost].map((one) => ({ ...one, stack: "dev" }));
      const verdicts = (await register.store.recover(stated, true)).map(({ verdict }) => verdict);
      expect(verdicts).toEqual(["present", "insert"]);
      expect(await direct.store.find(lost.address)).toMatchObject({ owner: "lost", token: "lost" });
      expect(await direct.events({ address: lost.address })).toHaveLength(1);
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

  it("has a change that bars all others begin again, and be silent for longer", async () => {
    const { relay, register } = await throughRelay();
    relay.cutNext("request", COMMIT, 0, async () => relay.cutNext("request", `${SILENT} = 20000`));
    await register.store.createPool({ name: "more", ranges: [parsePrefix("42:77")] });
    expect(relay.cuts).toBe(2);
    expect((await register.store.pools()).map(({ name }) => name)).toContain("more");
  });

  it("or cannot be made for some time has such a change wait, and be silent no longer than ever", async () => {
    const { relay, register } = await throughRelay();
    const { target } = relay;
    relay.turnTo(1);
    const made = register.store.createPool({ name: "more", ranges: [parsePrefix("42:77")] });
    await pause(500);
    relay.cutNext("request", SILENT);
    relay.turnTo(target);
    expect(await made).toMatchObject({ name: "more" });
    expect(relay.cuts).toBe(0);
  });

  it("again and again ends such a change with an error, after a warning", async () => {
    const warnings: string[] = [];
    const { relay, register } = await throughRelay({ warnAfter: 50, giveUpAfter: 500 }, warnings);
    const again = async () => relay.cutNext("request", LOCK, 0, again);
    await again();
    const fault = await rejection(register.store.createPool({ name: "more", ranges: [parsePrefix("42:77")] }));
    expect(fault.code).toBe("REGISTER_UNREACHABLE");
    expect(warnings).toMatchObject([expect.stringContaining("Waiting.")]);
    expect(relay.cuts).toBeGreaterThan(2);
    relay.turnTo(relay.target);
    relay.cutNext("request", "no more of them");
    expect((await register.store.pools()).map(({ name }) => name)).not.toContain("more");
  });

  it("does not disturb a question, which is put again", async () => {
    const { relay, register } = await throughRelay();
    relay.cutNext("reply", "json_build");
    expect((await register.store.pools()).map(({ name }) => name)).toEqual(["big", "tiny"]);
    expect(relay.cuts).toBe(1);
  });
});

/** Holds every row that a grant in pool `tiny` needs while `begin` asks and its connection breaks; then lets go. */
async function whileWaiting<T>(url: string, relay: Relay, begin: () => Promise<T>): Promise<T> {
  return withClient(url, async (client) => {
    await client.query("begin");
    await client.query("select from pool for update");
    await client.query("select from lease for update");
    const begun = begin();
    const waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query like 'with%'";
    while ((await runSql(waiting)).length === 0) await pause(20);
    relay.turnTo(relay.target);
    // By then the client is back and has looked for what it asked.
    await pause(500);
    await client.query("commit");
    return begun;
  });
}

describePostgres("a connection that breaks while the server still works on what was asked", () => {
  it.each([
    ["the server", false],
    ["a pooler", true],
  ])("leaves no address behind that nobody knows of, connected to %s", async (_, isPooler) => {
    const { relay, register, direct, url } = await throughRelay({}, [], isPooler);
    const { lease, rule } = await whileWaiting(url, relay, () => register.grant({ pool: "tiny", owner: "" }));
    expect(rule).toBe("sequence");
    expect(await direct.leases()).toEqual([lease]);
    expect(await direct.events({ address: lease.address })).toHaveLength(1);
    await sound(direct);
  });

  it("does not make a release one that had nothing to release", async () => {
    const { relay, register, direct, url } = await throughRelay();
    const { lease } = await register.grant();
    const released = await whileWaiting(url, relay, () => register.release(lease));
    expect(released).toMatchObject({ address: lease.address });
    expect(await direct.leases()).toEqual([released]);
    expect(await direct.events({ address: lease.address })).toHaveLength(2);
    await sound(direct);
  });
});
