import { readFileSync } from "node:fs";
import type { Lease } from "../../../provider/lease/lease";
import { formatMac } from "../../../provider/mac/mac";
import type { Said } from "./stream";

/** What is wrong with a register after a fault, and with which of its owners. */
export interface Violation {
  readonly kind: "lost" | "moved" | "resurrected" | "duplicated" | "behind" | "unsound";
  readonly words: string;
}

/** The address and token that an owner was last given; undefined after a release, or when it was never given any. */
type Held = { readonly address: number; readonly token: string } | undefined;

interface Standing {
  readonly held: Held;
  /** What was asked and not answered: it may have happened, or not. */
  readonly open: "acquire" | "release" | undefined;
}

/** All that a register has acknowledged, to be compared with what it holds after a fault. */
export class Acknowledged {
  readonly #standings = new Map<string, Standing>();
  #seq = 0;
  #count = 0;

  /** How many answers there were. */
  get count(): number {
    return this.#count;
  }

  /** Takes in the log of one process, whose last line may have been cut off. */
  read(log: string): void {
    for (const line of readFileSync(log, "utf8").split("\n").slice(0, -1)) this.take(JSON.parse(line));
  }

  /** Takes in one line of a log. */
  take(line: Said): void {
    const { owner } = line;
    if (line.said === "ask") {
      this.#standings.set(owner, { held: this.#standings.get(owner)?.held, open: line.verb });
      return;
    }
    this.#standings.set(owner, { held: line.said === "granted" ? line : undefined, open: undefined });
    this.#seq = Math.max(this.#seq, line.seq);
    this.#count += 1;
  }

  /** Returns where a register with the change counter `seq` and the `live` leases contradicts what was acknowledged. */
  violations(live: readonly Lease[], seq: number): readonly Violation[] {
    const found = new Map(live.map((lease) => [lease.owner, lease]));
    const wrong: Violation[] = [];
    for (const [owner, standing] of this.#standings) {
      const kind = contradiction(standing, found.get(owner));
      if (kind !== undefined)
        wrong.push({ kind, words: `${owner}: ${textOf(standing.held)}, ${textOf(found.get(owner))}` });
    }
    if (new Set(live.map(({ address }) => address)).size < live.length) {
      wrong.push({ kind: "duplicated", words: "an address is live twice" });
    }
    if (seq < this.#seq)
      wrong.push({ kind: "behind", words: `the register is at change ${seq}, acknowledged was ${this.#seq}` });
    return wrong;
  }

  /** Goes on from what the register turned out to hold. */
  settle(live: readonly Lease[]): void {
    const found = new Map(live.map((lease) => [lease.owner, lease]));
    for (const owner of this.#standings.keys()) this.#standings.set(owner, { held: found.get(owner), open: undefined });
  }
}

function contradiction({ held, open }: Standing, lease: Lease | undefined): Violation["kind"] | undefined {
  if (held === undefined) return lease !== undefined && open !== "acquire" ? "resurrected" : undefined;
  if (lease === undefined) return open === "release" ? undefined : "lost";
  const isSame = lease.address === held.address && (lease.token === held.token || open === "acquire");
  return isSame ? undefined : "moved";
}

function textOf(held: Held): string {
  return held === undefined ? "nothing" : `${formatMac(held.address)} under ${held.token}`;
}
