import { COLUMNS, type Column, columnName } from "./columns";
import { type Entry, type Fault, unreadable } from "./entry";
import { BESIDE, isNicAddress, withStrays } from "./strays";
import { tagsOfText } from "./tags";

const NO_OBJECT: Fault = { code: "INVALID_FILE", reason: "It is not an object." };
const NAMELESS: Fault = {
  code: "INVALID_FILE",
  reason: "It names no address: there is no text called mac or address in it. Write one object a NIC.",
};
/** What says of a NIC what somebody likes to call it. */
const LABELS: readonly string[] = [...COLUMNS.owner, ...COLUMNS.pool, ...COLUMNS.description, ...COLUMNS.tags];

/** Reads an array of objects, objects one a line (JSON Lines, as `macpool list --json` prints them), or one object. */
export function parseJson(text: string): readonly Entry[] {
  const items = itemsOf(text);
  return withStrays(items.map(entryOf), items.flatMap(straysOf));
}

interface Item {
  readonly value: unknown;
  readonly place: string;
}

function itemsOf(text: string): readonly Item[] {
  const whole = tryParse(text);
  if (Array.isArray(whole)) return whole.map((value: unknown, index) => ({ value, place: `item ${index + 1}` }));
  if (whole !== undefined) return [{ value: whole, place: "item 1" }];
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const place = `line ${index + 1}`;
    const value = tryParse(line);
    if (value === undefined) throw unreadable(place, "it is neither JSON nor JSON Lines.");
    return [{ value, place }];
  });
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not this form; the caller tries another, or says so.
    return undefined;
  }
}

function entryOf({ value, place }: Item): Entry {
  const fields = fieldsOf(value);
  if (fields === undefined) return { place, address: isText(value) ? value : "", fault: NO_OBJECT };
  const text = (column: Column) => COLUMNS[column].map((name) => fields.get(name)).find(isText);
  const address = text("address");
  return {
    place,
    address: address ?? "",
    owner: text("owner"),
    pool: text("pool"),
    description: text("description"),
    tags: tagsOf(fields.get("tags")),
    skip: released(fields) ?? past(fields),
    ...(address === undefined ? { fault: NAMELESS } : {}),
  };
}

/** Returns the properties of an object by the names of columns; of several of one name the first counts. */
function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return new Map(
    Object.entries(value)
      .map(([key, item]) => [columnName(key), item] as const)
      .toReversed(),
  );
}

/** Returns the addresses in an object that are not its own, such as those of a list of NICs. */
function straysOf({ value, place }: Item): readonly Entry[] {
  const found: Entry[] = [];
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const item = waiting.pop();
    if (isText(item) && isNicAddress(item)) found.push({ place, address: item, fault: BESIDE });
    if (typeof item !== "object" || item === null) continue;
    for (const [key, part] of Object.entries(item).toReversed())
      if (!LABELS.includes(columnName(key))) waiting.push(part);
  }
  return found;
}

/** Only in what `macpool list --json` prints; the state of a VM says nothing of its addresses. */
function released(fields: ReadonlyMap<string, unknown>): string | undefined {
  const state = fields.get("state");
  const isOver = isText(fields.get("releasedat")) && (state === "quarantined" || state === "reusable");
  return isOver ? `Nobody has it: its state is ${state}.` : undefined;
}

/** Of lines taken out of an export: whoever had the address then need not have it now. */
function past(fields: ReadonlyMap<string, unknown>): string | undefined {
  const record = fields.get("record");
  if (record === "lease" && typeof fields.get("releasedat") === "number") return "Nobody has it: it was released.";
  const isEvent = record === "event" && typeof fields.get("seq") === "number";
  return isEvent ? "It says what happened to the address, not who has it." : undefined;
}

function tagsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value === "string") return tagsOfText(value);
  if (typeof value !== "object" || value === null) return undefined;
  const isPlain = (item: unknown) => ["string", "number", "boolean"].includes(typeof item);
  const entries = Object.entries(value).filter(([, item]) => isPlain(item));
  return Object.fromEntries(entries.map(([key, item]) => [key, String(item)]));
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
