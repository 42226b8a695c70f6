import { expect } from "vitest";
import type { Lease } from "../../provider/lease/lease";
import { definePool, type PoolSpec } from "../../provider/lease/pool";
import type { Recovery, StatedLease } from "../../provider/lease/recover";
import { contains } from "../../provider/mac/range";
import { type Outcome, outcomeOf } from "./outcome";
import type { Register } from "./support";

/** A step of a random run in which states of stacks, right or wrong, are compared with the register. */
export interface Restating {
  readonly do: "recover";
  readonly states: readonly {
    readonly grant: number;
    readonly token: string | undefined;
    readonly owner: string | undefined;
    /** By how much the state's change is later than the grant's. */
    readonly later: number;
  }[];
  readonly planned: PoolSpec | undefined;
}

/** What states came to, and which leases were put back. */
interface Restated {
  readonly outcome: Outcome;
  readonly put: readonly Lease[];
}

/** Recovers what `operation` says of `grants`, and checks that only what may be is put back. */
export async function restate(
  register: Register,
  live: readonly Lease[],
  grants: readonly Lease[],
  { states, planned }: Restating,
): Promise<Restated> {
  const { store } = register;
  const stated = statedBy(states, grants);
  const seq = await register.seq();
  const pools = planned === undefined ? [] : [definePool(planned)];
  const planning = await outcomeOf(store.recover(stated, false, pools));
  const foreseen = await store.recover(stated, false);
  expect(await register.seq(), "a dry run wrote something").toBe(seq);
  const done = await store.recover(stated, true);
  // What is put back for one state may be what the next is judged by.
  if (isOfDifferentAddresses(stated)) expect(done, "a dry run said something else").toEqual(foreseen);
  const written = await register.seq();
  const again = await store.recover(stated, true);
  expect(await register.seq(), "the second run wrote something").toBe(written);
  expect(again.map(({ verdict }) => verdict)).not.toContain("insert");
  const put = await changedOf(register, live, done);
  if (put.length === 0) expect(written, "nothing was put back").toBe(seq);
  else expect(written, "newer than every state").toBeGreaterThan(Math.max(...stated.map((one) => one.seq)));
  return { outcome: { value: [planning, foreseen, done, again] }, put };
}

/** Returns what the states say of the grants that they are of. */
export function statedBy(states: Restating["states"], grants: readonly Lease[]): readonly StatedLease[] {
  return states.flatMap((state) => statedOf(grants.at(state.grant % (grants.length || 1)), state));
}

function statedOf(grant: Lease | undefined, state: Restating["states"][number]): readonly StatedLease[] {
  if (grant === undefined) return [];
  const { address, pool, installation, rotation, description, tags } = grant;
  const { token = grant.token, owner = grant.owner, later } = state;
  const seq = Math.max(1, grant.seq + later);
  return [{ address, pool, owner, installation, rotation, token, description, tags, seq, stack: "acme/dev" }];
}

async function changedOf(register: Register, live: readonly Lease[], done: readonly Recovery[]): Promise<Lease[]> {
  const pools = await register.store.pools();
  const reserved = await register.store.reserved();
  const put = new Map<number, Lease>();
  for (const address of new Set(done.map(({ stated }) => stated.address))) {
    const before = live.find((lease) => lease.address === address);
    const after = await register.store.find(address);
    const isLive = after !== undefined && after.releasedAt === undefined;
    if (before !== undefined && isLive && after.seq === before.seq) continue;
    const mine = done.filter(({ stated }) => stated.address === address);
    const verdicts = mine.map(({ verdict }) => verdict);
    if (!isLive) {
      expect(before, "a live lease was lost").toBeUndefined();
      expect(verdicts, "what is to be put back is").not.toContain("insert");
      continue;
    }
    expect(
      mine.map(({ stated }) => stated.token),
      "put back under a token that no state has",
    ).toContain(after.token);
    expect(verdicts.some((verdict) => ["insert", "renew", "duplicate"].includes(verdict))).toBe(true);
    if (before === undefined) {
      const pool = pools.find(({ name }) => name === after.pool);
      expect(contains(pool?.ranges ?? [], address), "I8: what is put back lies in its pool").toBe(true);
      expect(contains(reserved, address), "I8: what is put back is reserved").toBe(false);
    } else if (before.token !== after.token) {
      expect(after, "what somebody has was put back for another").toMatchObject({
        owner: before.owner,
        installation: before.installation,
      });
    }
    put.set(address, after);
  }
  return [...put.values()];
}

function isOfDifferentAddresses(stated: readonly StatedLease[]): boolean {
  return new Set(stated.map(({ address }) => address)).size === stated.length;
}
