import { describe, expect, it } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import type { Bag } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { BLOCK_LOADER } from "../../sdk/loader";
import { live, useLab } from "./lab";
import { foretold, hasty, sequential } from "./pools";
import { checked, create, declared, grant, type Handlers, type Saved, sent, up } from "./stack";

const lab = useLab();

/** A name in which both differ, as after `pulumi stack rename`. */
const RENAMED = { owner: "acme/net/prod/renamed", installation: "stack-2" };

/** A resource before an update, and what the program says of it then. */
interface Change {
  readonly old: Saved;
  readonly news: Bag;
}

/**
 * Replaces resources in one update though nothing asks for other addresses, as `replacementTrigger` or `replaceWith` do, and
 * returns them in their order. The engine checks each twice, the second time without old inputs.
 */
async function replaced(provider: Handlers, changes: readonly Change[], isDeletedFirst: boolean): Promise<Saved[]> {
  const inputs: Bag[] = [];
  for (const { old, news } of changes) {
    await checked(provider, old.inputs, news);
    inputs.push(await checked(provider, {}, news));
  }
  const saved: Saved[] = [];
  for (const [index, { old }] of changes.entries()) {
    if (isDeletedFirst) await provider.delete(old.id, old.outputs);
    saved.push(await grant(provider, inputs[index] ?? {}));
  }
  if (!isDeletedFirst) for (const { old } of changes) await provider.delete(old.id, old.outputs);
  return saved;
}

async function replace(provider: Handlers, old: Saved, news: Bag, isDeletedFirst: boolean): Promise<Saved> {
  const [saved] = await replaced(provider, [{ old, news }], isDeletedFirst);
  return saved ?? old;
}

/** Creates resources in one run, and gives each the name that is said beside it. */
async function renamed(provider: Handlers, all: readonly (readonly [Bag, Bag])[]): Promise<Change[]> {
  const changes: Change[] = [];
  for (const [before, more] of all) {
    const old = await create(provider, before);
    changes.push({ old, news: { ...before, ...more } });
  }
  return changes;
}

function nic(owner: string, more: Bag = {}): Bag {
  return declared({ owner, defaultOwner: owner, ...more });
}

function block(owner: string, more: Bag = {}): Bag {
  return nic(owner, { count: 2, __provider: BLOCK_LOADER, ...more });
}

function addressesOf(all: readonly Saved[]): string[][] {
  return all.map(({ id, outputs }) => (outputs["addresses"] as string[] | undefined) ?? [id]);
}

/** Returns what happened to an address, oldest first. */
async function kindsOf(register: LeaseStore, address: string): Promise<string[]> {
  const kinds: string[] = [];
  for await (const { kind } of register.history({ address: parseMac(address) })) kinds.push(kind);
  return kinds;
}

describe.each([
  ["first", true],
  ["last", false],
] as const)(
  "What is renamed and replaced in one update keeps its address when the old one is deleted %s:",
  (_, isDeletedFirst) => {
    it("a NIC", async () => {
      const register = await lab.register();
      const old = await create(await lab.provider(), declared());
      const saved = await replace(await lab.provider(), old, declared(RENAMED), isDeletedFirst);
      expect(saved.inputs["address"]).toBe(old.id);
      expect(saved).toMatchObject({ id: old.id, outputs: RENAMED });
      expect(await register.find(parseMac(old.id))).toMatchObject({ ...RENAMED, token: saved.outputs["token"] });
      expect((await register.find(parseMac(old.id)))?.releasedAt).toBeUndefined();
      expect(await live(register)).toHaveLength(1);
      // A process that is killed between two steps would leave a lease behind that no state knows.
      const kinds = await kindsOf(register, old.id);
      expect(kinds.slice(1)).toEqual(isDeletedFirst ? ["release", "reclaim"] : ["keep"]);
    });

    it("a NIC that has other keepers and asks for its own address for the first time", async () => {
      const register = await lab.register(sequential);
      const pool = "sequential";
      const old = await create(await lab.provider(), declared({ pool, keepers: { image: "1" } }));
      const news = declared({ ...RENAMED, pool, keepers: { image: "2" }, requestedAddress: old.id });
      const saved = await replace(await lab.provider(), old, news, isDeletedFirst);
      expect(saved).toMatchObject({ id: old.id, outputs: RENAMED });
      expect(await live(register)).toEqual([old.id]);
    });

    it("a NIC that has other keepers and asks for its own address", async () => {
      const register = await lab.register();
      const own = { requestedAddress: "42:77:00:00:00:07", keepers: { image: "1" } };
      const old = await create(await lab.provider(), declared(own));
      const news = declared({ ...own, ...RENAMED, keepers: { image: "2" } });
      const saved = await replace(await lab.provider(), old, news, isDeletedFirst);
      expect(saved).toMatchObject({
        id: old.id,
        inputs: { address: old.id },
        outputs: { ...RENAMED, keepers: { image: "2" } },
      });
      expect(await register.find(parseMac(old.id))).toMatchObject({ ...RENAMED, token: saved.outputs["token"] });
      expect(await live(register)).toEqual([old.id]);
    });

    it("NICs that swap names and have other keepers, each with its own address", async () => {
      const register = await lab.register();
      const all = ["42:77:00:00:00:07", "42:77:00:00:00:08"].map((requestedAddress, index) => {
        const [before, after] = index === 0 ? ["x", "y"] : ["y", "x"];
        return [
          nic(before, { requestedAddress, keepers: { image: "1" } }),
          { owner: after, keepers: { image: "2" } },
        ] as const;
      });
      const changes = await renamed(await lab.provider(), all);
      const saved = await replaced(await lab.provider(), changes, isDeletedFirst);
      expect(addressesOf(saved)).toEqual(addressesOf(changes.map(({ old }) => old)));
      expect(await live(register)).toHaveLength(2);
    });

    it.each(["default", "sequential"])("a block that also grows, in pool %s", async (pool) => {
      const register = await lab.register(sequential);
      const old = await create((await lab.provider()).block, block("vm", { pool }));
      const news = block("vm", { pool, ...RENAMED, count: 3 });
      const saved = await replace((await lab.provider()).block, old, news, isDeletedFirst);
      const [[...before] = [], [...after] = []] = addressesOf([old, saved]);
      expect(after.slice(0, 2)).toEqual(before);
      const shown = (saved.inputs["addresses"] ?? saved.inputs["known"]) as string[];
      expect(shown.slice(0, 2)).toEqual(before);
      for (const [index, text] of after.entries()) {
        const lease = await register.find(parseMac(text));
        expect(lease).toMatchObject({ owner: `${RENAMED.owner}[${index}]`, installation: RENAMED.installation });
        expect(lease?.releasedAt).toBeUndefined();
      }
      expect(await live(register)).toHaveLength(3);
    });

    it.each([
      ["swap their owners", ["x", "y"], ["y", "x"]],
      ["each take the owner of the next", ["x", "y", "z"], ["y", "z", "new"]],
    ])("NICs and blocks of every pool that %s", async (_what, before, after) => {
      const register = await lab.register(sequential);
      const expected: string[] = [];
      for (const [kind, declare] of [
        ["nic", nic],
        ["block", block],
      ] as const) {
        for (const pool of ["default", "sequential"]) {
          const handlers = async () => (kind === "nic" ? lab.provider() : (await lab.provider()).block);
          const of = (owner: string) => `${kind}-${pool}-${owner}`;
          const all = before.map(
            (owner, index) => [declare(of(owner), { pool }), { owner: of(after[index] ?? "") }] as const,
          );
          const changes = await renamed(await handlers(), all);
          const saved = await replaced(await handlers(), changes, isDeletedFirst);
          expect(addressesOf(saved)).toEqual(addressesOf(changes.map(({ old }) => old)));
          expected.push(...addressesOf(saved).flat());
        }
      }
      expect(await live(register)).toEqual(expected.sort());
    });

    it("NICs that have one owner in two pools, of which one took it from a third", async () => {
      const register = await lab.register(foretold, hasty);
      const all = [
        [nic("a", { pool: "foretold" }), { owner: "b" }],
        [nic("z", { pool: "hasty" }), { owner: "b" }],
        [nic("b", { pool: "foretold" }), { owner: "c" }],
      ] as const;
      const changes = await renamed(await lab.provider(), all);
      const saved = await replaced(await lab.provider(), changes, isDeletedFirst);
      expect(addressesOf(saved)).toEqual(addressesOf(changes.map(({ old }) => old)));
      expect(await live(register)).toHaveLength(3);
    });
  },
);

it("What asks for an address that another one has is refused, however it is renamed and replaced", async () => {
  const register = await lab.register();
  const other = await create(await lab.provider(), declared({ owner: "acme/net/prod/other" }));
  const old = await create(await lab.provider(), declared({ keepers: { image: "1" } }));
  const provider = await lab.provider();
  const news = sent(
    declared({ ...RENAMED, defaultOwner: old.inputs["owner"], keepers: { image: "2" }, requestedAddress: other.id }),
  );
  for (const olds of [old.inputs, {}]) {
    const { failures } = await provider.check(olds, news);
    expect(failures).toMatchObject([{ property: "address", reason: expect.stringContaining("acme/net/prod/other") }]);
  }
  expect(await live(register)).toEqual([other.id, old.id].sort());
});

it.each(["default", "sequential"])(
  "What asks for an address whose lease has its old name by now is refused, in pool %s",
  async (pool) => {
    const register = await lab.register(sequential);
    const old = await create(await lab.provider(), nic("nic", { pool, keepers: { image: "1" } }));
    const other = await create(await lab.provider(), nic("other", { pool, keepers: { image: "1" } }));
    // As with --target, both times: nobody looks at the other one.
    const taking = nic("nic", { pool, defaultOwner: "other", keepers: { image: "1" } });
    const { outputs } = await up(await lab.provider(), other, taking);
    const provider = await lab.provider();
    const news = nic("new", { pool, defaultOwner: "nic", keepers: { image: "2" }, requestedAddress: other.id });
    for (const olds of [old.inputs, {}]) {
      const { failures } = await provider.check(olds, news);
      expect(failures).toMatchObject([{ property: "address", reason: expect.stringContaining("is taken") }]);
    }
    expect(await register.find(parseMac(other.id))).toMatchObject({ owner: "nic", token: outputs["token"] });
  },
);

it("What is renamed and replaced keeps its address also when it was cut off between the grant and the state", async () => {
  const register = await lab.register();
  const old = await create(await lab.provider(), declared());
  const news = declared(RENAMED);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const provider = await lab.provider();
    await checked(provider, old.inputs, news);
    expect((await create(provider, news)).id).toBe(old.id);
  }
  expect(await live(register)).toHaveLength(1);
});
