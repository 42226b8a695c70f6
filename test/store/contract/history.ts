import { describe, expect, it, onTestFinished } from "vitest";
import { parseMac } from "../../../provider/mac/mac";
import { parsePrefix } from "../../../provider/mac/range";
import { ACTOR, HOUR, initial, type Open, Register, start, TestClock, testContext } from "../support";

const A = parseMac("42:20:00:00:00:0a");
const B = parseMac("42:20:00:00:00:0b");

/** `history` and the change counter. */
export function historyContract(open: Open): void {
  describe("the history", () => {
    records(open);
    orders(open);
    filters(open);
  });
}

/** Makes one change of every kind. */
async function change(register: Register): Promise<void> {
  const { store } = register;
  const { lease } = await register.grant({ owner: "a", requestedAddress: A });
  await store.update({ ...lease, owner: "b", installation: "two" });
  await register.grant({ owner: "b", installation: "three", adopt: true });
  const { lease: kept } = await register.grant({ owner: "b", installation: "three" });
  await register.release(kept);
  await register.grant({ owner: "b", installation: "four" });
  await store.createPool({ name: "edge", ranges: [parsePrefix("42:30")] });
  await store.updatePool("edge", { description: "racks" });
  await store.reserve({ start: B, end: B, reason: "printer" });
  await store.unreserve({ start: B, end: B });
  await store.deletePool("edge");
}

function records(open: Open): void {
  it("has one event a change, with what happened, to which address, for whom, and who asked for it", async () => {
    const register = await start(open, { pools: [{ name: "big", ranges: [parsePrefix("42:20")] }] });
    await change(register);
    const lines = (await register.events()).map(({ kind, address, pool, owner, installation }) =>
      [kind, address === undefined ? "-" : address - A, pool, owner, installation].join(" "),
    );
    expect(lines).toEqual([
      "init -   ",
      "create-pool - big  ",
      "claim 0 big a one",
      "update 0 big b two",
      "adopt 0 big b three",
      "keep 0 big b three",
      "release 0 big b three",
      "reclaim 0 big b four",
      "create-pool - edge  ",
      "update-pool - edge  ",
      "reserve 1   ",
      "unreserve 1   ",
      "delete-pool - edge  ",
    ]);
    expect(new Set((await register.events()).map(({ actor }) => actor))).toEqual(new Set([ACTOR]));
  });

  it("is found by number, event by event, and holds nothing beyond its last", async () => {
    const register = await start(open, { pools: [{ name: "big", ranges: [parsePrefix("42:20")] }] });
    await change(register);
    const events = await register.events();
    for (const event of events) expect(await register.store.event(event.seq)).toEqual(event);
    expect(await register.store.event(events.length + 1)).toBeUndefined();
  });

  it("names the rule by which an address was allocated", async () => {
    const register = await start(open);
    await register.grant();
    await register.store.updatePool("tiny", { quarantineSeconds: 0 });
    for (let index = 0; index < 5; index += 1) {
      await register.release((await register.grant({ pool: "tiny", owner: "" })).lease);
    }
    await register.grant({ pool: "tiny", owner: "" });
    const kinds = (await register.events()).map(({ kind }) => kind).filter((kind) => kind !== "release");
    expect(kinds).toContain("derive");
    expect(kinds.slice(-6)).toEqual([...Array.from({ length: 5 }, () => "sequence"), "reuse"]);
  });
}

function orders(open: Open): void {
  it("is numbered from 1 without gaps, and its last number is the change counter", async () => {
    const register = await start(open);
    await change(register);
    await register.refusal({ pool: "nowhere" });
    const numbers = (await register.events()).map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.at(-1)).toBe(await register.seq());
  });

  it("has the same time of a change as its lease, though the clock goes on meanwhile", async () => {
    const context = testContext();
    let reading = context.clock();
    const store = await open(initial(), { ...context, clock: () => ++reading });
    onTestFinished(() => store.close());
    const register = new Register(store, new TestClock());
    const { lease } = await register.grant();
    const released = await register.release(lease);
    const times = (await register.events({ address: lease.address })).map(({ at }) => at);
    expect([released?.acquiredAt, released?.releasedAt]).toEqual(times);
  });

  it("has the time of each change, which never goes back though the clock does", async () => {
    const register = await start(open);
    const then = register.clock.now;
    const times: number[] = [];
    for (const jump of [HOUR, -5 * HOUR, 1, 10 * HOUR]) {
      register.clock.advance(jump);
      const { lease } = await register.grant({ owner: `o-${jump}` });
      times.push((await register.events({ address: lease.address })).at(-1)?.at ?? 0);
    }
    expect(times.map((time) => time - then)).toEqual([HOUR, HOUR, HOUR, 6 * HOUR + 1]);
  });

  it("does not grow by looking, nor by what changed nothing", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    const before = await register.events();
    await register.release({ ...lease, token: "?" });
    await register.store.update({ ...lease, token: "?" });
    await register.store.unreserve({ start: B, end: B });
    await register.store.find(A);
    await register.store.predict({ ...lease });
    await register.store.stats("big");
    expect(await register.events()).toEqual(before);
  });
}

function filters(open: Open): void {
  it("gives the events of one address, oldest first", async () => {
    const register = await start(open);
    await change(register);
    const kinds = (await register.events({ address: A })).map(({ kind }) => kind);
    expect(kinds).toEqual(["claim", "update", "adopt", "keep", "release", "reclaim"]);
    expect(await register.events({ address: A + 99 })).toEqual([]);
    expect(await register.events({ address: A + 99, owner: "a" })).toEqual([]);
  });

  it("gives what an address went through under every owner and in every pool, and nothing of its neighbours", async () => {
    const register = await start(open);
    const address = parseMac("42:10:00:00:00:00");
    const expected: string[] = [];
    for (const owner of ["a", "b", "", "c"]) {
      await register.release((await register.grant({ pool: "tiny", owner, requestedAddress: address })).lease);
      await register.grant({ pool: "tiny", owner: "neighbour" });
      expected.push(`claim ${owner}`, `release ${owner}`);
      register.clock.advance(HOUR);
    }
    const history = await register.events({ address });
    expect(history.map(({ kind, owner }) => `${kind} ${owner}`)).toEqual(expected);
    expect(history.every((event) => event.address === address)).toBe(true);
  });

  it("leaves out that a range was reserved or freed which begins with the address", async () => {
    const register = await start(open);
    const range = { start: A, end: A + 5 };
    await register.store.reserve({ ...range, reason: "x" });
    expect(await register.events({ address: A })).toEqual([]);
    await register.store.unreserve(range);
    const { lease } = await register.grant({ requestedAddress: A });
    await register.store.reserve({ ...range, reason: "x" });
    await register.store.unreserve(range);
    await register.release(lease);
    await register.grant({ requestedAddress: A });
    expect((await register.events({ address: A })).map(({ kind }) => kind)).toEqual(["claim", "release", "reclaim"]);
    expect((await register.events()).filter(({ kind }) => /reserve/.test(kind))).toHaveLength(4);
  });

  it("gives the events of one owner, alone or at one address", async () => {
    const register = await start(open);
    await change(register);
    await register.grant({ owner: "b", pool: "tiny" });
    expect((await register.events({ owner: "a" })).map(({ kind }) => kind)).toEqual(["claim"]);
    expect(await register.events({ owner: "b" })).toHaveLength(6);
    expect(await register.events({ owner: "b", address: A })).toHaveLength(5);
    expect(await register.events({ owner: "c" })).toEqual([]);
    expect(await register.events({ owner: undefined, address: undefined })).toHaveLength(await register.seq());
  });
}
