import { expect, test } from "vitest";
import { limiter } from "./limiter";

test("no more tasks run at a time than there are slots, in the order of the calls, failures or not", async () => {
  const run = limiter(2);
  const order: number[] = [];
  let [running, most] = [0, 0];
  const task = (index: number) => async () => {
    order.push(index);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (index === 1) throw new Error("one fails");
  };
  await Promise.allSettled([0, 1, 2, 3, 4].map((index) => run(task(index))));
  expect([order, most]).toEqual([[0, 1, 2, 3, 4], 2]);
});
