import fc from "fast-check";

/**
 * What `MACPOOL_SEED` asks for: the seed alone, or the place of one failure in the runs of that seed, as the message of
 * the failure gives it: `SEED`, `SEED,PATH` or `SEED,PATH,COMMANDS`.
 */
interface Replay {
  readonly seed: number | undefined;
  readonly path: string | undefined;
  /** Which commands of a model run are left, as fast-check writes it; for `fc.commands`. */
  readonly replayPath: string | undefined;
}

/** Returns what is to be replayed; nothing of it is known in a run of its own. */
export function replay(): Replay {
  const [seed, path, replayPath] = process.env["MACPOOL_SEED"]?.split(",") ?? [];
  return { seed: seed === undefined ? undefined : Number(seed), path, replayPath };
}

/** A single run that takes this long, in milliseconds, hangs: on a machine that is busy they take a hundredth of it. */
const HANGS = 60_000;

/**
 * Checks `property` in `runs` random runs and says in one line, also when all went well, what was checked how often and
 * from which seed.
 *
 * @throws Error with the smallest counterexample and the value of `MACPOOL_SEED` that brings it back.
 */
export async function randomRuns(what: string, runs: number, property: fc.IRawProperty<unknown>): Promise<void> {
  const { seed = Date.now() % 2 ** 31, path } = replay();
  const started = performance.now();
  const result = await fc.check(property, {
    numRuns: runs,
    timeout: HANGS,
    seed,
    ...(path === undefined ? {} : { path }),
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.info(`${what}: ${result.numRuns} runs in ${seconds} s, MACPOOL_SEED=${result.seed}`);
  if (!result.failed) return;
  const report = (await fc.asyncDefaultReportMessage(result)) ?? "";
  const commands = /replayPath="([^"]*)"/.exec(report)?.[1];
  const place = [result.seed, result.counterexamplePath, commands].filter(
    (part) => part !== undefined && part !== null,
  );
  throw new Error(
    `After ${result.numRuns} runs of "${what}". Replay with MACPOOL_SEED='${place.join(",")}'\n${report}`,
    {
      cause: result.errorInstance,
    },
  );
}
