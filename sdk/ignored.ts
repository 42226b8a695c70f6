import type * as pulumi from "@pulumi/pulumi";

/** What `ignoreChanges` calls every property (`ParsePropertyPath`, sdk/go/common/resource/property_path.go). */
const ALL: readonly string[] = ["*", "[*]"];

/**
 * Returns options whose `ignoreChanges` spells everything out as the names of the arguments, which are the keys of `args`.
 *
 * The engine would take what tells one resource from another for a change too. Renamed with an alias, a NIC would then have
 * its old owner for ever; and the next one of that name would get its address, because the register cannot tell them apart.
 */
export function ignoringArguments(
  opts: pulumi.CustomResourceOptions,
  args: Readonly<Record<string, true>>,
): pulumi.CustomResourceOptions {
  const { ignoreChanges = [] } = opts;
  const named = ignoreChanges.filter((path) => !ALL.includes(path));
  return named.length === ignoreChanges.length ? opts : { ...opts, ignoreChanges: [...named, ...Object.keys(args)] };
}
