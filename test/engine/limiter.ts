/** Runs a task when one of the slots is free; tasks start in the order of the calls. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** Makes a limiter with so many slots; with one slot it is a lock. */
export function limiter(slots: number): Limiter {
  const waiting: (() => void)[] = [];
  let free = Math.max(1, slots);
  const enter = async () => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const leave = () => {
    const next = waiting.shift();
    // The slot passes straight to the next in line: freeing it would let a newcomer overtake.
    if (next === undefined) free += 1;
    else next();
  };
  return async (task) => {
    await enter();
    try {
      return await task();
    } finally {
      leave();
    }
  };
}
