import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Lease } from "../../../provider/lease/lease";
import { formatMac } from "../../../provider/mac/mac";
import type { LeaseStore } from "../../../provider/store/store";
import { faultOf, type Provider, useLab } from "../../resource/lab";
import { create, declared, type Saved } from "../../resource/stack";
import { collect } from "../../store/support";

const lab = useLab();
const COUNT = 20;

interface Before {
  readonly saved: readonly Saved[];
  readonly leases: readonly Lease[];
  readonly seq: number;
}

/** Copies the register while it is in use, log and all, as whatever cuts the power off does. */
function copyInUse(from: string, to: string): void {
  for (const suffix of ["", "-wal"]) copyFileSync(from + suffix, to + suffix);
}

/** Grants addresses, each in a commit of its own, and leaves a copy at `to` that has all of them in its log. */
async function used(to: string, name = "nic"): Promise<Before> {
  // Held open, so that nothing of the log is folded into the file.
  const register = await lab.register();
  const provider = await lab.provider();
  const saved: Saved[] = [];
  for (let index = 0; index < COUNT; index += 1)
    saved.push(await create(provider, declared({ owner: `${name}-${index}` })));
  copyInUse(lab.path, to);
  return { saved, leases: await collect(register.list()), seq: (await register.identity()).seq };
}

const damages: readonly [string, (wal: string) => void][] = [
  ["cut to half", (wal) => truncateSync(wal, Math.floor(statSync(wal).size / 2))],
  [
    "with one flipped byte",
    (wal) => {
      const content = readFileSync(wal);
      const middle = content.length >> 1;
      content[middle] = (content[middle] ?? 0) ^ 0xff;
      writeFileSync(wal, content);
    },
  ],
  ["deleted", (wal) => rmSync(wal)],
];

const calls: readonly [string, (provider: Provider, saved: Saved) => Promise<unknown>][] = [
  ["diff", (provider, { id, inputs, outputs }) => provider.diff(id, outputs, inputs)],
  ["update", (provider, { id, inputs, outputs }) => provider.update(id, outputs, inputs)],
  ["delete", (provider, { id, outputs }) => provider.delete(id, outputs)],
  ["read", (provider, { id, outputs }) => provider.read(id, outputs)],
];

async function identityOf(path: string) {
  const store = await lab.open(path);
  const identity = await store.identity();
  await store.close();
  return identity;
}

describe.each(damages)("a register with a log %s", (_, damage) => {
  it("opens at an earlier change without a word of SQLite, and every call refuses a state that is ahead of it", async () => {
    const path = lab.beside("damaged.db");
    const { saved, seq } = await used(path);
    damage(`${path}-wal`);
    const found = await identityOf(path);
    expect(found.seq).toBeLessThan(seq);
    const last = saved.at(-1);
    if (last === undefined) throw new Error("nothing was granted");
    for (const [name, call] of calls) {
      const provider = await lab.provider({ "macpool:store": path });
      const fault = await faultOf(call(provider, last));
      expect(fault.code, name).toBe("REGISTER_ROLLED_BACK");
      expect(fault.details).toEqual({ found: found.seq, expected: Number(last.outputs["seq"]) });
      for (const text of [
        path,
        `change ${found.seq}`,
        last.id,
        "Nothing was written for this resource",
        "macpool reconcile --apply",
      ]) {
        expect(fault.message).toContain(text);
      }
      // From then on this process writes nothing at all, though the register itself has no objection.
      expect((await faultOf(provider.create(declared({ owner: "new" })))).code).toBe("REGISTER_ROLLED_BACK");
    }
    expect(await identityOf(path)).toEqual(found);
  });

  it("is brought up by what the states say, goes on above the newest change of theirs, and gives no address twice", async () => {
    const path = lab.beside("damaged.db");
    const { saved, leases, seq } = await used(path);
    damage(`${path}-wal`);
    const store: LeaseStore = await lab.open(path);
    await store.recover(
      leases.map((lease) => ({ ...lease, stack: "dev" })),
      true,
    );
    expect((await store.identity()).seq).toBeGreaterThanOrEqual(seq);
    expect((await store.verify()).faults).toEqual([]);
    const provider = await lab.provider({ "macpool:store": path });
    for (const one of saved) {
      expect(await provider.diff(one.id, one.outputs, one.inputs)).toMatchObject({ changes: false });
    }
    const fresh = await create(provider, declared({ owner: "new" }));
    expect(leases.map(({ address }) => formatMac(address))).not.toContain(fresh.id);
    expect(Number(fresh.outputs["seq"])).toBeGreaterThan(seq);
  });
});

describe("a register with the log of another one", () => {
  it("is refused for every state, whatever SQLite makes of it", async () => {
    const [path, foreign] = [lab.beside("damaged.db"), lab.beside("foreign.db")];
    await used(foreign, "other");
    await lab.renew();
    const { saved } = await used(path);
    copyFileSync(`${foreign}-wal`, `${path}-wal`);
    for (const one of saved) {
      const provider = await lab.provider({ "macpool:store": path });
      for (const [, call] of calls) {
        const { code, message } = await faultOf(call(provider, one));
        expect(code).toMatch(/^REGISTER_(ROLLED_BACK|MISMATCH|CORRUPT)$/);
        expect(message).toMatch(/macpool re(concile|store)/);
      }
    }
  });
});
