import type { Properties, Value } from "../host/harness";

/** What an unknown value looks like on the wire, in previews only. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";

/** Tells a bag from the other kinds of value. */
function isBag(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells whether a value is a secret, in clear or encrypted. */
function isSecret(value: Value | undefined): value is Properties {
  return isBag(value) && value[SIGNATURE] === SECRET;
}

/** Wraps a value as a secret; a secret stays as it is. */
export function secret(value: Value): Value {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

/** Rebuilds a value, with `visit` called on every secret instead of going into it. */
export function mapSecrets(value: Value, visit: (found: Properties) => Value): Value {
  if (isSecret(value)) return visit(value);
  if (Array.isArray(value)) return value.map((item) => mapSecrets(item, visit));
  return isBag(value) ? mapBag(value, (item) => mapSecrets(item, visit)) : value;
}

/** Rebuilds a bag member by member; absent members stay absent. */
export function mapBag(bag: Properties, change: (value: Value, key: string) => Value): Properties {
  const result: Properties = {};
  for (const [key, value] of Object.entries(bag)) {
    if (value !== undefined) result[key] = change(value, key);
  }
  return result;
}

/** Makes the wrapper that a state file keeps in place of a secret. */
export function sealed(ciphertext: string): Properties {
  return { [SIGNATURE]: SECRET, ciphertext };
}

/** Returns a bag as a dynamic provider gets it: it accepts neither secrets nor resource references. */
export function forProvider(bag: Properties): Properties {
  return mapBag(bag, plain);
}

function plain(value: Value): Value {
  if (Array.isArray(value)) return value.map(plain);
  if (!isBag(value)) return value;
  if (isSecret(value)) return plain(value["value"] ?? null);
  if (value[SIGNATURE] === RESOURCE) return value["id"] === "" ? UNKNOWN : (value["id"] ?? value["urn"] ?? null);
  return mapBag(value, plain);
}

/** Marks those of `outputs` as secret whose namesake in `inputs` is or holds a secret. */
export function markSecrets(outputs: Properties, inputs: Properties): Properties {
  return mapBag(outputs, (value, key) => {
    const input = inputs[key];
    if (input === undefined) return value;
    if (isBag(value) && isBag(input) && !isSecret(value) && !isSecret(input)) return markSecrets(value, input);
    return holdsSecret(input) ? secret(value) : value;
  });
}

function holdsSecret(value: Value | undefined): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  return isSecret(value) || (isBag(value) && Object.values(value).some(holdsSecret));
}

/** Tells whether anything in the value is unknown. */
export function holdsUnknown(value: Value | undefined): boolean {
  if (Array.isArray(value)) return value.some(holdsUnknown);
  return value === UNKNOWN || (isBag(value) && Object.values(value).some(holdsUnknown));
}

/** Compares two values by content; the order of members does not count. */
export function same(left: Value | undefined, right: Value | undefined): boolean {
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => same(item, right[index]));
  }
  if (!isBag(left) || !isBag(right)) return left === right;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => same(left[key], right[key]));
}
