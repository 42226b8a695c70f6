import { setTimeout as wait } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { reconcile } from "../../../cli/reconcile/reconcile";
import { readStackExport } from "../../../cli/reconcile/stack-export";
import type { Lease } from "../../../provider/lease/lease";
import { formatMac } from "../../../provider/mac/mac";
import { faultOfRegister, type Provenance } from "../../../provider/resource/provenance";
import { createPostgresRegister } from "../../../provider/store/postgres/postgres-store";
import { depth } from "../../depth";
import { checkHistory } from "../../faults/history/check";
import { contentOf } from "../../faults/history/content";
import { entriesOf } from "../../faults/history/entries";
import { readHistory } from "../../faults/history/history";
import { POOLS } from "../../faults/history/workload";
import { startWriters, unresolved } from "../../faults/processes/writers";
import {
  initial,
  type Register,
  rejection,
  request,
  STORE_ID,
  temporaryDirectory,
  testContext,
} from "../../store/support";
import { Relay } from "../relay";
import { TestServer } from "../server";
import { describePostgres, openUrl, runSql, serverPrograms } from "../support";

const LIMIT = { timeout: 120_000 };
const ROUNDS = depth(1, 5);

/** Makes a server with a register, and a relay through which its clients reach it. */
async function startPrimary(content = initial()) {
  const primary = await TestServer.start(serverPrograms());
  onTestFinished(() => primary.stop());
  await createPostgresRegister(primary.url(), content, testContext());
  const { relay, url } = await Relay.before(primary.url());
  return { primary, relay, url };
}

async function startStandby(primary: TestServer, port?: number): Promise<TestServer> {
  const standby = await TestServer.follow(primary, port);
  onTestFinished(() => standby.stop());
  return standby;
}

/** Lets a server acknowledge commits only when its standby has them too. */
async function demandStandby(primary: TestServer): Promise<void> {
  await runSql("alter system set synchronous_standby_names = '*'", primary.url());
  // Of a wait that was given up the server warns only.
  await runSql("alter system set client_min_messages = error", primary.url());
  await runSql("select pg_reload_conf()", primary.url());
  const isSynchronous = "select from pg_stat_replication where sync_state = 'sync'";
  while ((await runSql(isSynchronous, primary.url())).length === 0) await wait(50);
}

/** Lets the standby take the place of its primary, which is killed just then. */
async function failOver(primary: TestServer, standby: TestServer, relay: Relay): Promise<void> {
  await primary.end("SIGKILL");
  standby.promote();
  relay.turnTo(standby.port);
}

/** Lets a standby that was down, and is behind its primary, take that one's place. */
async function failOverLate(primary: TestServer, standby: TestServer, relay: Relay): Promise<void> {
  await primary.end("SIGKILL");
  await standby.restart();
  standby.promote();
  relay.turnTo(standby.port);
}

async function breakConnections(primary: TestServer, relay: Relay): Promise<void> {
  relay.turnTo(primary.port);
}

/** Does what an operator may do with sessions that do not go on. */
async function stopWaiting(primary: TestServer): Promise<void> {
  const waiting = `with waiting as materialized (select pid from pg_stat_activity where wait_event = 'SyncRep')
    select from waiting where pg_cancel_backend(pid)`;
  expect(await runSql(waiting, primary.url())).toHaveLength(1);
}

/** Returns whether `answer` is still to come after a while. */
async function isStillWaiting(answer: Promise<unknown>): Promise<boolean> {
  return Promise.race([answer.then(() => false), wait(700, true)]);
}

/** Returns what the state of a stack says of the register that it got `lease` from. */
function stateOf({ seq, address, token }: Lease): Provenance {
  return { storeId: STORE_ID, seq, address, token };
}

/** Returns what `pulumi stack export` prints of a stack with these addresses. */
function exportOf(leases: readonly Lease[]): string {
  const urn = (type: string, name: string) => `urn:pulumi:dev::network::${type}::${name}`;
  const type = "pulumi-nodejs:dynamic/macpool:MacAddress";
  const nics = leases.map((lease) => ({
    urn: urn(type, lease.owner),
    type,
    id: formatMac(lease.address),
    custom: true,
    outputs: { ...lease, address: formatMac(lease.address), storeId: STORE_ID },
  }));
  const stack = { urn: urn("pulumi:pulumi:Stack", "network-dev"), type: "pulumi:pulumi:Stack" };
  const manifest = { time: "2026-01-01T12:00:00Z", magic: "", version: "v3.260.0" };
  return JSON.stringify({ version: 3, deployment: { manifest, resources: [stack, ...nics] } });
}

async function grant(register: Register, owners: readonly string[], installation = "one"): Promise<readonly Lease[]> {
  const leases: Lease[] = [];
  for (const owner of owners) leases.push((await register.grant({ owner, installation })).lease);
  return leases;
}

describePostgres("when a server is lost and its standby takes over", () => {
  it("nothing that was acknowledged is lost where the standby is synchronous, and all go on", LIMIT, async () => {
    const { primary, relay, url } = await startPrimary(initial({ pools: POOLS }));
    let leader = primary;
    const writers = await startWriters(url, 3, temporaryDirectory());
    for (let round = 0; round < ROUNDS; round += 1) {
      const standby = await startStandby(leader);
      await demandStandby(leader);
      await wait(1000);
      await failOver(leader, standby, relay);
      leader = standby;
      await wait(1000);
    }
    await Promise.all(writers.map((writer) => writer.end()));
    const lines = readHistory(writers.flatMap(({ logs }) => logs));
    const { store } = await openUrl(url);
    const { violations, counts } = checkHistory(lines, await contentOf(store), "rising");
    console.info(`failover: ${JSON.stringify({ rounds: ROUNDS, ...counts })}`);
    expect(violations.slice(0, 20)).toEqual([]);
    expect(unresolved(entriesOf(lines))).toEqual([]);
    expect(counts.acknowledged).toBeGreaterThan(0);
  });

  it.each([
    ["and whose connection breaks", breakConnections],
    ["and whom somebody stops waiting", stopWaiting],
  ])("who waits for a synchronous standby %s is told nothing before that has it", LIMIT, async (_, disturb) => {
    const { primary, relay, url } = await startPrimary();
    const standby = await startStandby(primary);
    await demandStandby(primary);
    const register = await openUrl(url);
    const { lease: first } = await register.grant({ owner: "first" });
    await standby.end("SIGQUIT");
    const late = register.grant({ owner: "late" });
    // What is found after that is on this server alone.
    for (let times = 0; times < 2; times += 1) {
      await wait(300);
      await disturb(primary, relay);
    }
    expect(await isStillWaiting(late)).toBe(true);
    await failOverLate(primary, standby, relay);
    const { lease } = await late;
    expect(await register.leases({ state: "live", owner: "first" })).toEqual([first]);
    expect(await register.leases({ state: "live", owner: "late" })).toEqual([lease]);
    expect(await register.events({ address: lease.address })).toHaveLength(1);
  });

  it("who asks for what is done already is told nothing before a synchronous standby has it", LIMIT, async () => {
    const { primary, relay, url } = await startPrimary();
    const standby = await startStandby(primary);
    await demandStandby(primary);
    const register = await openUrl(url);
    const { lease } = await register.grant();
    await standby.end("SIGQUIT");
    const release = register.store.release([lease]);
    await wait(300);
    // Whoever released it looks for what became of that, and so it can be seen, on this server alone.
    relay.turnTo(primary.port);
    await wait(300);
    const again = (await openUrl(url)).store.release([lease]);
    expect(await isStillWaiting(again)).toBe(true);
    await failOverLate(primary, standby, relay);
    await Promise.all([release, again]);
    expect(await register.leases({ state: "live" })).toEqual([]);
    expect(await register.events({ address: lease.address })).toHaveLength(2);
  });

  it("states of what an asynchronous one never got are refused, and reconcile brings it up", LIMIT, async () => {
    const { primary, relay, url } = await startPrimary();
    const replication = await Relay.before(primary.url());
    const standby = await startStandby(primary, replication.relay.port);
    const register = await openUrl(url);
    const kept = await grant(register, ["a", "b", "c"]);
    const position = "select pg_current_wal_lsn() as lsn";
    const [now] = await runSql(position, primary.url());
    const hasCome = `select from pg_last_wal_replay_lsn() as at where at >= '${now?.lsn}'`;
    while ((await runSql(hasCome, standby.url())).length === 0) await wait(50);
    // Nobody listens at port 1: from here on the standby gets nothing.
    replication.relay.turnTo(1);
    const lost = await grant(register, ["d", "e", "f"], "two");
    const [moved = kept[0]] = await grant(register, ["a"]);
    await failOver(primary, standby, relay);
    // The standby has never heard of this installation, though the client has.
    const [other] = await grant(register, ["g"], "two");
    expect(await register.leases({ owner: "g" })).toEqual([other]);
    for (const lease of kept.slice(1)) expect(await faultOfRegister(stateOf(lease), register.store)).toBeUndefined();
    const states = [...lost, ...(moved === undefined ? [] : [moved])];
    for (const lease of states) {
      const fault = await faultOfRegister(stateOf(lease), register.store);
      expect(fault?.code).toBe("REGISTER_ROLLED_BACK");
      expect(fault?.message).toContain("macpool reconcile");
    }
    const exports = [readStackExport("dev.json", exportOf([...states, ...kept.slice(1)]))];
    const { findings } = await reconcile({ store: url, exports, apply: true }, testContext());
    expect(findings.map(({ verdict }) => verdict)).toEqual([
      ...["insert", "insert", "insert", "renew"],
      ...["present", "present"],
    ]);
    for (const lease of [...states, ...kept.slice(1)]) {
      expect(await faultOfRegister(stateOf(lease), register.store)).toBeUndefined();
      const again = await register.grant({ owner: lease.owner, installation: lease.installation });
      expect(again.lease.address).toBe(lease.address);
    }
    expect((await register.grant({ owner: "new" })).lease.seq).toBeGreaterThan(lost[2]?.seq ?? 0);
    expect((await register.store.verify()).faults).toEqual([]);
  });

  it("a standby that was not promoted shows everything and grants nothing, and says why", LIMIT, async () => {
    const { primary, url } = await startPrimary();
    const { lease } = await (await openUrl(url)).grant();
    const standby = await startStandby(primary);
    const register = await openUrl(standby.url());
    expect(await register.store.find(lease.address)).toEqual(lease);
    expect(await register.store.predict(request())).toMatchObject({ address: lease.address });
    expect((await register.store.verify()).faults).toEqual([]);
    // It may not have heard yet of a lease that is to be released.
    const stranger = { address: lease.address, token: "another" };
    for (const error of [await rejection(register.grant()), await rejection(register.store.release([stranger]))]) {
      expect(error.code).toBe("REGISTER_UNUSABLE");
      expect(error.message).toContain("standby");
    }
    standby.promote();
    expect((await register.grant()).lease.address).toBe(lease.address);
  });
});
