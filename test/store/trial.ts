import { expect } from "vitest";
import type { BlockRequest } from "../../provider/lease/block";
import type { Entitlement } from "../../provider/lease/held";
import type { AcquireRequest, Lease } from "../../provider/lease/lease";
import type { Grant, LeaseRef } from "../../provider/lease/transact";
import type { Mac } from "../../provider/mac/mac";
import type { Settled } from "../../provider/store/store";
import { define } from "./definition-trial";
import type { Operation } from "./operations";
import { type Outcome, outcomeOf, plainOf } from "./outcome";
import { restate } from "./recover-trial";
import type { Register } from "./support";

/** A block that was acknowledged, and what it got, by index. */
export interface GrantedBlock {
  readonly request: BlockRequest;
  readonly refs: readonly LeaseRef[];
}

/** Those under which somebody asks for a lease that is to be renamed. */
export function formerNamesOf(operation: Operation): readonly string[] {
  if (operation.do !== "acquire") return [];
  return operation.requests.flatMap(({ heldAs }) => (heldAs === undefined ? [] : [heldAs.owner]));
}

/** Returns what is asked for; a block that exists keeps its pool and keepers, as with a program that changes it in place. */
export function blockRequestOf(
  { request, from }: Extract<Operation, { do: "block" }>,
  blocks: readonly GrantedBlock[],
): BlockRequest {
  const before = from === undefined ? undefined : blocks.at(from % (blocks.length || 1));
  if (before === undefined) return request;
  const { owner, installation, pool, rotation } = before.request;
  const isRun = before.refs.every(({ address }, index) => address === (before.refs[0]?.address ?? 0) + index);
  const held = { refs: before.refs, owner, installation };
  return { ...request, pool, rotation, contiguous: request.contiguous && isRun, held };
}

/**
 * A run of random operations on one register. It remembers what was acknowledged, and checks every answer against that;
 * it has no idea of which address should be granted. The numbers are those of TESTING.md.
 */
export class Trial {
  readonly register: Register;
  /** Every grant that was acknowledged, oldest first. */
  readonly #grants: Lease[] = [];
  readonly #live = new Map<Mac, Lease>();
  /** Oldest first. */
  readonly #blocks: GrantedBlock[] = [];

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
    const { clock } = this.register;
    this.formerNames = [];
    switch (operation.do) {
      case "acquire":
        return { value: await this.#acquire(operation.requests) };
      case "block":
        return this.#block(blockRequestOf(operation, this.#blocks));
      case "release":
        return { value: await this.#release(operation.grants) };
      case "update":
        return { value: await this.#update(operation) };
      case "takeOver":
        return { value: await this.#takeOver(operation) };
      case "recover":
        return this.#recover(operation);
      case "wait":
        clock.advance(operation.milliseconds);
        return { value: undefined };
      default:
        return define(this.register, this.live, operation);
    }
  }

  async #acquire(requests: readonly AcquireRequest[]): Promise<readonly Outcome[]> {
    const [first, ...others] = requests;
    this.formerNames = formerNamesOf({ do: "acquire", requests });
    const foreseen = first !== undefined && others.length === 0 ? await this.#foresee(first) : undefined;
    const outcomes = await this.register.store.acquire(requests);
    expect(outcomes).toHaveLength(requests.length);
    for (const outcome of outcomes) if (outcome.ok) this.#remember(outcome.value);
    const plain = outcomes.map(plainOf);
    if (foreseen !== undefined) expectForeseen(foreseen, outcomes[0], plain[0]);
    await this.#expectExhausted(requests, plain);
    return plain;
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

  /** Nothing becomes free by a grant, so what was used up for one request of several is so in the end. */
  async #expectExhausted(requests: readonly AcquireRequest[], outcomes: readonly Outcome[]): Promise<void> {
    for (const [index, outcome] of outcomes.entries()) {
      if (!("code" in outcome) || outcome.code !== "POOL_EXHAUSTED") continue;
      const usage = await this.register.store.stats(requests[index]?.pool ?? "");
      expect(usage, "I12: a pool that is used up has nothing left").toMatchObject({ neverIssued: 0, reusable: 0 });
    }
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

  async #takeOver({ grant, owner, installation }: Extract<Operation, { do: "takeOver" }>): Promise<Grant | undefined> {
    const ref = this.#grants.at(grant % (this.#grants.length || 1));
    if (ref === undefined) return undefined;
    const { address, token, description, tags } = ref;
    const current = this.#current(ref);
    const taken = await this.register.store.takeOver({ address, token, description, tags, owner, installation });
    expect(taken !== undefined, "I6: taken over by the current token and by no other").toBe(current !== undefined);
    if (taken === undefined) return undefined;
    expect(taken).toMatchObject({ rule: "adopt", lease: { address, owner, installation } });
    expect(taken.lease.token, "a token came twice").not.toBe(token);
    this.#live.set(address, taken.lease);
    this.#grants.push(taken.lease);
    return taken;
  }

  async #recover(operation: Extract<Operation, { do: "recover" }>): Promise<Outcome> {
    const { outcome, put } = await restate(this.register, this.live, this.#grants, operation);
    for (const lease of put) {
      this.#live.set(lease.address, lease);
      this.#grants.push(lease);
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
