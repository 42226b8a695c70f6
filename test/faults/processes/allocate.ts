import { describe, expect, it } from "vitest";
import { parseMac } from "../../../provider/mac/mac";
import { BIG, type Content, type Register, request } from "../../store/support";
import { Worker } from "./process";

const SEQUENTIAL = { ...BIG, strategy: "sequential" as const };
const LIMIT = { timeout: 120_000 };

/** Some kind of register: what makes a new one and returns its path or URL, and what opens one. */
export interface Kind {
  readonly create: (content?: Content) => Promise<string>;
  readonly open: (path: string) => Promise<Register>;
}

/** Tests that two processes share a register out between them. */
export function allocation({ create, open }: Kind): void {
  describe("two processes", () => {
    it("that allocate 500 addresses each never get the same one, and none is skipped", LIMIT, async () => {
      const path = await create({ pools: [SEQUENTIAL] });
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
      const register = await open(path);
      expect(await register.store.verify()).toEqual({ faults: [], leases: 1000 });
      expect(await register.seq()).toBe(1002);
    });

    it("that ask for the same declaration get the same address", LIMIT, async () => {
      const path = await create();
      const workers = [new Worker(), new Worker()];
      await Promise.all(workers.map((worker) => worker.ask({ do: "open", path })));
      const ask = { do: "allocate", request: request({ owner: "shared" }), count: 50, atOnce: 5 };
      const [one, other] = await Promise.all(workers.map((worker) => worker.ask(ask)));
      expect(one?.addresses).toHaveLength(50);
      expect(one?.addresses).toEqual(other?.addresses);
      expect(await (await open(path)).leases()).toHaveLength(50);
    });
  });
}
