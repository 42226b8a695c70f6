import type { PoolSpec } from "../../../provider/lease/pool";
import type { LeaseRef } from "../../../provider/lease/transact";
import { parseMac } from "../../../provider/mac/mac";
import { parsePrefix } from "../../../provider/mac/range";
import type { LeaseStore } from "../../../provider/store/store";
import { randomFrom } from "../disk/random";
import { entriesOf } from "./entries";
import { type Operation, Recorder, readHistory } from "./history";
import { record } from "./record";

/** So few addresses that they run out and come again, and so short a quarantine that they come often. */
const SMALL: PoolSpec = {
  name: "small",
  ranges: [{ start: parseMac("42:30:00:00:00:00"), end: parseMac("42:30:00:00:00:1f") }],
  strategy: "sequential",
  quarantineSeconds: 2,
};

const LARGE: PoolSpec = { name: "large", ranges: [parsePrefix("42:20")], quarantineSeconds: 3600 };

/** The pools that a {@link Workload} needs. */
export const POOLS: readonly PoolSpec[] = [SMALL, LARGE];

/** Owners in pool `small` of one workload: of four together they want more than it has. */
const SMALL_OWNERS = 12;

/** A few owners that every workload asks for: the token of one ends that of another. */
const SHARED_OWNERS = 3;

/**
 * Asks a register for one thing after the other, at random: new leases, the same again, another under changed keepers,
 * releases with current and with old tokens, updates. The log is its memory: started again on the log of one that was killed, it
 * first repeats what that one never learnt the outcome of.
 */
export class Workload {
  readonly #name: string;
  readonly #random: () => number;
  readonly #recorder: Recorder;
  /** By owner: what it was granted and has not given back, newest last. */
  readonly #refs = new Map<string, LeaseRef[]>();
  readonly #rotations = new Map<string, string>();
  #toDo: Operation[] = [];
  #newOwners = 0;

  /** `name` must stay when it is started again, `seed` must change. */
  constructor(name: string, seed: number, log: string) {
    this.#name = name;
    this.#random = randomFrom(seed);
    this.#recorder = new Recorder(log, `${name}.${seed}`);
    for (const { operation, outcome, written } of entriesOf(readHistory([log]))) {
      this.#remember(operation, outcome === "ok" ? written : null);
      const isDone = JSON.stringify(this.#toDo[0]) === JSON.stringify(operation);
      this.#toDo = outcome === "unknown" ? [operation] : isDone ? [] : this.#toDo;
    }
  }

  /** Does one thing; `beforeTold` is as in {@link record}. */
  async step(store: LeaseStore, beforeTold?: Parameters<typeof record>[3]): Promise<void> {
    if (this.#toDo.length === 0) this.#toDo = [...this.#next()];
    const operation = this.#toDo.shift();
    if (operation === undefined) return;
    const answer = await record(this.#recorder, store, operation, beforeTold);
    if ("written" in answer) this.#remember(operation, answer.written);
    else if (answer.isUnknown) this.#toDo.unshift(operation);
  }

  /** Whether something is left to do that was begun: to be repeated, or to follow. */
  get isMidway(): boolean {
    return this.#toDo.length > 0;
  }

  close(): void {
    this.#recorder.close();
  }

  #remember(operation: Operation, written: LeaseRef | null): void {
    if (operation.do === "acquire") {
      this.#rotations.set(operation.owner, operation.rotation);
      if (operation.owner.includes("-new-")) this.#newOwners += 1;
      const refs = this.#refs.get(operation.owner) ?? [];
      if (written !== null) this.#refs.set(operation.owner, [...refs, written].slice(-6));
    } else if (operation.do === "release") {
      const isOther = ({ token }: LeaseRef) => token !== operation.token;
      for (const [owner, refs] of this.#refs) this.#refs.set(owner, refs.filter(isOther));
    }
  }

  #next(): readonly Operation[] {
    const owner = this.#owner();
    const refs = this.#refs.get(owner) ?? [];
    const [oldest, newest] = [refs[0], refs.at(-1)];
    const what = this.#random();
    if (oldest === undefined || newest === undefined || what < 0.25) return [this.#acquire(owner)];
    if (what < 0.4 && !owner.startsWith("shared")) {
      const another = `k${Math.floor(this.#random() * 4)}`;
      return [{ ...this.#acquire(owner), rotation: another }, release(newest)];
    }
    if (what < 0.65) return [release(newest)];
    if (what < 0.85) return [release(oldest)];
    return [{ do: "update", address: newest.address, token: newest.token, owner, installation: "one" }];
  }

  #owner(): string {
    const which = this.#random();
    if (which < 0.1) return `shared-${this.#upTo(SHARED_OWNERS)}`;
    if (which < 0.7) return `${this.#name}-small-${this.#upTo(SMALL_OWNERS)}`;
    return which < 0.85
      ? `${this.#name}-new-${this.#newOwners}`
      : `${this.#name}-new-${this.#upTo(this.#newOwners + 1)}`;
  }

  #acquire(owner: string): Extract<Operation, { do: "acquire" }> {
    const pool = owner.includes("-small-") ? SMALL.name : LARGE.name;
    return { do: "acquire", owner, installation: "one", pool, rotation: this.#rotations.get(owner) ?? "" };
  }

  #upTo(count: number): number {
    return Math.floor(this.#random() * count);
  }
}

function release({ address, token }: LeaseRef): Operation {
  return { do: "release", address, token };
}
