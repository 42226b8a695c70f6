import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { MacpoolError } from "../../provider/error";
import { faultOfRegister } from "../../provider/resource/provenance";
import { openSqliteStore } from "../../provider/store/sqlite/sqlite-store";
import type { LeaseStore } from "../../provider/store/store";
import { depth } from "../depth";
import { randomRuns } from "../random-runs";
import { collect, request, TestClock, temporaryDirectory, testContext } from "../store/support";
import { anyDamage, damaged } from "./damage";
import { type Said, type UsedRegister, usedRegister } from "./used-register";

const RUNS = depth(150, 10_000);
const LIMIT = { timeout: RUNS * 1000 };

/** What is said of a register that something is wrong with. */
const REFUSED = /^REGISTER_(CORRUPT|FOREIGN|UNUSABLE|TOO_NEW)$/;

type Outcome<T> = { readonly value: T } | { readonly code: string };

it("a damaged register is refused, or is an earlier state of itself that the stacks find out", LIMIT, async () => {
  const register = await usedRegister();
  const path = join(temporaryDirectory(), "register.db");
  const tally = new Map<string, number>();
  const damages = fc.array(anyDamage, { minLength: 1, maxLength: 3 });
  await randomRuns(
    "register file",
    RUNS,
    fc.asyncProperty(damages, fc.boolean(), async (inflicted, hasLog) => {
      damaged(register, hasLog, inflicted, path);
      const what = await examine(path, register);
      tally.set(what, (tally.get(what) ?? 0) + 1);
    }),
  );
  console.info([...tally].map(([what, count]) => `${what}: ${count}`).join(", "));
});

it("a damaged register that nobody has checked yet answers, or says that it is damaged", LIMIT, async () => {
  const register = await usedRegister();
  const path = join(temporaryDirectory(), "register.db");
  await randomRuns(
    "register file, unchecked",
    RUNS,
    fc.asyncProperty(anyDamage, fc.boolean(), async (inflicted, hasLog) => {
      damaged(register, hasLog, [inflicted], path);
      const opened = await outcomeOf(openSqliteStore(path, testContext(new TestClock()), { giveUpAfter: 0 }));
      if ("code" in opened) return;
      try {
        await use(opened.value, register);
      } finally {
        await opened.value.close();
      }
    }),
  );
});

/** Reads and writes; once one answer was that the register is damaged, nothing is written any more. */
async function use(store: LeaseStore, register: UsedRegister): Promise<void> {
  const [{ address, token }] = register.states.slice(70, 71) as [(typeof register.states)[number]];
  const owners = ["acme/network/prod/web-0", "acme/network/prod/web-90", "new"];
  const steps: (() => Promise<unknown>)[] = [
    () => collect(store.list()),
    () => collect(store.list({ ownerPrefix: "acme" })),
    () => collect(store.history()),
    () => collect(store.history({ address })),
    () => store.find(address),
    () => store.pools(),
    // By the names the register has now: a pool's name has no second copy, and may be another one unnoticed.
    async () => Promise.all((await store.pools()).map(({ name }) => store.stats(name))),
    () => store.acquire(owners.map((owner) => request({ owner, pool: "wide" }))),
    () => store.release([{ address, token }]),
    () => store.reserve({ start: address + 1, end: address + 9, reason: "kept" }),
    () => collect(store.dump()),
  ];
  let isKnown = false;
  for (const step of steps) {
    const outcome = await outcomeOf(step());
    if ("code" in outcome) expect(outcome.code).toMatch(REFUSED);
    isKnown ||= "code" in outcome && outcome.code === "REGISTER_CORRUPT";
  }
  if (isKnown) await checkClosed(store);
}

async function examine(path: string, register: UsedRegister): Promise<string> {
  const opened = await outcomeOf(openSqliteStore(path, testContext(new TestClock()), { giveUpAfter: 0 }));
  if ("code" in opened) {
    expect(opened.code).toMatch(REFUSED);
    return `refused (${opened.code})`;
  }
  const store = opened.value;
  try {
    const verified = await outcomeOf(store.verify());
    const isSound = "value" in verified && verified.value.faults.length === 0;
    return isSound ? await checkEarlier(store, register) : await checkClosed(store);
  } finally {
    await store.close();
  }
}

/** I13: once damage was found, nothing is written. */
async function checkClosed(store: LeaseStore): Promise<string> {
  const before = await outcomeOf(store.identity());
  const outcome = await outcomeOf(store.acquire([request({ owner: "new", pool: "wide" })]));
  expect("code" in outcome ? outcome.code : outcome, "I13: a write to a damaged register").toMatch(REFUSED);
  expect(await outcomeOf(store.identity())).toEqual(before);
  return "found by verify";
}

/** What shows no fault must be what the register was at some time, and its stacks must be told if that is not now. */
async function checkEarlier(store: LeaseStore, register: UsedRegister): Promise<string> {
  const { seq, storeId } = await store.identity();
  expect(seq).toBeLessThanOrEqual(register.seq);
  const before = register.contentAt(seq);
  const leases = await collect(store.list());
  const said = new Map<number, Said>(
    leases.map(({ address, owner, pool, installation, releasedAt }) => {
      return [address, { owner, pool, installation, isLive: releasedAt === undefined }];
    }),
  );
  expect(said, "a lease that never was so").toEqual(before);
  for (const state of register.states) {
    const fault = await faultOfRegister(state, store);
    const isLater = state.seq > seq ? "REGISTER_ROLLED_BACK" : undefined;
    // An id is as good as any other, but no state knows it.
    const expected = state.storeId === storeId ? isLater : "REGISTER_MISMATCH";
    expect(fault?.code, "I9: a state of a later change").toBe(expected);
  }
  const [granted] = await store.acquire([request({ owner: "new", pool: "wide" })]);
  if (granted?.ok !== true) throw granted?.error ?? new Error("no answer");
  expect(before.get(granted.value.lease.address)?.isLive, "I1: an address that somebody has").not.toBe(true);
  return seq === register.seq ? "as it was" : "earlier state";
}

/** Returns what `promise` comes to; only errors of ours count. */
async function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    if (!MacpoolError.is(error)) throw error;
    return { code: error.code };
  }
}
