import type { Pool } from "../../lease/pool";
import type { Mac } from "../../mac/mac";
import { macAtOffset, type Range } from "../../mac/range";

/** In how many parts a relaxed pool is issued at the same time. */
const PARTS = 64;

/** Where a part of a relaxed pool goes on. */
export interface PartCursor {
  readonly pool: string;
  readonly part: number;
  readonly to: Mac;
}

/** Returns the ranges of a part (0 to 63) of a pool; none when the pool has fewer addresses than parts. */
function partOf(pool: Pool, part: number): readonly Range[] {
  const first = Math.floor((part * pool.size) / PARTS);
  const last = Math.floor(((part + 1) * pool.size) / PARTS) - 1;
  if (last < first) return [];
  const [start, end] = [macAtOffset(pool.ranges, first), macAtOffset(pool.ranges, last)];
  return pool.ranges
    .filter((range) => range.end >= start && range.start <= end)
    .map((range) => ({ start: Math.max(range.start, start), end: Math.min(range.end, end) }));
}

/** Returns a part to begin with, by chance, so that those who begin at the same time seldom meet. */
export function anyPart(): number {
  return Math.floor(Math.random() * PARTS);
}

/** Where one transaction goes on in the parts of relaxed pools. That is no more than a note of where to look. */
export class Parts {
  readonly #first: number;
  readonly #known: (pool: string) => ReadonlyMap<number, Mac>;
  readonly #firstGap: (start: Mac, end: Mac) => Mac | undefined;
  readonly #moved = new Map<string, PartCursor>();
  readonly #issued = new Set<Mac>();

  /** `first` is the part to look at first; `firstGap` finds the lowest address between two that was never issued. */
  constructor(
    first: number,
    known: (pool: string) => ReadonlyMap<number, Mac>,
    firstGap: (start: Mac, end: Mac) => Mac | undefined,
  ) {
    this.#first = first;
    this.#known = known;
    this.#firstGap = firstGap;
  }

  /** Where parts go on after this transaction. */
  get moved(): readonly PartCursor[] {
    return [...this.#moved.values()];
  }

  /** Returns whether the address is one that {@link next} returned. */
  hasIssued(address: Mac): boolean {
    return this.#issued.has(address);
  }

  /** Returns the next address of a part of the pool, and goes on behind it; undefined when no part has one. */
  next(pool: Pool): Mac | undefined {
    const last = pool.ranges.at(-1)?.end ?? 0;
    for (let turn = 0; turn < PARTS; turn += 1) {
      const part = (this.#first + turn) % PARTS;
      const from = this.#cursor(pool.name, part);
      if (from > last) continue;
      const address = this.#gapIn(partOf(pool, part), from);
      this.#moved.set(`${pool.name}\n${part}`, { pool: pool.name, part, to: (address ?? last) + 1 });
      if (address === undefined) continue;
      this.#issued.add(address);
      return address;
    }
    return undefined;
  }

  #cursor(pool: string, part: number): Mac {
    return this.#moved.get(`${pool}\n${part}`)?.to ?? this.#known(pool).get(part) ?? 0;
  }

  #gapIn(ranges: readonly Range[], from: Mac): Mac | undefined {
    for (const { start, end } of ranges) {
      const address = end < from ? undefined : this.#firstGap(Math.max(from, start), end);
      if (address !== undefined) return address;
    }
    return undefined;
  }
}
