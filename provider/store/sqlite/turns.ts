/** What a turn lasts, in milliseconds, before others get theirs: several commits on a fast disk, one or two on a slow one. */
const TURN = 8;

/** For how long the lock is left free then: longer than a sleep of those who wait, so that each of them tries for it. */
const PAUSE = 3;

/** A turn grows to this while nobody comes, and is without end once nobody has come for so long. Milliseconds. */
const RARE = 50;
const FORGOTTEN_AFTER = 2_000;

/** In one transaction while others wait: what fits into a few turns. A commit is one fsync however much it holds. */
const LARGEST_SHARE = 128;
const LARGEST_BATCH = 1024;

/**
 * After having waited so long, a process tries for the lock so often, until it has waited too long to hope. Milliseconds.
 * Four that take turns have theirs before: who tries often takes a processor from the others and cuts their turns short.
 */
const KEEN_AFTER = 30;
const NAP = 0.2;
const KEEN_UNTIL = 200;

/**
 * Sees to it that processes which could each keep the lock all the time have it in turn. Nobody can see who waits for a
 * lock of SQLite, only who has written meanwhile. So a process that meets nobody never pauses: who waits for the first time gets
 * in between two of its commits, by trying often, and is seen from then on.
 */
export class Turns {
  #version: unknown;
  #asked = 0;
  #began = 0;
  /** When others were last seen to have written. */
  #met = 0;
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
    await sleep(PAUSE);
    this.#began = performance.now();
    // Whether others are gone or only had no processor to come with, nobody knows: pauses become rare before they end.
    this.#length =
      this.#began - this.#met > FORGOTTEN_AFTER ? Number.POSITIVE_INFINITY : Math.min(RARE, 2 * this.#length);
  }

  /** To be called when the lock was had; `version` is another one when others have written since it was had last. */
  began(version: unknown): void {
    const isAlone = this.#version === undefined || this.#version === version;
    this.#version = version;
    if (isAlone) return;
    this.#began = performance.now();
    this.#met = this.#began;
    this.#length = TURN;
  }

  /** Resolves when the lock should be tried for again, by a process that began to try `waited` milliseconds ago. */
  async untilNextTry(waited: number): Promise<void> {
    const since = performance.now() - this.#asked;
    if (since < KEEN_AFTER || since > KEEN_UNTIL) await sleepAfter(waited);
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
