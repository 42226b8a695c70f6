import { expect } from "vitest";
import { MacpoolError } from "../../provider/error";
import type { AcquireRequest } from "../../provider/lease/lease";
import type { LeaseRef } from "../../provider/lease/transact";
import { faultOfRegister } from "../../provider/resource/provenance";
import type { LeaseStore } from "../../provider/store/store";
import { HOUR, STORE_ID } from "../store/support";
import type { Machine, Moment } from "./machine";
import type { Ask, Belief, Choice, Holding, Model } from "./model";
import type { World } from "./world";

/** What a step of a model run works on. */
export interface Scene {
  readonly world: World;
  readonly machine: Machine;
}

/** Asks for an address; the model says which it must be, or why there is none. */
export async function acquire({ world, machine }: Scene, ask: Ask): Promise<Holding | undefined> {
  const { model } = world;
  const choice = model.choose(ask, machine.clock.now);
  const [outcome] = await machine.write((store) => store.acquire([requestOf(ask)]));
  if (outcome?.ok !== true) {
    const code = MacpoolError.is(outcome?.error) ? outcome.error.code : String(outcome?.error);
    expect({ refusal: code }, "I12: what is refused").toEqual(choice);
    return undefined;
  }
  const { rule, lease } = outcome.value;
  expect({ rule, address: lease.address }, "I1, I4, I7, I8: what is granted").toEqual(choice);
  const holding = model.grant(ask, rule, lease.address, lease.token, machine.clock.now);
  world.remember(holding);
  world.acknowledge(holding);
  return holding;
}

/** Asks for what is held already, as a retry does: the same address under a new token. */
export async function recreate(scene: Scene, held: Holding): Promise<void> {
  const again = await acquire(scene, { ...held, address: undefined, adopt: false });
  if (held.owner === "") return;
  expect(again?.address, "I4: whoever asks again").toBe(held.isFirst ? held.address : again?.address);
  expect(again?.token, "I4: the token is a new one").not.toBe(held.token);
}

/** Creates the successor before the old one goes, which then frees nothing. */
export async function replace(scene: Scene, held: Holding): Promise<void> {
  await acquire(scene, { ...held, address: held.owner === "" ? undefined : held.address, adopt: false });
  await release(scene, held);
}

/** Changes keepers: a new address, then the old one goes. */
export async function rotate(scene: Scene, held: Holding, rotation: string): Promise<void> {
  const next = await acquire(scene, { ...held, rotation, address: undefined, adopt: false });
  if (next !== undefined) await release(scene, held);
}

/** Gives what is held to another name, by its token. */
export async function takeOver({ world, machine }: Scene, held: Holding, to: Pick<Ask, "owner" | "installation">) {
  const { address, token } = held;
  const labels = { description: "", tags: {} };
  const grant = await machine.write((store) => store.takeOver({ address, token, ...to, ...labels }));
  expect(grant, "I6: whoever has the current token can take over").toMatchObject({ rule: "adopt", lease: { address } });
  const holding = world.model.grant({ ...held, ...to }, "adopt", address, grant?.lease.token ?? "", machine.clock.now);
  world.remember(holding);
  world.acknowledge(holding);
}

/** Releases by token; whether that frees anything is for the model to say. */
export async function release({ world, machine }: Scene, { address, token }: LeaseRef): Promise<void> {
  const { model } = world;
  const isCurrent = model.release(address, token, machine.clock.now);
  const [released] = await machine.write((store) => store.release([{ address, token }]));
  expect(released !== undefined, "I6: a release acts only with the current token").toBe(isCurrent);
  world.forget(token);
}

/** Reserves a range, or ends that. */
export async function reserve({ world, machine }: Scene, start: number, end: number, isEnded: boolean): Promise<void> {
  const isChange = world.model.reserve(start, end, isEnded, machine.clock.now);
  if (!isEnded) await machine.write((store) => store.reserve({ start, end, reason: "kept" }));
  else expect(await machine.write((store) => store.unreserve({ start, end }))).toBe(isChange);
}

/** What a pool is to be. */
export interface NewSize {
  readonly name: string;
  readonly first: number;
  readonly size: number;
  readonly seconds: number;
}

/** Gives a pool other addresses and another quarantine. */
export async function resize({ world, machine }: Scene, { name, first, size, seconds }: NewSize): Promise<void> {
  const isDerived = world.model.pools.get(name)?.isDerived === true;
  const isDone = world.model.resize(name, { first, size, isDerived, quarantine: seconds * 1000 }, machine.clock.now);
  const ranges = [{ start: first, end: first + size - 1 }];
  const outcome = machine.write((store) => store.updatePool(name, { ranges, quarantineSeconds: seconds }));
  const code = await outcome.then(
    () => undefined,
    (error) => (MacpoolError.is(error) ? error.code : String(error)),
  );
  expect(code, "I8: no live lease lies outside its pool").toBe(isDone ? undefined : "POOL_CONFLICT");
}

/** Dies while somebody gets an address. Whatever became of it, asking again resolves it. */
export async function crashInAcquire(scene: Scene, ask: Ask, moment: Moment): Promise<void> {
  const { world, machine } = scene;
  const { model } = world;
  const choice = model.choose(ask, machine.clock.now);
  await machine.crash(moment, (store) => store.acquire([requestOf(ask)]));
  const isKept = moment === "after the commit" && "address" in choice;
  if (isKept) commitUnheard(scene, ask, choice);
  await world.check(machine);
  const retried = await acquire(scene, ask);
  if (!isKept || ask.owner === "") return;
  expect(retried?.address, "I10: a retry finds what was committed and not acknowledged").toBe(choice.address);
}

/** Dies while somebody releases. */
export async function crashInRelease({ world, machine }: Scene, ref: LeaseRef, moment: Moment): Promise<void> {
  const { address, token } = ref;
  await machine.crash(moment, (store) => store.release([{ address, token }]));
  if (moment === "after the commit") world.model.release(address, token, machine.clock.now);
}

/** Puts an old copy in the register's place: it must be found out, and what states know of since then frees nothing. */
export async function restore({ world, machine }: Scene, number: number): Promise<void> {
  const backup = world.backups.at(number % world.backups.length);
  if (backup === undefined) return;
  await backup.restore();
  world.model = backup.model.copy();
  world.turn();
  await world.check(machine);
  await checkGuard({ world, machine });
  const isLost = ({ token }: LeaseRef) => !world.model.live.some((one) => one.token === token);
  const lost = world.grants.filter(isLost);
  const released = await machine.write((store) => store.release(lost));
  expect(
    released.filter((one) => one !== undefined),
    "I6: a token the register does not know",
  ).toEqual([]);
}

/**
 * Puts back what states know and the register has lost; after that, each state that was put back is known again. With
 * `owner`, only the states of that owner's stack are at hand.
 */
export async function reconcile({ world, machine }: Scene, owner: string | undefined): Promise<void> {
  const beliefs = world.beliefs.filter((one) => owner === undefined || one.owner === owner);
  const stated = beliefs.map((belief) => ({ ...belief, description: "", tags: {}, stack: "a stack" }));
  const seq = world.model.seq;
  const foretold = await machine.store.recover(stated, false);
  expect((await machine.store.identity()).seq, "a trial run wrote something").toBe(seq);
  const done = await machine.write((store) => store.recover(stated, true));
  const verdicts = world.model.recover(beliefs, machine.clock.now);
  expect(
    done.map(({ verdict }) => verdict),
    "I3: what becomes of lost leases",
  ).toEqual(verdicts);
  expect(foretold.map(({ verdict }) => verdict)).toEqual(verdicts);
  world.turn();
  await world.check(machine);
  const put = beliefs.filter((_, index) => /^(insert|renew)$/.test(verdicts[index] ?? ""));
  for (const belief of put) expect(await faultOf(machine.store, belief), "a state that was put back").toBeUndefined();
  const newest = Math.max(0, ...put.map((belief) => belief.seq));
  expect(world.model.seq, "I9: the register is newer than every state that was put back").toBeGreaterThanOrEqual(
    newest,
  );
  await machine.write((store) => store.recover(stated, true));
}

/**
 * Puts an old copy in the register's place, and lets another owner ask for an address that was lost with it before the
 * first one's stack is reconciled: too late, if the other got it.
 */
export async function overtake(scene: Scene, number: number): Promise<void> {
  await restore(scene, number);
  const { model, beliefs } = scene.world;
  const lost = beliefs.filter(({ token }) => !model.live.some((one) => one.token === token));
  const belief = lost.at(number % Math.max(1, lost.length));
  if (belief === undefined) return;
  const other = belief.owner === "d" ? "c" : "d";
  await acquire(scene, { ...belief, owner: other, adopt: false });
  await reconcile(scene, belief.owner);
}

/** Releases all of a pool in any order, and lets nobody in particular ask for more than it has when quarantine is over. */
export async function turnOver(scene: Scene, pool: string, number: number): Promise<void> {
  const { world, machine } = scene;
  const held = world.model.live.filter((one) => one.pool === pool);
  while (held.length > 0) for (const one of held.splice(number % held.length, 1)) await release(scene, one);
  machine.clock.advance(2 * HOUR);
  const ask = { owner: "", installation: "one", pool, rotation: "", address: undefined, adopt: false };
  for (let count = world.model.pools.get(pool)?.size ?? 0; count >= 0; count -= 1) await acquire(scene, ask);
}

/** I9: whoever knows a change that the register does not is told, and nobody else is. */
export async function checkGuard({ world, machine }: Scene): Promise<void> {
  for (const belief of world.beliefs) {
    const isKnown = world.model.knows(belief) || wasPutBack(world.model, belief);
    expect(await faultOf(machine.store, belief), "I9: a state of a later change").toBe(
      isKnown ? undefined : "REGISTER_ROLLED_BACK",
    );
  }
}

/** What came after a lease was put back may be a change of which the state was not told: that is no older copy. */
function wasPutBack({ history, live }: Model, belief: Belief): boolean {
  const { address, owner, installation, token } = belief;
  const changes = [...history].filter(([, change]) => change.address === address && !/reserve/.test(change.kind));
  const [seq, change] = changes.findLast(([, { kind }]) => kind === "recover") ?? [0];
  if (change === undefined || seq <= belief.seq) return false;
  if (live.some((lease) => lease.token === token)) return true;
  return change.owner === owner && change.installation === installation && seq !== changes.at(-1)?.[0];
}

async function faultOf(store: LeaseStore, belief: Belief): Promise<string | undefined> {
  return (await faultOfRegister({ storeId: STORE_ID, ...belief }, store))?.code;
}

function commitUnheard({ world, machine }: Scene, ask: Ask, choice: Extract<Choice, { rule: string }>): void {
  const token = machine.tokens.at(-1) ?? "";
  world.remember(world.model.grant(ask, choice.rule, choice.address, token, machine.clock.now));
}

function requestOf({ owner, installation, pool, rotation, address, adopt }: Ask): AcquireRequest {
  const identity = { owner, installation, pool, rotation };
  return { ...identity, description: "", tags: {}, requestedAddress: address, adopt };
}
