import { expect } from "vitest";
import type { Lease, PoolUsage, RegisterEvent } from "../../provider/lease/lease";
import type { Pool, Reservation } from "../../provider/lease/pool";
import { formatMac, type Mac } from "../../provider/mac/mac";
import { contains } from "../../provider/mac/range";
import { addressesOf } from "../mac/support";
import { type Register, request } from "./support";
import type { Trial } from "./trial";

/** What the invariants are checked against; whoever applies operations to a register knows it. */
export interface Witness extends Pick<Trial, "register" | "live" | "formerNames"> {
  /** Whether several write at once: who loses a race may have drawn a number. */
  readonly isShared?: boolean;
}

/** All that a register shows from outside, at one moment. */
export interface Snapshot {
  readonly seq: number;
  readonly leases: readonly Lease[];
  readonly pools: readonly Pool[];
  readonly usage: readonly PoolUsage[];
  readonly reserved: readonly Reservation[];
  readonly events: readonly RegisterEvent[];
}

/** Returns all that the register shows. */
export async function look(register: Register): Promise<Snapshot> {
  const { store } = register;
  const pools = await store.pools();
  return {
    seq: await register.seq(),
    leases: await register.leases(),
    pools,
    usage: await Promise.all(pools.map(({ name }) => store.stats(name))),
    reserved: await store.reserved(),
    events: await register.events(),
  };
}

/** Checks the invariants of TESTING.md after a step that led from `before` to `after`. */
export function checkStep(trial: Witness, before: Snapshot, after: Snapshot): void {
  const live = after.leases.filter(({ releasedAt }) => releasedAt === undefined);
  expect(live, "I1, I3: what was acknowledged is live, and nothing else is").toEqual(trial.live);
  checkSlots(live);
  checkPools(after);
  checkCounts(trial, after);
  checkHistory(before, after, trial.isShared === true);
  checkGrants(trial, before, after);
}

/** I2: of several live leases of one declaration, which only requested addresses and renames make, one is the first. */
function checkSlots(live: readonly Lease[]): void {
  const keys = live.map(({ owner, pool, installation, rotation, slot }) =>
    JSON.stringify([owner, pool, installation, rotation, slot]),
  );
  expect(new Set(keys).size, "I2: one live lease per declaration and slot").toBe(keys.length);
}

/** I8: a live lease lies in its pool, and a released one is of the pool that has its address now. */
function checkPools({ leases, pools }: Snapshot): void {
  for (const lease of leases) {
    const home = pools.find(({ ranges }) => contains(ranges, lease.address));
    if (home === undefined && lease.releasedAt !== undefined) continue;
    expect(lease.pool, `I8: the pool of ${formatMac(lease.address)}`).toBe(home?.name);
  }
}

/** I5: counting address by address gives what the register counts. */
function checkCounts(trial: Witness, { pools, usage, leases, reserved, events }: Snapshot): void {
  const now = Math.max(trial.register.clock.now, events.at(-1)?.at ?? 0);
  const byAddress = new Map(leases.map((lease) => [lease.address, lease]));
  for (const [index, pool] of pools.entries()) {
    if (pool.size > 100) continue;
    const groups = addressesOf(pool.ranges).map((address) =>
      groupOf(byAddress.get(address), address, pool, reserved, now),
    );
    const count = (group: string) => groups.filter((other) => other === group).length;
    expect(usage[index], `I5: the counts of pool ${pool.name}`).toMatchObject({
      size: groups.length,
      live: count("live"),
      quarantined: count("quarantined"),
      reusable: count("reusable"),
      reserved: count("reserved"),
      neverIssued: count("neverIssued"),
    });
  }
}

function groupOf(
  lease: Lease | undefined,
  address: Mac,
  pool: Pool,
  reserved: readonly Reservation[],
  now: number,
): Exclude<keyof PoolUsage, "size" | "nextFreeAt"> {
  if (lease !== undefined && lease.releasedAt === undefined) return "live";
  if (contains(reserved, address)) return "reserved";
  if (lease?.releasedAt === undefined) return "neverIssued";
  return now < lease.releasedAt + pool.quarantineSeconds * 1000 ? "quarantined" : "reusable";
}

/** I9: the history only grows, is numbered without gaps but before what was put back, and its time never goes back. */
function checkHistory(before: Snapshot, after: Snapshot, mayHaveGaps: boolean): void {
  expect(after.events.slice(0, before.events.length), "I9: history is never rewritten").toEqual(before.events);
  for (const [index, { seq, kind }] of after.events.entries()) {
    const next = (after.events[index - 1]?.seq ?? 0) + 1;
    if (kind === "recover" || mayHaveGaps) expect(seq, "I9: the counter goes on").toBeGreaterThanOrEqual(next);
    else expect(seq, "I9: the counter has no gaps").toBe(next);
  }
  expect(after.seq, "I9: the counter is the newest event").toBe(after.events.at(-1)?.seq);
  const times = after.events.map(({ at }) => at);
  expect(times, "I9: time never goes back").toEqual(times.toSorted((one, other) => one - other));
}

/** I7 and I8 for every address that this step granted. */
function checkGrants(trial: Witness, before: Snapshot, after: Snapshot): void {
  const isGrant = ({ kind }: RegisterEvent) => /^(claim|reclaim|derive|sequence|reuse)$/.test(kind);
  for (const event of after.events.slice(before.events.length).filter(isGrant)) {
    const pool = after.pools.find(({ name }) => name === event.pool);
    const address = event.address ?? 0;
    if (pool === undefined) throw new Error(`an address of pool ${event.pool}, which is not there`);
    const text = `${formatMac(address)} by rule ${event.kind}`;
    expect(contains(pool.ranges, address), `I8: ${text} lies in its pool`).toBe(true);
    expect(contains(after.reserved, address), `I8: ${text} is reserved`).toBe(false);
    expect(Math.floor(address / 2 ** 40) % 2, `I8: ${text} is unicast`).toBe(0);
    const former = before.leases.find((lease) => lease.address === address);
    if (former?.releasedAt === undefined || (former.owner === event.owner && event.owner !== "")) continue;
    if (trial.formerNames.includes(former.owner)) continue;
    const end = former.releasedAt + pool.quarantineSeconds * 1000;
    expect(event.at, `I7: ${text} is out of quarantine`).toBeGreaterThanOrEqual(end);
  }
}

/** What is listed by owner or of one address is what is listed in whole. */
export async function checkViews({ register }: Pick<Witness, "register">): Promise<void> {
  const { leases, events } = await look(register);
  const byOwner = await register.leases({ ownerPrefix: "" });
  expect(byOwner.toSorted((one, other) => one.address - other.address)).toEqual(leases);
  for (const { address } of leases) {
    const own = events.filter((event) => event.address === address && !/reserve/.test(event.kind));
    expect(await register.events({ address }), "the history of one address").toEqual(own);
  }
}

/** I12: when all quarantines are over, a pool yields what is neither live nor reserved, and then says it is used up. */
export async function checkDrain(trial: Pick<Witness, "register" | "live">): Promise<void> {
  const { register } = trial;
  register.clock.advance(1e9);
  for (const pool of await register.store.pools()) {
    if (pool.size > 100) continue;
    const reserved = await register.store.reserved();
    const held = new Set(trial.live.map(({ address }) => address));
    const free = addressesOf(pool.ranges).filter((address) => !held.has(address) && !contains(reserved, address));
    const asks = Array.from({ length: free.length + 1 }, () => request({ owner: "", pool: pool.name }));
    const outcomes = await register.store.acquire(asks);
    const last = outcomes.at(-1);
    const granted = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value.lease.address] : []));
    expect(
      granted.toSorted((one, other) => one - other),
      `I12: pool ${pool.name} yields all it has`,
    ).toEqual(free);
    expect(last, `I12: pool ${pool.name} is used up then`).toMatchObject({ error: { code: "POOL_EXHAUSTED" } });
  }
}
