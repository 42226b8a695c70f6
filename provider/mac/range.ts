import { MacpoolError } from "../error";
import { formatMac, isMac, type Mac, readMac } from "./mac";
import { quote } from "./quote";

/** Addresses from `start` to `end`, both included. */
export interface Range {
  readonly start: Mac;
  readonly end: Mac;
}

const longestSpelling = "42-00-00-00-00-00 .. 42-ff-ff-ff-ff-ff".length;
const octets = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){0,3})?$/i;
const dotted = /^[0-9a-f]{4}(?:\.[0-9a-f]{4})?(?:\.[0-9a-f]{2})?$/i;
const bare = /^(?:[0-9a-f]{2}){1,5}$/i;
// A lone "-" separates two addresses only when neither is itself written with "-".
const between = /^([0-9a-f:.]{11,17})-([0-9a-f:.]{11,17})$/i;
const spacedBetween = /^([0-9a-f:.-]{11,17})(?: - | ?\.\. ?)([0-9a-f:.-]{11,17})$/i;
const withBits = /^([0-9a-f:.-]{11,17})\/(0|[1-9][0-9]?)$/i;

/**
 * Returns all addresses that begin with `text`: 1 to 5 octets of two digits, spelled as in an address (`42`,
 * `52:54:00`, `52-54-00`, `525400`, `5254.00`). `42:1` is refused: it could mean `42:01` or half an octet.
 *
 * @throws MacpoolError INVALID_RANGE.
 */
export function parsePrefix(text: string): Range {
  const range = readPrefix(text);
  if (range !== undefined) return range;
  throw invalid(
    `${quote(text)} is not a MAC prefix. Write 1 to 5 octets of two hexadecimal digits, such as 42, 52:54:00 or 525400.`,
  );
}

/**
 * Returns the addresses that `text` names, in one of four forms:
 * - first and last address, joined by `-`, ` - `, `..` or ` .. `; a `-` without spaces only between addresses that are
 *   not written with `-` themselves;
 * - an address and the number of fixed leading bits, 0 to 48: `42:00:00:00:00:00/8`, the other bits zero;
 * - a prefix, as {@link parsePrefix} reads it;
 * - one address: the range of that address alone.
 *
 * @throws MacpoolError INVALID_RANGE, also for a range that runs backwards.
 */
export function parseRange(text: string): Range {
  if (text.length > longestSpelling) throw notRange(text);
  const ends = spacedBetween.exec(text) ?? between.exec(text);
  if (ends !== null) return parseEnds(text, ends);
  const block = withBits.exec(text);
  if (block !== null) return parseBlock(text, block);
  const mac = readMac(text);
  const range = mac === undefined ? readPrefix(text) : { start: mac, end: mac };
  if (range === undefined) throw notRange(text);
  return range;
}

function readPrefix(text: string): Range | undefined {
  if (text.length > longestSpelling) return undefined;
  if (!octets.test(text) && !dotted.test(text) && !bare.test(text)) return undefined;
  const digits = text.replace(/[:.-]/g, "");
  return { start: Number.parseInt(digits.padEnd(12, "0"), 16), end: Number.parseInt(digits.padEnd(12, "f"), 16) };
}

function parseEnds(text: string, [, first = "", last = ""]: RegExpExecArray): Range {
  const start = readMac(first);
  const end = readMac(last);
  if (start === undefined || end === undefined) {
    const culprit = start === undefined ? first : last;
    throw invalid(`${quote(text)} is not a range: ${quote(culprit)} is not a MAC address.`);
  }
  const range = { start, end };
  assertRange(range);
  return range;
}

function parseBlock(text: string, [, address = "", bits = ""]: RegExpExecArray): Range {
  const mac = readMac(address);
  if (mac === undefined) throw invalid(`${quote(text)} is not a range: ${quote(address)} is not a MAC address.`);
  if (Number(bits) > 48) throw invalid(`${quote(text)} is not a range: an address has 48 bits, not ${bits}.`);
  const size = 2 ** (48 - Number(bits));
  const start = mac - (mac % size);
  if (start === mac) return { start, end: start + size - 1 };
  throw invalid(`${quote(text)} sets bits after bit ${bits}. Did you mean ${formatMac(start)}/${bits}?`);
}

/** Returns `first-last` in canonical spelling, or the address alone for a range of one; {@link parseRange} reads both. */
export function formatRange(range: Range): string {
  return range.start === range.end ? formatMac(range.start) : `${formatMac(range.start)}-${formatMac(range.end)}`;
}

/** Returns the number of addresses in `range`, at least 1. */
export function rangeSize(range: Range): number {
  return range.end - range.start + 1;
}

/** Returns the sum of the sizes of `ranges`; an address that lies in two of them counts twice. */
export function rangesSize(ranges: readonly Range[]): number {
  return ranges.reduce((size, range) => size + rangeSize(range), 0);
}

/** Returns whether `a` and `b` share an address. */
export function overlaps(a: Range, b: Range): boolean {
  return a.start <= b.end && b.start <= a.end;
}

/** Returns whether `mac` lies in one of `ranges`, which may stand in any order and overlap; time grows with their number. */
export function contains(ranges: readonly Range[], mac: Mac): boolean {
  return ranges.some((range) => holds(range, mac));
}

/**
 * Returns the range that holds `mac`, with whatever else the caller keeps on it, or undefined. `ranges` must be
 * ascending and disjoint, as from {@link normalizeRanges} or {@link unionRanges}; the search is binary.
 */
export function rangeAt<R extends Range>(ranges: readonly R[], mac: Mac): R | undefined {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const range = ranges[middle];
    if (range === undefined || holds(range, mac)) return range;
    if (range.start > mac) high = middle - 1;
    else low = middle + 1;
  }
  return undefined;
}

/**
 * Returns `ranges` in ascending order, adjacent ones merged: the form in which a pool keeps them. Merging moves no
 * offset, since offsets count through the concatenation of the ranges.
 *
 * @throws MacpoolError INVALID_RANGE for an empty list, a range that runs backwards or has a bound that is no 48-bit
 * address, and two ranges that overlap.
 */
export function normalizeRanges(ranges: readonly Range[]): readonly Range[] {
  if (ranges.length === 0) throw invalid("A pool needs at least one range of addresses.");
  for (const range of ranges) assertRange(range);
  let previous: Range | undefined;
  for (const range of ascending(ranges)) {
    if (previous !== undefined && overlaps(previous, range)) {
      throw invalid(`The ranges ${formatRange(previous)} and ${formatRange(range)} overlap.`);
    }
    previous = range;
  }
  return unionRanges(ranges);
}

/**
 * Returns the ascending, disjoint ranges that cover exactly the addresses of `ranges`, which may stand in any order and
 * overlap; adjacent ones are merged. An empty list stays empty.
 */
export function unionRanges(ranges: readonly Range[]): readonly Range[] {
  const union: Range[] = [];
  for (const { start, end } of ascending(ranges)) {
    const last = union.at(-1);
    if (last === undefined || start > last.end + 1) union.push({ start, end });
    else union[union.length - 1] = { start: last.start, end: Math.max(last.end, end) };
  }
  return union;
}

/**
 * Returns the address at `offset`, counted from 0 through the concatenation of `ranges`, which must be disjoint.
 *
 * @throws MacpoolError INTERNAL when `offset` is not an integer from 0 to the number of addresses less one.
 */
export function macAtOffset(ranges: readonly Range[], offset: number): Mac {
  let rest = offset;
  for (const range of ranges) {
    if (!Number.isInteger(rest) || rest < 0) break;
    if (rest < rangeSize(range)) return range.start + rest;
    rest -= rangeSize(range);
  }
  const size = rangesSize(ranges);
  throw new MacpoolError("INTERNAL", `There is no offset ${offset} in ${size} addresses. Please report this as a bug.`);
}

/** Returns the offset of `mac` as {@link macAtOffset} counts, or undefined when it lies in none of `ranges`. */
export function offsetOfMac(ranges: readonly Range[], mac: Mac): number | undefined {
  let before = 0;
  for (const range of ranges) {
    if (holds(range, mac)) return before + mac - range.start;
    before += rangeSize(range);
  }
  return undefined;
}

/** Returns how many addresses of `ranges` also lie in `others`, each counted once however many ranges hold it. */
export function intersectSize(ranges: readonly Range[], others: readonly Range[]): number {
  const size = (list: readonly Range[]) => rangesSize(unionRanges(list));
  return size(ranges) + size(others) - size([...ranges, ...others]);
}

/**
 * Checks that both bounds are 48-bit addresses and that `range` does not run backwards.
 *
 * @throws MacpoolError INVALID_RANGE.
 */
export function assertRange({ start, end }: Range): void {
  if (!isMac(start) || !isMac(end)) throw invalid(`The range from ${start} to ${end} is not one of 48-bit addresses.`);
  // Whole addresses are compared: octet by octet, kubemacpool's check let some inverted ranges pass.
  if (start > end) {
    throw invalid(`The range runs backwards: ${formatMac(start)} comes after ${formatMac(end)}. Swap its ends.`);
  }
}

function holds(range: Range, mac: Mac): boolean {
  return range.start <= mac && mac <= range.end;
}

function ascending(ranges: readonly Range[]): readonly Range[] {
  return ranges.toSorted((a, b) => a.start - b.start);
}

function notRange(text: string): MacpoolError {
  return invalid(
    `${quote(text)} is not a range of MAC addresses. Write a prefix (42 or 52:54:00), first and last address (42:00:00:00:00:00-42:00:00:00:ff:ff, or with ".." or " - " between) or an address and its fixed bits (42:00:00:00:00:00/8).`,
  );
}

function invalid(message: string): MacpoolError {
  return new MacpoolError("INVALID_RANGE", message);
}
