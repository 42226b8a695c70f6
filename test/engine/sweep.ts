import type { Pass } from "./pass";
import type { Resource } from "./state";
import { remove } from "./steps";
import { isProviderType } from "./urn";
import { forProvider, same } from "./values";

/** Deletes what is left of the old state: dependents first, those that do not depend on each other in parallel. */
export async function deleteLeft(pass: Pass): Promise<void> {
  for (const layer of layers(pass.snapshot.left()).reverse()) {
    await Promise.all(layer.map((resource) => pass.run(resource.urn, () => deleteOne(pass, resource))));
  }
}

/** Sorts resources so that each stands in a later layer than everything it needs. */
function layers(resources: readonly Resource[]): Resource[][] {
  const result: Resource[][] = [];
  let waiting = resources;
  while (waiting.length > 0) {
    const open = new Set(waiting.map((resource) => resource.urn));
    const free = waiting.filter((resource) => !needs(resource).some((urn) => open.has(urn)));
    // Copies of one URN that wait for their deletion can need each other in a circle; the oldest is freed then.
    const layer = free.length > 0 ? free : waiting.slice(0, 1);
    result.push(layer);
    waiting = waiting.filter((resource) => !layer.includes(resource));
  }
  return result;
}

async function deleteOne(pass: Pass, resource: Resource): Promise<void> {
  if (resource.protect === true && resource.delete !== true) {
    throw new Error(`resource ${resource.urn} cannot be deleted: it is protected`);
  }
  await remove(pass, resource);
}

function needs(resource: Resource): string[] {
  const provider = resource.provider.replace(/::[^:]*$/, "");
  return [...resource.dependencies, resource.parent, provider].filter((urn) => urn !== "" && urn !== resource.urn);
}

/**
 * Reads every resource again, also those that wait for their deletion, and records what the provider says. What is gone
 * is forgotten, also by those that depended on it. A resource that cannot be read stays as it was and fails the pass.
 */
export async function refreshAll(pass: Pass): Promise<Resource[]> {
  const reads = pass.snapshot.previous.map((old) => pass.run(old.urn, () => refreshOne(pass, old)));
  const settled = await Promise.allSettled(reads);
  const kept = settled.map((result, index) =>
    result.status === "fulfilled" ? result.value : pass.snapshot.previous[index],
  );
  const found = kept.filter((resource) => resource !== undefined);
  const urns = new Set(found.map((resource) => resource.urn));
  return found.map((resource) => ({
    ...resource,
    dependencies: resource.dependencies.filter((urn) => urns.has(urn)),
  }));
}

async function refreshOne(pass: Pass, old: Resource): Promise<Resource | undefined> {
  if (!old.custom || isProviderType(old.type)) {
    pass.note("same", old.urn);
    return old;
  }
  const provider = pass.providers.get(old.provider);
  const found = await provider.read(old.id, old.inputs, old.outputs);
  if (found.id === "") {
    pass.note("delete", old.urn);
    return undefined;
  }
  const next = { ...old, id: found.id, inputs: found.inputs ?? old.inputs, outputs: found.outputs };
  pass.note((await hasDrifted(pass, old, next)) ? "update" : "same", old.urn);
  return next;
}

/** Asks the diff question the other way round, as the engine does: would the old inputs change what is there now? */
async function hasDrifted(pass: Pass, old: Resource, next: Resource): Promise<boolean> {
  if (old.external === true) return !same(forProvider(old.outputs), forProvider(next.outputs));
  return (await pass.providers.get(old.provider).diff(next, old.inputs)).changes === true;
}
