import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { depth } from "../../depth";
import { createFile, openFile, request, temporaryDirectory } from "../../store/support";
import { Worker } from "./process";

const ROUND = depth(2000, 5000);
/** More than goes into one transaction, so that the next one is ready when one is committed. */
const BACKLOG = 6000;
const LIMIT = { timeout: 300_000 };

/** The figures of a round of saturation. */
interface Round {
  readonly granted: number;
  /** Milliseconds from asking to having, the longest of all. */
  readonly longest: number;
  /** What the process got that got least, against the one that got most. */
  readonly fairness: number;
}

/** Lets every worker ask for one address at a time, without a pause between, and `backlogged` for so many at once. */
async function saturate(
  workers: readonly Worker[],
  round: string,
  milliseconds = ROUND,
  backlogged?: Worker,
): Promise<Round> {
  const ask = (worker: Worker, name: string, atOnce: number) =>
    worker.ask({ do: "saturate", request: request({ owner: `${round}-${name}` }), atOnce, milliseconds });
  const [other, ...answers] = await Promise.all([
    backlogged === undefined ? { granted: 0 } : ask(backlogged, "backlogged", BACKLOG),
    ...workers.map((worker, index) => ask(worker, `worker-${index}`, 1)),
  ]);
  const granted = [other, ...answers].map((answer) => {
    expect(answer, "no process got an error").toHaveProperty("granted");
    return answer.granted ?? 0;
  });
  const compared = granted.slice(1);
  return {
    granted: granted.reduce((sum, count) => sum + count, 0),
    longest: Math.max(...answers.map(({ longest = Number.POSITIVE_INFINITY }) => longest)),
    fairness: Math.min(...compared) / Math.max(...compared),
  };
}

function isGood({ longest, fairness }: Round, most: number): boolean {
  return longest <= most && fairness >= 0.5;
}

/**
 * Expects that of at most three rounds one is good: nobody waits longer than `most` milliseconds. One good round proves the
 * promise: the register shares itself out fairly at every moment or not at all, while another job of the machine can spoil
 * any round, by taking the processor from whoever has the lock.
 */
async function expectGoodRound(workers: readonly Worker[], most: number, backlogged?: Worker): Promise<void> {
  await saturate(workers, "warming up", 500, backlogged);
  const all: Round[] = [];
  while (all.length < 3 && !all.some((round) => isGood(round, most))) {
    all.push(await saturate(workers, `round-${all.length}`, ROUND, backlogged));
  }
  const text = JSON.stringify(all);
  console.info(`turns: ${text}`);
  expect(
    all.some((round) => isGood(round, most)),
    `one of ${text} was good`,
  ).toBe(true);
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

/** Starts processes that have the same new register open. */
async function start(path: string, count: number): Promise<readonly Worker[]> {
  const workers = Array.from({ length: count }, () => new Worker());
  await Promise.all(workers.map((worker) => worker.ask({ do: "open", path })));
  for (const worker of workers) worker.prefer();
  return workers;
}

async function expectSound(path: string): Promise<void> {
  const { store } = await openFile(path);
  expect((await store.verify()).faults).toEqual([]);
}

describe("eight processes that allocate as fast as they can", () => {
  it("get no error, wait 150 ms at the longest, and none gets less than half of another", LIMIT, async () => {
    const path = createFile({}, join(memoryDirectory(), "register.db"));
    await expectGoodRound(await start(path, 8), 150);
    await expectSound(path);
  });
});

// Between two commits of a process with few requests, the others find the lock free even if it never gives way. One whose
// next batch always stands ready leaves it free for moments only: a round without the giving way took 148 to 262 ms here
// where one with it takes 40 to 65.
describe("three processes that allocate one address at a time, beside one that has thousands to allocate", () => {
  it("wait 100 ms at the longest, and none gets less than half of another", LIMIT, async () => {
    const path = createFile({}, join(memoryDirectory(), "register.db"));
    const [backlogged, ...others] = await start(path, 4);
    await expectGoodRound(others, 100, backlogged);
    await expectSound(path);
  });
});
