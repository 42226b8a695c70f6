import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Turns } from "../../provider/store/sqlite/turns";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Returns how many milliseconds a process pauses before it takes the lock. */
async function pauseOf(turns: Turns): Promise<number> {
  const before = performance.now();
  let isOver = false;
  const pause = turns.giveWay().then(() => {
    isOver = true;
  });
  for (await Promise.resolve(); !isOver; ) await vi.advanceTimersByTimeAsync(1);
  await pause;
  return performance.now() - before;
}

/** Has the lock again and again for so long, a millisecond a time, and returns when it paused and for how long. */
async function saturate(turns: Turns, milliseconds: number, version: () => unknown): Promise<readonly number[]> {
  const start = performance.now();
  const pauses: number[] = [];
  while (performance.now() - start < milliseconds) {
    if ((await pauseOf(turns)) > 0) pauses.push(performance.now() - start);
    turns.began(version());
    vi.advanceTimersByTime(1);
  }
  return pauses;
}

describe("a process that keeps the lock of a register busy", () => {
  it("never pauses while nobody else writes", async () => {
    expect(await saturate(new Turns(), 10_000, () => 1)).toEqual([]);
  });

  it("pauses within a few milliseconds after others wrote", async () => {
    const turns = new Turns();
    await saturate(turns, 1000, () => "before");
    const [first = Number.NaN] = await saturate(turns, 50, () => "after");
    expect(first).toBeGreaterThanOrEqual(3);
    expect(first).toBeLessThanOrEqual(15);
  });

  it("does not pause when others get the lock between its commits anyhow", async () => {
    let version = 0;
    expect(await saturate(new Turns(), 1000, () => ++version)).toEqual([]);
  });

  it("pauses ever less when nobody comes, and often again once somebody does", async () => {
    const turns = new Turns();
    turns.began("before");
    const alone = await saturate(turns, 5_000, () => "after");
    expect(alone.length).toBeGreaterThanOrEqual(10);
    expect(alone.length).toBeLessThanOrEqual(50);
    expect(await saturate(turns, 5_000, () => "after"), "nor at all after a while").toEqual([]);
    expect(await saturate(turns, 30, () => "again")).not.toEqual([]);
  });

  it("takes less into one transaction once others are about", () => {
    const turns = new Turns();
    turns.began(1);
    const alone = turns.largestBatch;
    turns.began(2);
    expect(turns.largestBatch).toBeLessThan(alone / 4);
  });
});
