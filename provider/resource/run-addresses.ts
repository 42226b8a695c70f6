import { setTimeout as pause } from "node:timers/promises";
import { MacpoolError } from "../error";
import type { Entitlement } from "../lease/held";
import type { AcquireRequest, Rule } from "../lease/lease";
import type { Grant, LeaseRef } from "../lease/transact";
import { formatMac, type Mac } from "../mac/mac";

/**
 * Milliseconds for which something new waits for a word to the contrary: Pulumi creates what is new while it still compares
 * what there is.
 */
export const QUIET_MILLISECONDS = 1_000;

/** Returns who asks for an address: in another pool an owner has another one. */
export function askerOf({ pool, owner }: Pick<AcquireRequest, "pool" | "owner">): string {
  return `${pool}\n${owner}`;
}

interface Shown {
  readonly asker: string;
  readonly rule: Rule;
  /** Milliseconds on this process's own clock. */
  readonly at: number;
}

/**
 * Which resource of one run has which address. The register tells declarations apart by owner; so where an owner goes from
 * one resource to another in one update, it would give both the same address.
 */
export class RunAddresses {
  readonly #shown = new Map<Mac, Shown>();
  readonly #contested = new Set<Mac>();
  /** Tokens of what was created with an address that its owner had. */
  readonly #handedOut = new Map<Mac, string>();

  /** Remembers that a preview shows an address to `asker`, and by which rule, so that it is shown to nobody else. */
  show({ address, rule }: Entitlement, asker: string): void {
    this.#shown.set(address, { asker, rule, at: performance.now() });
  }

  /** Returns whether `address` was shown to somebody other than `asker`. */
  isShownToAnother(address: Mac, asker: string): boolean {
    const shown = this.#shown.get(address);
    return shown !== undefined && shown.asker !== asker;
  }

  /**
   * Remembers that a resource keeps its address.
   *
   * @throws MacpoolError INVALID_OWNER when another one was shown it: that one has the owner which this one has given up.
   */
  keep(address: Mac, asker: string): void {
    const shown = this.#shown.get(address);
    if (shown !== undefined && shown.asker !== asker && isOfOwner(shown.rule)) throw this.contested(address);
    this.show({ address, rule: "keep" }, asker);
  }

  /** Remembers that two resources would have the address, and returns the refusal. */
  contested(address: Mac): MacpoolError {
    this.#contested.add(address);
    return handedOn(address);
  }

  /**
   * Checks that no other resource keeps one of the addresses that were shown to one which is to be created. Where the
   * register has one live under that owner, it waits: Pulumi creates what is new while it still looks at what there is.
   *
   * @throws MacpoolError INVALID_OWNER.
   */
  async assertUncontested(addresses: readonly Mac[]): Promise<void> {
    const kept = addresses.map((address) => this.#shown.get(address)).filter((shown) => shown?.rule === "keep");
    const latest = Math.max(...kept.map((shown) => shown?.at ?? 0));
    if (kept.length > 0) await pause(Math.max(0, latest + QUIET_MILLISECONDS - performance.now()));
    const contested = addresses.find((address) => this.#contested.has(address));
    if (contested !== undefined) throw handedOn(contested);
  }

  /** Remembers what a resource was created with, if that was no new address but one that its owner had. */
  noteGranted(grants: readonly Pick<Grant, "lease" | "rule">[]): void {
    for (const { lease, rule } of grants) if (isOfOwner(rule)) this.#handedOut.set(lease.address, lease.token);
  }

  /**
   * Checks that nothing was created in this run with these addresses under other tokens, because it has their owner now.
   *
   * @throws MacpoolError INVALID_OWNER.
   */
  assertNotHandedOn(refs: readonly LeaseRef[]): void {
    const taken = refs.find(({ address, token }) => (this.#handedOut.get(address) ?? token) !== token);
    if (taken !== undefined) throw handedOn(taken.address);
  }
}

/** Whether an address comes to who had it, as opposed to a new one. */
function isOfOwner(rule: Rule): boolean {
  return rule === "keep" || rule === "adopt" || rule === "reclaim";
}

function handedOn(address: Mac): MacpoolError {
  const text = formatMac(address);
  return new MacpoolError(
    "INVALID_OWNER",
    `Two resources would have ${text}, because its owner goes from one to another in the same update. Change the owners in one update, and add the resource that takes over the old one in a second.`,
    { details: { address: text } },
  );
}
