/** One figure against its target. */
export interface Figure {
  /** What is compared with what. */
  readonly name: string;
  readonly value: number;
  readonly target: number;
  /** Whether the value must not be below or not above the target. */
  readonly bound: "at least" | "at most";
  /** How the value came about: medians, units, rounds. */
  readonly detail: string;
}

/** Returns whether the figure meets its target. */
function isMet(figure: Figure): boolean {
  return figure.bound === "at least" ? figure.value >= figure.target : figure.value <= figure.target;
}

/** Prints each figure as a JSON line, then all of them as a table. */
export function printFigures(figures: readonly Figure[]): void {
  for (const figure of figures) {
    console.log(JSON.stringify({ ...figure, value: Number(figure.value.toFixed(4)), met: isMet(figure) }));
  }
  const width = Math.max(...figures.map((figure) => figure.name.length));
  for (const figure of figures) {
    const { name, value, bound, target, detail } = figure;
    console.log(
      `${isMet(figure) ? "met   " : "MISSED"} ${name.padEnd(width)} ${value.toFixed(2).padStart(8)}  (${bound} ${target})  ${detail}`,
    );
  }
}

/** Returns the median of `values`. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Returns the milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * Runs the contestants in turn, `rounds` times after one that does not count, and returns the milliseconds of each round
 * by contestant: whatever slows the machine slows them alike.
 */
export async function interleaved<Name extends string>(
  rounds: number,
  contestants: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const names = Object.keys(contestants) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -1; round < rounds; round += 1) {
    for (const name of names) {
      const took = await contestants[name]();
      if (round >= 0) times[name].push(took);
    }
  }
  return times;
}

/** Returns the median over the rounds of `one` divided by `other`, round by round. */
export function medianRatio(one: readonly number[], other: readonly number[]): number {
  return median(one.map((value, round) => value / (other[round] ?? Number.NaN)));
}
