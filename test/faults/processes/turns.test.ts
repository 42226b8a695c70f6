import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { depth } from "../../depth";
import { createFile, openFile, request, temporaryDirectory } from "../../store/support";
import { Worker } from "./process";

const ROUND = depth(2000, 5000);
const LIMIT = { timeout: 300_000 };

/** The figures of a round of saturation. */
interface Round {
  readonly granted: number;
  /** Milliseconds from asking to having, the longest of all. */
  readonly longest: number;
  /** What the process got that got least, against the one that got most. */
  readonly fairness: number;
}

async function saturate(workers: readonly Worker[], round: string): Promise<Round> {
  const answers = await Promise.all(
    workers.map((worker, index) =>
      worker.ask({
        do: "saturate",
        request: request({ owner: `${round}-worker-${index}` }),
        atOnce: 1,
        milliseconds: ROUND,
      }),
    ),
  );
  const granted = answers.map((answer) => {
    expect(answer, "no process got an error").toHaveProperty("granted");
    return answer.granted ?? 0;
  });
  return {
    granted: granted.reduce((sum, count) => sum + count, 0),
    longest: Math.max(...answers.map(({ longest = Number.POSITIVE_INFINITY }) => longest)),
    fairness: Math.min(...granted) / Math.max(...granted),
  };
}

function isGood({ longest, fairness }: Round): boolean {
  return longest <= 150 && fairness >= 0.5;
}

/**
 * Returns the rounds up to the first good one, at most `most`. One good round proves the promise: the register shares
 * itself out fairly at every moment or not at all, while another job of the machine can spoil any round, by taking the
 * processor from whoever has the lock. Without the giving way no round is good.
 */
async function rounds(workers: readonly Worker[], most: number): Promise<readonly Round[]> {
  const all: Round[] = [];
  while (all.length < most && !all.some(isGood)) all.push(await saturate(workers, `round-${all.length}`));
  return all;
}

/**
 * Returns a new directory on a disk that is memory, where there is one: the figures are about how the lock is shared, and
 * a disk that is busy with other jobs holds up every commit, whoever makes it.
 */
function memoryDirectory(): string {
  if (!existsSync("/dev/shm")) return temporaryDirectory();
  const directory = mkdtempSync("/dev/shm/macpool-turns-");
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe("eight processes that allocate as fast as they can", () => {
  it("get no error, wait 150 ms at the longest, and none gets less than half of another", LIMIT, async () => {
    const path = createFile({}, join(memoryDirectory(), "register.db"));
    const workers = Array.from({ length: 8 }, () => new Worker());
    await Promise.all(workers.map((worker) => worker.ask({ do: "open", path })));
    for (const worker of workers) worker.prefer();
    await saturate(workers, "warming up");
    const all = await rounds(workers, 3);
    console.info(`turns: ${JSON.stringify(all)}`);
    expect(all.filter(isGood), `no round of ${JSON.stringify(all)} was good`).toHaveLength(1);
    const { store } = await openFile(path);
    expect((await store.verify()).faults).toEqual([]);
  });
});
