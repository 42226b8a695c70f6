import { MacpoolError } from "../../error";
import { definePool, isSameManager, type Pool } from "../../lease/pool";
import { formatRange } from "../../mac/range";
import { type CheckResult, failureOf } from "../check";
import { defined, managerOf, nameInForce } from "../manager";
import { runtime } from "../runtime";
import type { Bag } from "../schema";
import { type PoolInputs, parseInputs, parseNews, specOf, wireOf } from "./schema";

/** Without any of these nothing can be said of the pool's addresses. */
const DECISIVE = ["name", "ranges", "strategy", "order", "quarantineSeconds", "universal"];

/**
 * Validates the inputs, tries them on the register, and adds `size`. Never writes. The pool is announced to this process,
 * so that the addresses which the same program takes from it are known before it exists.
 */
export async function check(olds: Bag, news: Bag): Promise<CheckResult> {
  const { inputs, unknowns, failures } = parseNews(news);
  if (failures.length > 0) return { inputs: news, failures };
  if (DECISIVE.some((key) => key in unknowns)) {
    if (inputs.name !== undefined) runtime().announce(inputs.name, undefined);
    return { inputs: { ...wireOf(inputs), ...unknowns } };
  }
  try {
    const pool = await foresee(parseInputs(olds).inputs, inputs);
    runtime().announce(pool.name, pool);
    const canonical = { ranges: pool.ranges.map(formatRange), size: pool.size };
    return { inputs: { ...defined(wireOf(inputs)), ...canonical, ...unknowns } };
  } catch (error) {
    return { inputs: news, failures: [failureOf(error, propertiesFor(error))] };
  }
}

/** A conflict is about the name, unless it is about addresses that another pool or a lease has. */
function propertiesFor(error: unknown): Readonly<Record<string, string>> {
  const details = MacpoolError.is(error) ? error.details : {};
  const isAboutAddresses = details["other"] !== undefined || details["address"] !== undefined;
  return { INVALID_POOL: "poolName", INVALID_RANGE: "ranges", POOL_CONFLICT: isAboutAddresses ? "ranges" : "poolName" };
}

async function foresee(olds: PoolInputs, news: PoolInputs): Promise<Pool> {
  const spec = specOf(news);
  const process = runtime();
  const own = managerOf(news);
  if (olds.owner !== undefined) process.noteBefore(own, managerOf(olds));
  const before = process.before(own) ?? own;
  const isOwn = ({ managedBy }: Pool) => [own, before].some((name) => isSameManager(managedBy, name));
  const others = process.planned.filter((pool) => !isOwn(pool));
  const pool = await process.ask(async (register) => {
    const existing = (await register.pools()).find(({ name }) => name === spec.name);
    // A pool that gets another name is deleted first, and it is managed under the name that its declaration had.
    const by = existing === undefined ? before : nameInForce(existing.managedBy, [own, before]);
    return register.predictPool(spec, by, news.adopt, others);
  });
  return { ...(pool ?? definePool(spec)), managedBy: own };
}
