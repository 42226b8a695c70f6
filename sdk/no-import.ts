import * as pulumi from "@pulumi/pulumi";

/**
 * Checks that a resource is not to be imported. The engine would ask for it without what dynamic providers are found by, and
 * fail with a word about their insides (pulumi/pulumi#16175).
 *
 * @throws pulumi.RunError that says what does the same.
 */
export function assertNoImport(resource: string, instead: string, opts: pulumi.CustomResourceOptions): void {
  // Pulumi takes an empty one for none (`registerResource`, runtime/resource.ts).
  if (!opts.import) return;
  throw new pulumi.RunError(
    `${resource} cannot have the option "import": Pulumi cannot import resources of dynamic providers (pulumi/pulumi#16175). Leave it out, and give ${instead} instead.`,
  );
}
