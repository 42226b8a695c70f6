import { InvalidArgumentError } from "commander";

const SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Returns the seconds that `text` says: a whole number with a unit (`90s`, `15m`, `24h`, `7d`, `2w`), or without one in
 * seconds.
 *
 * @throws InvalidArgumentError for anything else, for commander to print with the option's name.
 */
export function parseDuration(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,12})([smhdw]?)$/.exec(text) ?? [];
  if (count === "") throw new InvalidArgumentError("Write a whole number of s, m, h, d or w, such as 24h or 7d.");
  return Number(count) * (SECONDS[unit] ?? 1);
}

/** Returns `seconds` in the largest unit that says them exactly, as {@link parseDuration} reads them. */
export function formatDuration(seconds: number): string {
  if (seconds === 0) return "0s";
  const units = Object.entries(SECONDS).filter(([unit, size]) => unit !== "" && seconds % size === 0);
  const [unit, size] = units.at(-1) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}
