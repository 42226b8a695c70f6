import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type Open, start } from "../support";

/** The longest name that the resource takes, in characters of four bytes that no compression shortens. */
const LONGEST = 4096;

/** Returns a name of the greatest length; equal seeds give equal names, others differ in the last character alone. */
function longName(last: string): string {
  let text = "";
  for (let part = 0; text.length < LONGEST; part += 1) {
    const bytes = createHash("sha512").update(`${part}`).digest();
    for (let index = 0; index + 1 < bytes.length; index += 2) {
      text += String.fromCodePoint(0x20000 + (bytes.readUInt16BE(index) % 0xa6d0));
    }
  }
  return `${text.slice(0, LONGEST - 2)}${last.padStart(2, "-")}`;
}

/** Owners as long as the resource takes them. */
export function longOwnersContract(open: Open): void {
  describe("an owner of 4,096 characters", () => {
    it("has its address, keeps it, gets it back, and is found", async () => {
      const register = await start(open);
      const { lease } = await register.grant({ owner: longName("a") });
      expect((await register.grant({ owner: longName("a") })).rule).toBe("keep");
      await register.release({ ...lease, token: (await register.store.find(lease.address))?.token ?? "" });
      expect(await register.grant({ owner: longName("a") })).toMatchObject({
        rule: "reclaim",
        lease: { address: lease.address },
      });
      const [found] = await register.leases({ owner: longName("a") });
      expect(found?.address).toBe(lease.address);
      expect((await register.store.verify()).faults).toEqual([]);
    });

    it("is not taken for one that differs in the last character, in pools of either strategy", async () => {
      const register = await start(open);
      for (const pool of ["big", "tiny"]) {
        for (const last of ["b", "a", "c"]) await register.grant({ owner: longName(last), pool });
      }
      const owners = (await register.leases({ ownerPrefix: longName("").slice(0, 1000), pool: "big" })).map(
        ({ owner }) => owner,
      );
      expect(owners).toEqual(["a", "b", "c"].map(longName));
      expect(new Set((await register.leases()).map(({ address }) => address)).size).toBe(6);
    });

    it("has one address, however often it is asked for at the same time", async () => {
      const register = await start(open);
      const granted = await Promise.all([1, 2, 3, 4].map(() => register.grant({ owner: longName("a") })));
      expect(new Set(granted.map(({ lease }) => lease.address)).size).toBe(1);
    });
  });
}
