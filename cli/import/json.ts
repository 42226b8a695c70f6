import { type Entry, unreadable } from "./entry";
import { tagsOfText } from "./tags";

/** Of several the first in this order counts: beside the others an `address` is one of IP. */
const ADDRESS = ["mac", "macAddress", "mac_address", "hwaddr", "hw-address", "address"];
const OWNER = ["owner", "name", "hostname"];

/** Reads an array of objects, objects one a line (JSON Lines, as `macpool list --json` prints them), or one object. */
export function parseJson(text: string): readonly Entry[] {
  const whole = tryParse(text);
  if (Array.isArray(whole)) return whole.map((item, index) => entryOf(item, `item ${index + 1}`));
  if (whole !== undefined) return [entryOf(whole, "item 1")];
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const place = `line ${index + 1}`;
    const item = tryParse(line);
    if (item === undefined) throw unreadable(place, "it is neither JSON nor JSON Lines.");
    return [entryOf(item, place)];
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

function entryOf(item: unknown, place: string): Entry {
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    return { place, address: "", fault: { code: "INVALID_FILE", reason: "It is not an object." } };
  }
  const fields = new Map<string, unknown>(Object.entries(item));
  const text = (...names: readonly string[]) => names.map((name) => fields.get(name)).find(isText);
  return {
    place,
    address: text(...ADDRESS) ?? "",
    owner: text(...OWNER),
    pool: text("pool"),
    description: text("description"),
    tags: tagsOf(fields.get("tags")),
    skip: released(fields),
  };
}

/** Only in what `macpool list --json` prints; the state of a VM says nothing of its addresses. */
function released(fields: ReadonlyMap<string, unknown>): string | undefined {
  const state = fields.get("state");
  const isOver = isText(fields.get("releasedAt")) && (state === "quarantined" || state === "reusable");
  return isOver ? `Nobody has it: its state is ${state}.` : undefined;
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
