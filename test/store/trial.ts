import { expect } from "vitest";
import { MacpoolError } from "../../provider/error";
import type { BlockRequest } from "../../provider/lease/block";
import type { Entitlement } from "../../provider/lease/held";
import type { AcquireRequest, Lease } from "../../provider/lease/lease";
import { isSameManager, type Reservation } from "../../provider/lease/pool";
import type { Grant, LeaseRef } from "../../provider/lease/transact";
import type { Mac } from "../../provider/mac/mac";
import type { Range } from "../../provider/mac/range";
import type { Settled } from "../../provider/store/store";
import type { Operation } from "./operations";
import type { Register } from "./support";

/** What a verb came to, as plain data, so that two stores can be compared. */
export type Outcome = { readonly value: unknown } | { readonly code: string; readonly message: string };

/**
 * A run of random operations on one register. It remembers what was acknowledged, and checks every answer against that;
 * it has no idea of which address should be granted. The numbers are those of TESTING.md.
 */
export class Trial {
  readonly register: Register;
  /** Every grant that was acknowledged, oldest first. */
  readonly #grants: Lease[] = [];
  readonly #live = new Map<Mac, Lease>();
  /** What every block that was acknowledged got, by index, oldest block first. */
  readonly #blocks: { readonly request: BlockRequest; readonly refs: readonly LeaseRef[] }[] = [];

  constructor(register: Register) {
    this.register = register;
  }

  /** What the last operation renamed, in their old names: to them, a lost address is their own. */
  formerNames: readonly string[] = [];

  /** What must be live now, by address. */
  get live(): readonly Lease[] {
    return [...this.#live.values()].sort((one, other) => one.address - other.address);
  }

  /** Does `operation` and returns what it came to. */
  async apply(operation: Operation): Promise<Outcome> {
    const { store, clock } = this.register;
    this.formerNames = [];
    switch (operation.do) {
      case "acquire":
        return { value: await this.#acquire(operation.requests) };
      case "block":
        return this.#block(this.#blockRequest(operation));
      case "release":
        return { value: await this.#release(operation.grants) };
      case "update":
        return { value: await this.#update(operation) };
      case "reserve":
        return this.#reserve(operation);
      case "unreserve":
        return outcomeOf(store.unreserve(operation.range, operation.by));
      case "updatePool":
        return outcomeOf(store.updatePool(operation.name, operation.change, operation.by));
      case "createPool":
        return outcomeOf(store.createPool(operation.spec, operation.by, operation.adopt));
      case "deletePool":
        return this.#deletePool(operation);
      case "wait":
        clock.advance(operation.milliseconds);
        return { value: undefined };
    }
  }

  async #acquire(requests: readonly AcquireRequest[]): Promise<readonly Outcome[]> {
    const [first, ...others] = requests;
    const foreseen = first !== undefined && others.length === 0 ? await this.#foresee(first) : undefined;
    const outcomes = await this.register.store.acquire(requests);
    expect(outcomes).toHaveLength(requests.length);
    for (const outcome of outcomes) if (outcome.ok) this.#remember(outcome.value);
    const plain = outcomes.map(plainOf);
    if (foreseen !== undefined) expectForeseen(foreseen, outcomes[0], plain[0]);
    return plain;
  }

  /** A block that exists keeps its pool and keepers, as with a program that changes it in place. */
  #blockRequest({ request, from }: Extract<Operation, { do: "block" }>): BlockRequest {
    const before = from === undefined ? undefined : this.#blocks.at(from % (this.#blocks.length || 1));
    if (before === undefined) return request;
    const { owner, installation, pool, rotation } = before.request;
    const isRun = before.refs.every(({ address }, index) => address === (before.refs[0]?.address ?? 0) + index);
    const held = { refs: before.refs, owner, installation };
    return { ...request, pool, rotation, contiguous: request.contiguous && isRun, held };
  }

  async #block(request: BlockRequest): Promise<Outcome> {
    const { store } = this.register;
    const former = request.held?.owner;
    this.formerNames = former === undefined ? [] : Array.from({ length: request.count }, (_, i) => `${former}[${i}]`);
    const before = await store.identity();
    const foreseen = await outcomeOf(store.predictBlock(request, () => false));
    expect(await store.identity(), "a prediction wrote something").toEqual(before);
    const held = (request.held?.refs ?? []).map((ref) => this.#current(ref));
    const outcome = await outcomeOf(store.acquireBlock(request));
    if ("code" in outcome) {
      expect(await store.identity(), "a block that was refused wrote something").toEqual(before);
      return outcome;
    }
    expect(foreseen, "a prediction failed and the block did not").not.toHaveProperty("code");
    const grants = outcome.value as readonly Grant[];
    checkBlock(request, grants, "value" in foreseen ? (foreseen.value as readonly (Entitlement | undefined)[]) : []);
    for (const [index, grant] of grants.entries()) {
      const kept = held[index];
      if (kept === undefined) this.#remember(grant);
      else {
        expect([grant.lease.address, grant.lease.token], "a block moved").toEqual([kept.address, kept.token]);
        this.#live.set(kept.address, grant.lease);
      }
    }
    for (const lease of held.slice(request.count)) if (lease !== undefined) this.#live.delete(lease.address);
    this.#blocks.push({ request, refs: grants.map(({ lease }) => lease) });
    return outcome;
  }

  async #foresee(request: AcquireRequest): Promise<Outcome> {
    const { store } = this.register;
    const before = await store.identity();
    const foreseen = await outcomeOf(store.predict(request));
    expect(await store.identity(), "a prediction wrote something").toEqual(before);
    return foreseen;
  }

  #remember({ lease, rule }: Grant): void {
    const before = this.#live.get(lease.address);
    if (before !== undefined) {
      expect(["keep", "adopt"], "I1: a live address was granted again").toContain(rule);
      const isFromHand = rule === "adopt" && ["cli", "import"].includes(before.installation);
      const isRenamed = this.formerNames.includes(before.owner);
      if (!isFromHand && !isRenamed) expect(lease.owner, "I1: a live address went to another owner").toBe(before.owner);
      expect(lease.owner, "I1: an anonymous address was granted again").not.toBe("");
      expect(lease.token, "a token came twice").not.toBe(before.token);
    }
    this.#live.set(lease.address, lease);
    this.#grants.push(lease);
  }

  async #release(numbers: readonly number[]): Promise<readonly (Lease | undefined)[]> {
    const refs = numbers.flatMap((number) => this.#grants.at(number % (this.#grants.length || 1)) ?? []);
    const seq = await this.register.seq();
    const outcomes = await this.register.store.release(refs);
    expect(outcomes).toHaveLength(refs.length);
    let released = 0;
    for (const [index, ref] of refs.entries()) {
      const current = this.#current(ref);
      const { releasedAt, ...rest } = outcomes[index] ?? {};
      expect(releasedAt !== undefined, "I6: released by the current token and by no other").toBe(current !== undefined);
      if (current === undefined) continue;
      const { releasedAt: _, ...held } = current;
      expect(rest).toEqual({ ...held, slot: 0, seq: seq + ++released });
      this.#live.delete(ref.address);
    }
    expect(await this.register.seq(), "I6: a release without effect wrote something").toBe(seq + released);
    return outcomes;
  }

  async #update({ grant, owner, installation }: Extract<Operation, { do: "update" }>): Promise<Lease | undefined> {
    const ref = this.#grants.at(grant % (this.#grants.length || 1));
    if (ref === undefined) return undefined;
    const { address, token, description, tags } = ref;
    const changed = await this.register.store.update({ address, token, description, tags, owner, installation });
    const current = this.#current(ref);
    expect(changed !== undefined, "I6: changed by the current token and by no other").toBe(current !== undefined);
    if (changed === undefined) return undefined;
    const { seq, slot } = changed;
    expect(changed).toEqual({ ...current, description, tags, owner, installation, seq, slot });
    this.#live.set(address, changed);
    return changed;
  }

  async #reserve({ range, reason, by, adopt }: Extract<Operation, { do: "reserve" }>): Promise<Outcome> {
    const existing = await this.#reservation(range);
    const outcome = await outcomeOf(this.register.store.reserve({ ...range, reason }, by, adopt));
    const isOthers = existing !== undefined && by !== undefined && !isSameManager(existing.managedBy, by) && !adopt;
    if (isOthers) expect(outcome).toMatchObject({ code: "RESERVATION_CONFLICT" });
    const isKept = existing !== undefined && (by === undefined || isOthers);
    const expected = isKept ? existing : { ...range, reason, managedBy: by };
    expect(await this.#reservation(range), "reserved by whoever may").toEqual(expected);
    return outcome;
  }

  async #reservation({ start, end }: Range): Promise<Reservation | undefined> {
    const all = await this.register.store.reserved();
    return all.find((other) => other.start === start && other.end === end);
  }

  async #deletePool({ name, by }: Extract<Operation, { do: "deletePool" }>): Promise<Outcome> {
    const { store } = this.register;
    const find = async () => (await store.pools()).find((pool) => pool.name === name);
    const pool = await find();
    const outcome = await outcomeOf(store.deletePool(name, by));
    if (pool === undefined || (by !== undefined && !isSameManager(pool.managedBy, by))) {
      expect(outcome).toEqual({ value: false });
    } else if (this.live.some((lease) => lease.pool === name)) {
      expect(outcome, "a pool in use was deleted").toMatchObject({ code: "POOL_CONFLICT" });
    } else {
      expect(outcome).toEqual({ value: true });
      expect(await find()).toBeUndefined();
    }
    return outcome;
  }

  #current(ref: LeaseRef): Lease | undefined {
    const lease = this.#live.get(ref.address);
    return lease?.token === ref.token ? lease : undefined;
  }
}

function checkBlock(
  { owner, count, contiguous }: BlockRequest,
  grants: readonly Grant[],
  foreseen: readonly (Entitlement | undefined)[],
): void {
  const addresses = grants.map(({ lease }) => lease.address);
  expect(new Set(addresses).size, "a block has as many addresses as it asked for").toBe(count);
  expect(grants.map(({ lease }) => lease.owner)).toEqual(addresses.map((_, index) => `${owner}[${index}]`));
  const [first = 0] = addresses;
  if (contiguous) expect(addresses, "a contiguous block is consecutive").toEqual(addresses.map((_, i) => first + i));
  for (const [index, entitled] of foreseen.entries()) {
    if (entitled !== undefined) expect(addresses[index], "a prediction was wrong").toBe(entitled.address);
  }
}

function expectForeseen(foreseen: Outcome, outcome: Settled<Grant> | undefined, plain: Outcome | undefined): void {
  if ("code" in foreseen) expect(plain, "a prediction failed otherwise than acquire").toEqual(foreseen);
  else if (foreseen.value !== undefined) {
    const granted = outcome?.ok === true ? outcome.value : undefined;
    const { rule, lease } = granted ?? {};
    expect({ rule, address: lease?.address }, "a prediction was wrong").toEqual(foreseen.value);
  }
}

function plainOf(outcome: Settled<Grant>): Outcome {
  return outcome.ok ? { value: outcome.value } : plainError(outcome.error);
}

/** Returns what `promise` comes to; only errors of ours count as an outcome. */
async function outcomeOf(promise: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await promise };
  } catch (error) {
    return plainError(error);
  }
}

function plainError(error: unknown): Outcome {
  if (!MacpoolError.is(error)) throw error;
  return { code: error.code, message: `${error.message} ${JSON.stringify(error.details)}` };
}
