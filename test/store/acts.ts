import { MacpoolError } from "../../provider/error";
import type { Lease } from "../../provider/lease/lease";
import type { Pool } from "../../provider/lease/pool";
import type { LeaseStore } from "../../provider/store/store";
import { type DefiningOperation, moveOf } from "./definition-trial";
import type { Operation } from "./operations";
import { outcomeOf, plainOf } from "./outcome";
import { statedBy } from "./recover-trial";
import { blockRequestOf, type GrantedBlock } from "./trial";

/** What a verb came to. */
export interface Done {
  readonly value: unknown;
  /** What was granted by it. */
  readonly granted: readonly Lease[];
  readonly block?: GrantedBlock;
  /** The pools that had no address for a request. */
  readonly exhausted?: readonly string[];
}

/** One verb with its arguments: what happens at once, or not at all. */
export type Act = (store: LeaseStore) => Promise<Done>;

/** What was acknowledged before; the numbers of operations stand for these. */
export class Past {
  readonly #grants: Lease[] = [];
  readonly #blocks: GrantedBlock[] = [];
  readonly #pools: readonly Pool[];

  /** `pools` are those that there are. */
  constructor(pools: readonly Pool[], before?: Past) {
    this.#pools = pools;
    if (before === undefined) return;
    this.#grants.push(...before.#grants);
    this.#blocks.push(...before.#blocks);
  }

  /** Takes note of what was done. */
  note(all: readonly Done[]): void {
    for (const { granted, block } of all) {
      this.#grants.push(...granted);
      if (block !== undefined) this.#blocks.push(block);
    }
  }

  /** Returns what `operation` is about, one verb or several. */
  acts(operation: Operation): readonly Act[] {
    switch (operation.do) {
      case "acquire":
        return [acquires(operation)];
      case "block":
        return [blocks(operation, this.#blocks)];
      case "release": {
        const refs = operation.grants.flatMap((number) => this.#grant(number) ?? []);
        return [simple((store) => store.release(refs))];
      }
      case "update":
      case "takeOver": {
        const lease = this.#grant(operation.grant);
        return lease === undefined ? [] : [renames(operation, lease)];
      }
      case "recover": {
        const stated = statedBy(operation.states, this.#grants);
        return [simple((store) => store.recover(stated, true))];
      }
      case "wait":
        return [];
      default:
        return defines(operation, this.#pools);
    }
  }

  #grant(number: number): Lease | undefined {
    return this.#grants.at(number % (this.#grants.length || 1));
  }
}

function simple(verb: (store: LeaseStore) => Promise<unknown>): Act {
  return async (store) => ({ value: await outcomeOf(verb(store)), granted: [] });
}

function acquires({ requests }: Extract<Operation, { do: "acquire" }>): Act {
  return async (store) => {
    const outcomes = await store.acquire(requests);
    const granted = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value.lease] : []));
    const exhausted = outcomes.flatMap((outcome, index) =>
      !outcome.ok && MacpoolError.is(outcome.error) && outcome.error.code === "POOL_EXHAUSTED"
        ? [requests[index]?.pool ?? ""]
        : [],
    );
    return { value: outcomes.map(plainOf), granted, exhausted };
  };
}

function blocks(operation: Extract<Operation, { do: "block" }>, before: readonly GrantedBlock[]): Act {
  const request = blockRequestOf(operation, before);
  return async (store) => {
    let refs: readonly Lease[] = [];
    const grants = store.acquireBlock(request).then((all) => {
      refs = all.map(({ lease }) => lease);
      return all;
    });
    const value = await outcomeOf(grants);
    return { value, granted: refs, ...(refs.length === 0 ? {} : { block: { request, refs } }) };
  };
}

function renames(operation: Extract<Operation, { do: "update" | "takeOver" }>, lease: Lease): Act {
  const { address, token, description, tags } = lease;
  const { owner, installation } = operation;
  const change = { address, token, description, tags, owner, installation };
  if (operation.do === "update") return simple((store) => store.update(change));
  return async (store) => {
    const grant = await store.takeOver(change);
    return { value: grant, granted: grant === undefined ? [] : [grant.lease] };
  };
}

function defines(operation: DefiningOperation, pools: readonly Pool[]): readonly Act[] {
  const { by, adopt } = operation;
  switch (operation.do) {
    case "reserve":
      return [simple((store) => store.reserve({ ...operation.range, reason: operation.reason }, by, adopt))];
    case "unreserve":
      return [simple((store) => store.unreserve(operation.range, by))];
    case "updatePool":
      return [simple((store) => store.updatePool(operation.name, operation.change, by))];
    case "createPool":
      return [simple((store) => store.createPool(operation.spec, by, adopt))];
    case "deletePool":
      return [simple((store) => store.deletePool(operation.name, by))];
    case "move": {
      const move = moveOf(operation, pools);
      if (move === undefined) return [];
      const { moved, ranges } = move;
      return [
        simple((store) => store.updatePool(operation.from, { ranges }, by)),
        simple((store) => store.updatePool(operation.to, { addRanges: [moved] }, by)),
      ];
    }
  }
}
