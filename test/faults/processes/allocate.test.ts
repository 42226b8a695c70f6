import { describe, expect, it } from "vitest";
import type { Lease } from "../../../provider/lease/lease";
import { formatMac, parseMac } from "../../../provider/mac/mac";
import { BIG, createFile, openFile, request } from "../../store/support";
import { type Answer, Worker } from "./process";

const SEQUENTIAL = { ...BIG, strategy: "sequential" as const };
const LIMIT = { timeout: 120_000 };

describe("two processes", () => {
  it("that allocate 500 addresses each never get the same one, and none is skipped", LIMIT, async () => {
    const path = createFile({ pools: [SEQUENTIAL] });
    const workers = [new Worker(), new Worker()];
    await Promise.all(workers.map((worker) => worker.ask({ do: "open", path })));
    const answers = await Promise.all(
      workers.map((worker, index) =>
        worker.ask({ do: "allocate", request: request({ owner: `w${index}` }), count: 500, atOnce: 5 }),
      ),
    );
    const addresses = answers.flatMap(({ addresses = [] }) => addresses);
    const first = parseMac("42:20:00:00:00:00");
    const offsets = addresses.map((address) => parseMac(address) - first).toSorted((one, other) => one - other);
    expect(offsets).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    const register = await openFile(path);
    expect(await register.store.verify()).toEqual({ faults: [], leases: 1000 });
    expect(await register.seq()).toBe(1002);
  });

  it("that ask for the same declaration get the same address", LIMIT, async () => {
    const path = createFile();
    const workers = [new Worker(), new Worker()];
    await Promise.all(workers.map((worker) => worker.ask({ do: "open", path })));
    const ask = { do: "allocate", request: request({ owner: "shared" }), count: 50, atOnce: 5 };
    const [one, other] = await Promise.all(workers.map((worker) => worker.ask(ask)));
    expect(one?.addresses).toHaveLength(50);
    expect(one?.addresses).toEqual(other?.addresses);
    expect(await (await openFile(path)).leases()).toHaveLength(50);
  });
});

/** Lets a process allocate, kills it without warning after some acknowledgements, and returns all that it had. */
async function killedAfter(path: string, owner: string, count: number): Promise<readonly Answer[]> {
  const worker = new Worker();
  await worker.ask({ do: "open", path });
  worker.tell({ do: "stream", request: request({ owner }) });
  const answers: Answer[] = [];
  while (answers.length < count) answers.push(await worker.next());
  return [...answers, ...(await worker.kill())];
}

describe("a process that is killed while it allocates", () => {
  it("has lost nothing that was acknowledged, in any of 20 rounds", LIMIT, async () => {
    const path = createFile();
    const acknowledged: Answer[] = [];
    for (let round = 0; round < 20; round += 1) {
      acknowledged.push(...(await killedAfter(path, `round-${round}`, 1 + ((round * 7) % 23))));
      const register = await openFile(path);
      const live = new Map((await register.leases({ state: "live" })).map((lease) => [lease.owner, lease]));
      for (const answer of acknowledged) expect(held(live, answer)).toEqual(answer);
      // Three requests were under way in each round: they may have been granted without anybody knowing.
      expect(live.size).toBeLessThanOrEqual(acknowledged.length + 3 * (round + 1));
      expect((await register.store.verify()).faults).toEqual([]);
      await register.store.close();
    }
  });
});

function held(live: ReadonlyMap<string, Lease>, { owner = "" }: Answer): Answer | undefined {
  const lease = live.get(owner);
  if (lease === undefined) return undefined;
  return { owner, address: formatMac(lease.address), token: lease.token };
}
