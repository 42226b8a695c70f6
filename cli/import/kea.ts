import { type Entry, unreadable } from "./entry";
import { plainJson } from "./plain-json";

const MAX_DEPTH = 200;

/** Returns whether a text without comments is a Kea configuration. */
export function isKea(text: string): boolean {
  return /"(?:Dhcp[46]|reservations)"\s*:/.test(text);
}

/**
 * Reads a Kea configuration, with the comments that Kea allows: the host reservations of subnets, shared networks and the
 * whole server. The owner is the host's name. Reservations by DUID, client id or circuit id name no address.
 */
export function parseKea(text: string): readonly Entry[] {
  const entries: Entry[] = [];
  collect(parsed(text), "", entries, 0);
  return entries;
}

function parsed(text: string): unknown {
  const plain = plainJson(text);
  try {
    return JSON.parse(plain);
  } catch (cause) {
    const position = positionOf(cause, plain);
    const place = position === undefined ? "at its end" : `line ${plain.slice(0, position).split("\n").length}`;
    throw unreadable(place, "it is not the JSON of a Kea configuration.", cause);
  }
}

/** V8 names the position or, in Node 20, quotes the ten characters before it and those after. */
function positionOf(cause: unknown, text: string): number | undefined {
  const message = cause instanceof Error ? cause.message : "";
  const [, position] = /position (\d+)/.exec(message) ?? [];
  if (position !== undefined) return Number(position);
  const [, quoted = ""] = /, \.\.\."([\s\S]*)"(?:\.\.\.)? is not valid JSON$/.exec(message) ?? [];
  const at = quoted === "" ? -1 : text.indexOf(quoted);
  return at === -1 ? undefined : at + 10;
}

function collect(value: unknown, path: string, entries: Entry[], depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw unreadable(path.slice(0, 80), "it is nested too deeply.");
  for (const [key, item] of Object.entries(value)) {
    const place = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    if (key === "reservations" && Array.isArray(item)) {
      for (const [at, one] of item.entries()) entries.push(...entryOf(one, `${place}[${at}]`));
    } else collect(item, place, entries, depth + 1);
  }
}

function entryOf(reservation: unknown, place: string): readonly Entry[] {
  if (typeof reservation !== "object" || reservation === null) return [];
  const fields = new Map<string, unknown>(Object.entries(reservation));
  const address = fields.get("hw-address");
  const hostname = fields.get("hostname");
  if (address === undefined) return [];
  const owner = typeof hostname === "string" && hostname !== "" ? hostname : undefined;
  return [{ place, address: typeof address === "string" ? address : "", owner }];
}
