/**
 * Returns `deep` in a deep run (`MACPOOL_DEPTH=deep`, as the `test:` scripts of package.json set it) and `short` otherwise:
 * how many random runs, processes or rounds a test takes.
 */
export function depth<T>(short: T, deep: T): T {
  return process.env["MACPOOL_DEPTH"] === "deep" ? deep : short;
}
