import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { Lease } from "../../provider/lease/lease";
import type { LeaseRef } from "../../provider/lease/transact";
import type { InitialContent } from "../../provider/store/store";
import { checkStep, look, type Snapshot } from "../store/invariants";
import { Register } from "../store/support";
import type { Machine } from "./machine";
import { type Belief, type Holding, Model } from "./model";

/** A backup, and what the register held by then. */
interface Backup {
  readonly model: Model;
  readonly restore: () => Promise<void>;
}

/**
 * What a model run knows: what the register must hold, what the states of stacks remember, and every grant there ever
 * was. The numbers in its messages are those of TESTING.md.
 */
export class World {
  model = new Model();
  /** One for each address that a stack thinks it has. */
  beliefs: readonly Belief[] = [];
  /** Every grant, also those that were superseded, released or lost with an old copy. */
  readonly grants: LeaseRef[] = [];
  readonly backups: Backup[] = [];
  /** What the register showed after the last step; undefined where the history took another turn. */
  #before: Snapshot | undefined;

  readonly #checksInvariants: boolean;

  /** @param checksInvariants Whether the model's own word is doubted too, at every step. That takes most of the time. */
  constructor(content: InitialContent, clock: number, checksInvariants: boolean) {
    this.#checksInvariants = checksInvariants;
    const nobody = { owner: "", installation: "", pool: "", rotation: "" };
    this.model.change("init", nobody, undefined, clock);
    for (const { name, ranges, strategy, quarantineSeconds = 0 } of content.pools) {
      const { start, end } = ranges[0] ?? { start: 0, end: 0 };
      const size = end - start + 1;
      this.model.pools.set(name, {
        first: start,
        size,
        isDerived: strategy === "derived",
        quarantine: quarantineSeconds * 1000,
      });
      this.model.change("create-pool", { ...nobody, pool: name }, undefined, clock);
    }
  }

  /** Takes note of a grant that somebody heard of: their state names it from now on. */
  acknowledge(holding: Holding): void {
    const { owner, installation, pool, rotation, address, token, seq } = holding;
    const isSuperseded = (one: Belief) =>
      one.address === address && one.owner === owner && one.installation === installation;
    this.beliefs = [
      ...this.beliefs.filter((one) => !isSuperseded(one)),
      { owner, installation, pool, rotation, address, token, seq },
    ];
  }

  /** Takes note of a token that exists, whether or not anybody heard of it. */
  remember({ address, token }: LeaseRef): void {
    expect(
      this.grants.some((one) => one.token === token),
      "I3: a token came twice",
    ).toBe(false);
    this.grants.push({ address, token });
  }

  /** Takes note of a state that names an address no more. */
  forget(token: string): void {
    this.beliefs = this.beliefs.filter((one) => one.token !== token);
  }

  /** The history is no continuation of what was seen before. */
  turn(): void {
    this.#before = undefined;
  }

  /** Compares all that the register shows with the model, and checks every invariant on the step that led here. */
  async check({ store, clock }: Machine): Promise<void> {
    const { model } = this;
    const register = new Register(store, clock);
    const now = await look(register);
    same(now.seq, model.seq, "I9: the change counter");
    same(now.leases.map(plain), [...model.live, ...model.released].map(plainOf).sort(byAddress), "I1, I3: the leases");
    same(
      now.events.map(({ actor: _, ...event }) => event),
      this.#events(),
      "I9: the history",
    );
    for (const [index, { name }] of now.pools.entries()) {
      const { nextFreeAt: _, ...usage } = now.usage[index] ?? {};
      same(usage, model.usage(name, clock.now), `I5: the counts of pool ${name}`);
    }
    same(now.reserved.filter(isOwn).map(endsOf), [...model.reserved].map(endsOf).sort(byStart), "the reservations");
    this.#checkInvariants(register, now);
  }

  #checkInvariants(register: Register, now: Snapshot): void {
    const before = this.#before;
    this.#before = now;
    const hasHoles = this.model.history.size < this.model.seq;
    if (!this.#checksInvariants || before === undefined || hasHoles) return;
    const live = now.leases.filter(({ releasedAt }) => releasedAt === undefined);
    checkStep({ register, live, formerNames: [] }, before, now);
  }

  #events(): readonly unknown[] {
    return [...this.model.history].map(([seq, { kind, address, pool, owner, installation, at }]) => {
      return { seq, at, kind, address, pool, owner, installation };
    });
  }
}

/** As `expect(one).toEqual(other)`, which takes ten times as long where they are equal. */
function same(one: unknown, other: unknown, what: string): void {
  if (!isDeepStrictEqual(one, other)) expect(one, what).toEqual(other);
}

function plain(lease: Lease) {
  const { address, pool, owner, installation, rotation, slot, token, seq, acquiredAt, releasedAt } = lease;
  return { address, pool, owner, installation, rotation, slot, token, seq, acquiredAt, releasedAt };
}

function plainOf(holding: Holding) {
  const { address, pool, owner, installation, rotation, token, seq, acquiredAt, releasedAt, isFirst } = holding;
  const slot = isFirst || releasedAt !== undefined ? 0 : address;
  return { address, pool, owner, installation, rotation, slot, token, seq, acquiredAt, releasedAt };
}

interface Ends {
  readonly start: number;
  readonly end: number;
}

/** Every register has some reservations that nobody made. */
function isOwn({ reason }: { readonly reason: string }): boolean {
  return reason === "kept";
}

function endsOf({ start, end }: Ends): Ends {
  return { start, end };
}

function byStart(one: Ends, other: Ends): number {
  return one.start - other.start || one.end - other.end;
}

function byAddress(one: { readonly address: number }, other: { readonly address: number }): number {
  return one.address - other.address;
}
