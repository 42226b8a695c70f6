/**
 * Returns the one weak map called `name` of this process, made at the first call.
 *
 * Two copies of this package can serve one program (a component library that brings its own, `npm link`): module
 * variables would give each copy its own, so the map hangs on the global object. Change the name when the shape of the
 * values changes: an older copy may be looking at the same map.
 */
export function sharedMap<Key extends object, Value>(name: string): WeakMap<Key, Value> {
  const key = Symbol.for(`pulumi-macpool/${name}`);
  const map: WeakMap<Key, Value> = Reflect.get(globalThis, key) ?? new WeakMap<Key, Value>();
  Reflect.set(globalThis, key, map);
  return map;
}

/** Returns whether `value` is a resource of `type`, by its type token: another copy of this package has other classes. */
export function isOfType(value: unknown, type: string): boolean {
  return typeof value === "object" && value !== null && "__pulumiType" in value && value.__pulumiType === type;
}
