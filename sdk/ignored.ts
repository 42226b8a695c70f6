import type * as pulumi from "@pulumi/pulumi";

/** What `ignoreChanges` calls every property (`ParsePropertyPath`, sdk/go/common/resource/property_path.go). */
const ALL: readonly string[] = ["*", "[*]"];

/** The argument that is sent under another name, because `address` is the provider's answer. */
const ARGUMENT = "address";
const SENT_AS = "requestedAddress";

/**
 * Returns options whose `ignoreChanges` spells everything out as the names of the arguments, which are the keys of `args`.
 *
 * The engine would take what tells one resource from another for a change too. Renamed with an alias, a NIC would then have
 * its old owner for ever; and the next one of that name would get its address, because the register cannot tell them apart.
 * `address` is ignored under both of its names: where nothing was foretold, what was checked has no answer yet.
 */
export function ignoringArguments(
  opts: pulumi.CustomResourceOptions,
  args: Readonly<Record<string, true>>,
): pulumi.CustomResourceOptions {
  const { ignoreChanges } = opts;
  if (ignoreChanges === undefined) return opts;
  const paths = ignoreChanges.flatMap((path) => (ALL.includes(path) ? Object.keys(args) : [path]));
  const isRequest = ARGUMENT in args && paths.includes(ARGUMENT);
  return { ...opts, ignoreChanges: isRequest ? [...paths, SENT_AS] : paths };
}
