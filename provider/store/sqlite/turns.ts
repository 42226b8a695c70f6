/** What a turn lasts, in milliseconds, before others get theirs: several commits on a fast disk, one or two on a slow one. */
const TURN = 6;

/** For how long the lock is left free then: longer than a sleep of those who wait, so that each of them tries for it. */
const SHORTEST_PAUSE = 3;
const LONGEST_PAUSE = 25;

/** In one transaction while others wait: what fits into a few turns. A commit is one fsync however much it holds. */
const LARGEST_SHARE = 128;
const LARGEST_BATCH = 1024;

/** After having waited longer than usual, a process tries for the lock so often, for so long. Milliseconds. */
const NAP = 0.2;
const KEEN_FOR = 200;

/**
 * Sees to it that processes which could each keep the lock all the time have it in turn. Nobody can see who waits for a
 * lock of SQLite, only who has written meanwhile. So a process that meets nobody never pauses: who waits for the first time gets
 * in between two of its commits, by trying often, and is seen from then on.
 */
export class Turns {
  #version: unknown;
  #asked = 0;
  #began = 0;
  /** What this process usually waits for its turn, its own pause included. */
  #usual = 0;
  /** What the present turn may last; infinite while nobody else is about. */
  #length = Number.POSITIVE_INFINITY;

  /** How much may go into one transaction. */
  get largestBatch(): number {
    return Number.isFinite(this.#length) ? LARGEST_SHARE : LARGEST_BATCH;
  }

  /** To be awaited before the lock is taken: leaves it to others when their turn has come. */
  async giveWay(): Promise<void> {
    this.#asked = performance.now();
    if (this.#asked - this.#began < this.#length) return;
    // The more there are, the longer: whoever had a turn just now leaves the next ones to those who wait already.
    await sleep(Math.max(SHORTEST_PAUSE, this.#usual / 2));
    this.#began = performance.now();
    // Whether others are gone or only had no processor to come with, nobody knows: pauses become rare, and do not end.
    this.#length *= 4;
  }

  /** To be called when the lock was had; `version` is another one when others have written since it was had last. */
  began(version: unknown): void {
    const isAlone = this.#version === undefined || this.#version === version;
    this.#version = version;
    if (isAlone) return;
    this.#began = performance.now();
    this.#length = TURN;
    this.#usual = Math.min(2 * LONGEST_PAUSE, (this.#usual + this.#began - this.#asked) / 2);
  }

  /** Resolves when the lock should be tried for again, by a process that began to try `waited` milliseconds ago. */
  async untilNextTry(waited: number): Promise<void> {
    const overdue = performance.now() - this.#asked - Math.max(TURN, this.#usual);
    if (overdue < 0 || overdue > KEEN_FOR) await sleepAfter(waited);
    else await nap();
  }
}

/** Resolves when a lock should be tried for again. The jitter keeps those who wait from meeting. */
export function sleepAfter(waited: number): Promise<void> {
  return sleep(waited < TURN ? 1 + Math.random() * 2 : 1);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((next) => setTimeout(next, milliseconds));
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps for less than a timer can, blocking, and lets others of this process have their turn. */
async function nap(): Promise<void> {
  Atomics.wait(never, 0, 0, NAP);
  await new Promise((next) => setImmediate(next));
}
