import type { Mac } from "../mac/mac";

/** Free text that goes with a lease and is kept in its own words. */
export interface Labels {
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** One address and who has it, or had it last. The register has at most one lease an address. */
export interface Lease extends Labels {
  readonly address: Mac;
  readonly pool: string;
  readonly owner: string;
  readonly installation: string;
  /** Digest of the keepers the address was asked for with; "" when there were none. */
  readonly rotation: string;
  /**
   * 0 for the first live lease of (owner, pool, installation, rotation); the address itself for a further one while a
   * replacement or a rename is under way. Part of the unique key, so that no two leases can be "the" one.
   */
  readonly slot: Mac;
  /** Random per grant. Whoever shows it may change or release the lease; an older token may not. */
  readonly token: string;
  /** The register's change counter when this lease last changed. */
  readonly seq: number;
  /** When this owner got the address, in milliseconds since 1970. */
  readonly acquiredAt: number;
  /** When the address was released, in milliseconds since 1970; undefined while it is live. */
  readonly releasedAt: number | undefined;
}

/** What a lease goes by. */
export type Name = Pick<Lease, "owner" | "installation">;

/**
 * Returns the name under which a lost address can be had again: the one it was lost with, or the one that it was to get,
 * where its lease has that by now because the answer to a rename was lost. `lease` is what the register has of it.
 */
export function nameOfLost(lease: Lease | undefined, lostWith: Name, toGet: Name): Name {
  const isRenamed = lease !== undefined && isNamed(lease, toGet);
  const { owner, installation } = isRenamed ? toGet : lostWith;
  return { owner, installation };
}

/** Returns whether two have one name. */
export function isNamed(one: Name, other: Name): boolean {
  return one.owner === other.owner && one.installation === other.installation;
}

/** Who asks, for what. */
export interface AcquireRequest extends Labels {
  readonly owner: string;
  readonly installation: string;
  readonly pool: string;
  readonly rotation: string;
  /** The one address that will do. */
  readonly requestedAddress?: Mac | undefined;
  /** The name that has or had it, where that is another one: its lease is renamed in the same step. */
  readonly heldAs?: Name | undefined;
  /**
   * Whether a lease of the same owner under another installation may be taken over; with `requestedAddress`, also one of
   * any owner that was made by hand (`BY_HAND`).
   */
  readonly adopt?: boolean | undefined;
  /** What a preview showed; taken if the owner holds it, or if it is one of its derived candidates and still free. */
  readonly preferred?: Mac | undefined;
  /** Labels that a lease which the owner has already keeps; those of the request are for a new one. */
  readonly keepsLabels?: readonly (keyof Labels)[] | undefined;
  /** Whether to take the next address of the sequence whatever the pool's strategy. */
  readonly sequential?: boolean | undefined;
}

/** How an address was found, in the order in which the rules are tried. */
export type Rule = "keep" | "claim" | "adopt" | "reclaim" | "derive" | "sequence" | "reuse";

/** What is done to pools and reservations. */
type AdministrativeKind = "create-pool" | "update-pool" | "delete-pool" | "reserve" | "unreserve";

/** What the register did before, to which address, for whom, and who asked for it. */
export interface RegisterEvent {
  /** 1, 2, 3, ... without gaps but where the register was made anew, and on a server; the register's change counter. */
  readonly seq: number;
  /** Milliseconds since 1970, never going back. */
  readonly at: number;
  readonly kind: Rule | "update" | "release" | "init" | "recover" | AdministrativeKind;
  readonly address: Mac | undefined;
  readonly pool: string;
  readonly owner: string;
  readonly installation: string;
  /** `user@host`, or the CI job. */
  readonly actor: string;
}

/** Returns whether the event is part of its address's own history; reserving a range that begins there is not. */
export function isAboutLease({ address, kind }: Pick<RegisterEvent, "address" | "kind">): boolean {
  return address !== undefined && kind !== "reserve" && kind !== "unreserve";
}

/** Returns whether the event is part of the history of this very address. */
export function isOfAddress(event: RegisterEvent | undefined, address: Mac): boolean {
  return event !== undefined && event.address === address && isAboutLease(event);
}

/** Returns whether the event is the change of `address` that `who` made or that was made for it. */
export function isChangeOf(
  event: RegisterEvent | undefined,
  address: Mac,
  who: Partial<Pick<RegisterEvent, "owner" | "installation">>,
): boolean {
  if (event === undefined || !isOfAddress(event, address)) return false;
  const { owner = event.owner, installation = event.installation } = who;
  return event.owner === owner && event.installation === installation;
}

/** How full a pool is. The five counts are disjoint and add up to `size` with the addresses never issued. */
export interface PoolUsage {
  readonly size: number;
  readonly live: number;
  readonly quarantined: number;
  /** Released, and past quarantine. */
  readonly reusable: number;
  /** Reserved and not live, whoever had it before. */
  readonly reserved: number;
  readonly neverIssued: number;
  /** When the next of those in quarantine becomes reusable, in milliseconds since 1970. */
  readonly nextFreeAt: number | undefined;
}
