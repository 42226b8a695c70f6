import { isGrantedTo, isSameManager, type Pool } from "../../lease/pool";
import { formatRange } from "../../mac/range";
import type { LeaseStore } from "../../store/store";
import { type DiffResult, isChanged, unlessUnusable } from "../diff";
import { type CreateResult, GONE, type ReadResult } from "../lifecycle";
import { defined, grantee, type ManagedState, managerOf, nameInForce, registerOf } from "../manager";
import { runtime } from "../runtime";
import type { Bag } from "../schema";
import { type PoolInputs, parseInputs, parseState, specOf, valid, wireOf } from "./schema";

/** Bumped when the meaning of an output changes, so that a later version can tell what it reads. */
const SCHEMA_VERSION = 1;

/** Inputs that change in place. `__provider` is among them: only an update carries a new loader into the outputs. */
const IN_PLACE = [
  ...["owner", "installation", "ranges", "strategy", "order", "quarantineSeconds", "universal"],
  ...["description", "adopt", "__provider"],
];

/**
 * Compares a state's outputs with new inputs: another name asks for a replacement, which must wait until the old pool is
 * gone, because it may have the same ranges; everything else is changed in place. A pool that the register does not have
 * any more, or not under this manager and its token, counts as a change.
 *
 * @throws MacpoolError REGISTER_MISMATCH when the register can be opened and is not the one.
 */
export async function diff(_id: string, olds: Bag, news: Bag): Promise<DiffResult> {
  const state = parseState(olds);
  const isGone = await unlessUnusable(false, async () => {
    const pool = await find(await registerOf(state), state.name);
    return !isGrantedTo(pool?.managedBy, managerOf(state));
  });
  const isRenamed = news["name"] !== state.name;
  return {
    changes: isGone || isRenamed || isChanged(IN_PLACE, olds, news),
    replaces: isRenamed ? ["name"] : [],
    deleteBeforeReplace: isRenamed,
  };
}

/**
 * Creates the pool, or finds it created by the same declaration before a crash or for what this replaces. The id is its
 * name; it is safe that a replacement may have the same one, because `delete` goes by the token, which is new with every
 * creation.
 *
 * @throws MacpoolError when nothing was written; see `LeaseStore.createPool` and `Runtime.registerForGrants`.
 */
export async function create(bag: Bag): Promise<CreateResult> {
  const inputs = valid(bag);
  const register = await runtime().registerForGrants();
  const own = grantee(inputs);
  const pool = await register.createPool(specOf(inputs), own, inputs.adopt);
  const { storeId } = await register.identity();
  return { id: pool.name, outs: outputsOf(pool, { ...own, storeId }, inputs) };
}

/**
 * Makes the pool what the inputs say, and creates it again when it was deleted meanwhile; always under the state's token,
 * so that a repetition after a crash comes to the same.
 *
 * @throws MacpoolError POOL_CONFLICT when another declaration manages it by now, or see `LeaseStore.createPool`; those of
 * `Runtime.registerOf`.
 */
export async function update(_id: string, olds: Bag, news: Bag): Promise<{ readonly outs: Bag }> {
  const state = parseState(olds);
  const inputs = valid(news);
  const register = await registerOf(state);
  const own = managerOf({ ...inputs, token: state.token });
  const by = nameInForce((await find(register, state.name))?.managedBy, [own, managerOf(state)]);
  const spec = { ...specOf(inputs), name: state.name };
  // As a creation, which refuses a pool that is neither this declaration's nor to be adopted.
  let pool = await register.createPool(spec, by, inputs.adopt);
  if (!isSameManager(by, own)) pool = await register.updatePool(state.name, {}, own);
  return { outs: outputsOf(pool, state, inputs) };
}

/**
 * Deletes the pool if this declaration manages it under the state's token; otherwise there is nothing left to do: another
 * declaration has it, or what replaced it.
 *
 * @throws MacpoolError POOL_CONFLICT while it has live leases; those of `Runtime.registerOf`.
 */
async function remove(_id: string, outputs: Bag): Promise<void> {
  const state = parseState(outputs);
  const register = await registerOf(state);
  await register.deletePool(state.name, managerOf(state));
}

export { remove as delete };

/**
 * Reads the pool, which is gone when there is none of that name under this manager and its token.
 *
 * @throws MacpoolError those of `Runtime.registerOf`; INTERNAL for a lookup without a state.
 */
export async function read(id: string, outputs: Bag = {}): Promise<ReadResult> {
  const state = parseState(outputs);
  const pool = await find(await registerOf(state), state.name);
  if (pool === undefined || !isGrantedTo(pool.managedBy, managerOf(state))) return GONE;
  const { inputs } = parseInputs(outputs);
  return { id, props: outputsOf(pool, state, inputs), inputs: inputsOf(pool, inputs) };
}

async function find(register: LeaseStore, name: string): Promise<Pool | undefined> {
  return (await register.pools()).find((pool) => pool.name === name);
}

function outputsOf(pool: Pool, { storeId, token }: Pick<ManagedState, "storeId" | "token">, inputs: PoolInputs): Bag {
  return defined({ ...inputsOf(pool, inputs), token, storeId, schemaVersion: SCHEMA_VERSION });
}

const DEFAULTS: Bag = {
  strategy: "derived",
  order: "strict",
  quarantineSeconds: 86_400,
  universal: false,
  description: "",
};

/** Returns the inputs that would lead to the pool; a default that nobody wrote stays unwritten. */
function inputsOf(pool: Pool, inputs: PoolInputs): Bag {
  const { strategy, order, quarantineSeconds, universal, description, size } = pool;
  const present = Object.entries({ strategy, order, quarantineSeconds, universal, description }).filter(
    ([key, value]) => key in inputs || value !== DEFAULTS[key],
  );
  const others = Object.entries(defined(wireOf(inputs))).filter(([key]) => !(key in DEFAULTS));
  return { ...Object.fromEntries([...others, ...present]), ranges: pool.ranges.map(formatRange), size };
}
