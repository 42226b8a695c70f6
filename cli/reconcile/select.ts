import type { StackExport } from "./stack-export";

/** Exports of distinct stacks, and those that were left out because a newer one of the same stack is there. */
export interface Selection {
  readonly exports: readonly StackExport[];
  readonly outdated: readonly StackExport[];
}

/** Returns the newest export of each stack. Stacks of one name in two backends differ in their provider resources. */
export function newestOfEach(exports: readonly StackExport[]): Selection {
  const newest = new Map<string, StackExport>();
  for (const one of exports) {
    const key = JSON.stringify([one.stack, one.providers.toSorted()]);
    const other = newest.get(key);
    if (other === undefined || other.writtenAt <= one.writtenAt) newest.set(key, one);
  }
  const selected = new Set(newest.values());
  return { exports: [...selected], outdated: exports.filter((one) => !selected.has(one)) };
}

/** Returns pairs of exports, the older first, whose stacks have one name but not the same provider resources. */
export function namesakes(exports: readonly StackExport[]): readonly (readonly [StackExport, StackExport])[] {
  const inOrder = exports.toSorted((one, other) => one.writtenAt - other.writtenAt);
  return inOrder.flatMap((newer, index) => {
    const older = inOrder.slice(0, index).findLast(({ stack }) => stack === newer.stack);
    return older === undefined ? [] : [[older, newer] as const];
  });
}
