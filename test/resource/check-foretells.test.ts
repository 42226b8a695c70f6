import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatMac } from "../../provider/mac/mac";
import { type Bag, UNKNOWN } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { codeOf, type Provider, useLab } from "./lab";
import { candidates, foretold, hasty, rivals, sequential } from "./pools";
import { checked, create, declared, grant, type Saved, up } from "./stack";

const lab = useLab();

/** Two who like the same address of pool `hasty` best, and two who do not. */
const owners = [...rivals(hasty, 2), "acme/net/prod/a", "acme/net/prod/b"];
const pools = [foretold, hasty, sequential];
const addresses = [foretold, hasty].flatMap((pool) =>
  owners.flatMap((owner) => candidates(pool, owner).slice(0, 2).map(formatMac)),
);

const identity = fc.record({
  owner: fc.constantFrom(...owners),
  installation: fc.constantFrom("", "stack-1", "stack-2"),
  pool: fc.constantFrom(...pools.map(({ name }) => name)),
  keepers: fc.constantFrom({}, { image: "1" }),
});
const wishes = fc.record(
  { requestedAddress: fc.constantFrom(...addresses), adopt: fc.boolean() },
  { requiredKeys: [] },
);
const resource = fc.tuple(identity, wishes).map(([who, wish]): Bag => declared({ ...who, ...wish }));

/** What others did with the register before. */
type Event = (register: LeaseStore, provider: Provider, saved: Saved[]) => Promise<unknown>;

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: resource.map(
      (bag): Event =>
        (_, provider, saved) =>
          keep(create(provider, bag), saved),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.nat(9).map(
      (index): Event =>
        (_, provider, saved) => {
          const gone = saved[index % Math.max(saved.length, 1)];
          return gone === undefined ? Promise.resolve() : provider.delete(gone.id, gone.outputs);
        },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...candidates(hasty, owners[0] ?? "").slice(0, 3)).map(
      (address): Event =>
        (register) =>
          register.reserve({ start: address, end: address, reason: "a printer" }),
    ),
  },
);

/** A refusal is part of life, and so are two declarations that mean one lease, of which the later has the token. */
async function keep(work: Promise<Saved>, saved: Saved[]): Promise<void> {
  const [outcome] = await Promise.allSettled([work]);
  if (outcome?.status === "fulfilled") saved.push(outcome.value);
}

async function afterwards(history: readonly Event[]): Promise<Saved[]> {
  await lab.renew();
  const register = await lab.register(...pools);
  const provider = await lab.provider();
  const saved: Saved[] = [];
  for (const happen of history) await happen(register, provider, saved);
  return saved;
}

const histories = fc.array(event, { maxLength: 12 });

/** Every run makes a register and asks it durably, so there are fewer than fast-check would like. */
const runs = { numRuns: 60 };

describe("whatever happened before, what check shows of a new resource", () => {
  it("is what create grants, and what check refuses create refuses too", async () => {
    const property = fc.asyncProperty(histories, resource, fc.boolean(), async (history, given, isFirst) => {
      await afterwards(history);
      // In the first preview of a stack its installation is not known: it will be one that nobody had.
      const news = isFirst ? { ...given, installation: UNKNOWN } : given;
      const real = isFirst ? { ...given, installation: "stack-new" } : given;
      const { inputs, failures = [] } = await (await lab.provider()).check({}, news);
      const update = await lab.provider();
      if (failures.length > 0) {
        expect(await codeOf(update.create(real))).toMatch(/^ADDRESS_/);
        return;
      }
      const { installation } = real as Bag;
      const saved = await grant(update, { ...inputs, installation, address: inputs["address"] ?? null });
      if (given["pool"] !== "sequential") expect(inputs).toHaveProperty("address");
      if ("address" in inputs) expect(saved.id).toBe(inputs["address"]);
    });
    await fc.assert(property, runs);
  });

  it("is what create grants when several were shown before any was created, in any order", async () => {
    const several = fc.uniqueArray(identity, { selector: ({ owner, pool }) => `${owner} ${pool}`, maxLength: 6 });
    const property = fc.asyncProperty(histories, several, fc.gen(), async (history, given, gen) => {
      await afterwards(history);
      const provider = await lab.provider();
      const inputs: Bag[] = [];
      for (const who of given) inputs.push(await checked(provider, {}, declared(who)));
      const shown = inputs.map((bag) => bag["address"]).filter((address) => address !== undefined);
      expect(new Set(shown).size).toBe(shown.length);
      // One who likes best what another one had, and was shown it first, may find it reclaimed: the other is shown nothing.
      const isClear = inputs.every((bag) => "address" in bag || bag["pool"] === "sequential");
      const order = gen(() => fc.shuffledSubarray(inputs, { minLength: inputs.length }));
      for (const bag of order) {
        const { id } = await grant(provider, bag);
        if (isClear && "address" in bag) expect(id).toBe(bag["address"]);
      }
    });
    await fc.assert(property, runs);
  });
});

describe("whatever happened before, what check shows of a resource that exists", () => {
  it("is the address it has after the update, or that of its replacement", async () => {
    const property = fc.asyncProperty(histories, resource, resource, async (history, given, change) => {
      await afterwards(history);
      const provider = await lab.provider();
      const [outcome] = await Promise.allSettled([create(provider, given)]);
      if (outcome?.status !== "fulfilled") return;
      const process = await lab.provider();
      const [next] = await Promise.allSettled([up(process, outcome.value, change)]);
      if (next?.status !== "fulfilled") {
        expect(String(next?.reason)).toMatch(/taken|quarantine|reserved|not in pool/);
        return;
      }
      const { op, id, inputs } = next.value;
      if (op !== "replace") expect(id).toBe(outcome.value.id);
      if (op !== "replace" || change["pool"] !== "sequential") expect(inputs).toHaveProperty("address");
      if ("address" in inputs) expect(inputs["address"]).toBe(id);
    });
    await fc.assert(property, runs);
  });
});
