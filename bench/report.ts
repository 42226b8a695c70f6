/** What a figure is held to. */
export interface Aim {
  /** The figure's number in the table of targets, such as S1. */
  readonly id: string;
  /** What is compared with what. */
  readonly name: string;
  /** Whether the value must not be below or not above the target. */
  readonly bound: "at least" | "at most";
  /** Undefined where the figure is only told, and held to nothing. */
  readonly target?: number;
  /** What we would like. */
  readonly moonshot?: number;
}

/** One figure against its target. */
export interface Figure extends Aim {
  readonly value: number;
  /** Rounds that the value is the median of. */
  readonly rounds?: number;
  /** Distance between the first and the third quartile of the rounds. */
  readonly spread?: number;
  /** How the value came about: medians, units. */
  readonly detail: string;
}

/** Returns the figure that is the median of `values`, one a round. */
export function medianFigure(aim: Aim, values: readonly number[], detail: string): Figure {
  const spread = quantile(values, 0.75) - quantile(values, 0.25);
  return { ...aim, value: median(values), rounds: values.length, spread, detail };
}

/** Returns the figure of how many times as long the raw database took as ours, of milliseconds an address, round by round. */
export function ratioFigure(aim: Aim, raw: readonly number[], ours: readonly number[]): Figure {
  const micros = (times: readonly number[]) => (1000 * median(times)).toPrecision(3);
  return medianFigure(aim, ratios(raw, ours), `${micros(ours)} us an address against ${micros(raw)}`);
}

/** Returns whether the figure meets its target, if it has one. */
export function isMet({ bound, target, value }: Figure): boolean {
  return target === undefined || isWithin(value, target, bound);
}

function isWithin(value: number, limit: number, bound: Aim["bound"]): boolean {
  return bound === "at least" ? value >= limit : value <= limit;
}

/** Prints a figure as a JSON line. */
export function printFigure(figure: Figure): void {
  const { value, spread, moonshot, bound } = figure;
  const atMoonshot = moonshot === undefined ? undefined : isWithin(value, moonshot, bound);
  const rounded = { value: short(value), spread: spread === undefined ? undefined : short(spread) };
  console.log(JSON.stringify({ ...figure, ...rounded, met: isMet(figure), atMoonshot }));
}

function short(value: number): number {
  return Number(value.toPrecision(4));
}

/** Prints all figures as a table. */
export function printTable(figures: readonly Figure[]): void {
  const width = Math.max(...figures.map(({ name }) => name.length));
  for (const figure of figures) {
    const { id, name, value, spread, bound, target, moonshot, detail } = figure;
    const verdict = target === undefined ? "      " : isMet(figure) ? "met   " : "MISSED";
    const middle = `${short(value)}${spread === undefined ? "" : ` ±${short(spread / 2)}`}`;
    const aim = target === undefined ? "" : `${bound} ${target}${moonshot === undefined ? "" : `, hoped ${moonshot}`}`;
    console.log(`${verdict} ${id.padEnd(3)} ${name.padEnd(width)}  ${middle.padEnd(16)} ${aim.padEnd(26)} ${detail}`);
  }
}

/** Returns the median of `values`. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Returns the quantile `part` (0 to 1) of `values`, between the two nearest. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const place = part * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** Returns the milliseconds that `work` took. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * Runs the contestants in turn, `rounds` times after one that does not count, and returns the milliseconds of each round
 * by contestant: whatever slows the machine slows them alike. A round is `slices` turns of each, added up.
 */
export async function interleaved<Name extends string>(
  rounds: number,
  contestants: Readonly<Record<Name, () => Promise<number>>>,
  slices = 1,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const names = Object.keys(contestants) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -1; round < rounds; round += 1) {
    const sums = new Map<Name, number>();
    for (let slice = 0; slice < slices; slice += 1) {
      for (const name of names) sums.set(name, (sums.get(name) ?? 0) + (await contestants[name]()));
    }
    if (round >= 0) for (const name of names) times[name].push(sums.get(name) ?? Number.NaN);
  }
  return times;
}

/** Returns `one` divided by `other`, round by round. */
export function ratios(one: readonly number[], other: readonly number[]): readonly number[] {
  return one.map((value, round) => value / (other[round] ?? Number.NaN));
}
