import { expect, it, vi } from "vitest";
import { parseMac } from "../../provider/mac/mac";
import { parsePrefix } from "../../provider/mac/range";
import type { Bag } from "../../provider/resource/schema";
import { type Provider, useLab } from "../resource/lab";
import { create, declared, type Saved, shown, up } from "../resource/stack";
import { Relay } from "./relay";
import { createSchema, describePostgres, openUrl } from "./support";

const lab = useLab();

const nic = (index: number, more: Bag = {}) => declared({ owner: `acme/net/prod/nic-${index}`, ...more });

/** Starts a provider process that reaches the register through `relay`. */
async function processBehind(relay: { readonly url: string }): Promise<Provider> {
  return lab.provider({ "macpool:store": relay.url });
}

/** Creates a stack of NICs and returns it as saved. */
async function stackOf(count: number, url: string): Promise<readonly Saved[]> {
  const provider = await lab.provider({ "macpool:store": url });
  return Promise.all(Array.from({ length: count }, (_, index) => create(provider, nic(index))));
}

/** Checks every NIC, one after the other as the engine does, and returns what is shown. */
async function preview(provider: Provider, nics: readonly Saved[]): Promise<unknown[]> {
  const addresses: unknown[] = [];
  for (const [index, { inputs }] of nics.entries()) addresses.push(await shown(provider, inputs, nic(index)));
  return addresses;
}

/** Returns the URLs of a register: itself, and through a relay that counts. */
async function relayed() {
  const url = await createSchema({ pools: [{ name: "default", ranges: [parsePrefix("42")], quarantineSeconds: 0 }] });
  const { relay, url: behind } = await Relay.before(`${url}&sslmode=disable`);
  return { url, relay, behind: { url: behind } };
}

describePostgres("check of a stack that stays as it is", () => {
  it("makes no more round trips for a hundred NICs than for ten, but for another page of the list", async () => {
    const { url, relay, behind } = await relayed();
    const nics = await stackOf(100, url);
    const trips: number[] = [];
    for (const some of [nics.slice(0, 10), nics]) {
      const provider = await processBehind(behind);
      // What opening the register costs is no part of it.
      await shown(provider, {}, declared({ owner: "other" }));
      const before = relay.roundTrips;
      expect(await preview(provider, some)).toEqual(some.map(({ id }) => id));
      trips.push(relay.roundTrips - before);
    }
    // One NIC by itself, and the list of the stack's leases. A very slow machine may read that again.
    expect(Math.min(...trips), trips.join()).toBeGreaterThan(0);
    expect(Math.max(...trips), trips.join()).toBeLessThan(10);
  });

  it("reads the list again when it is some seconds old", async () => {
    const { url, relay, behind } = await relayed();
    const nics = await stackOf(3, url);
    const provider = await processBehind(behind);
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    await preview(provider, nics);
    const before = relay.roundTrips;
    await preview(provider, nics);
    expect(relay.roundTrips).toBe(before);
    clock.mockReturnValue(10_000);
    await preview(provider, nics);
    expect(relay.roundTrips).toBe(before + 1);
  });

  it("shows the address that the register has, whatever an earlier preview foretold", async () => {
    const { url } = await relayed();
    const nics = await stackOf(3, url);
    const foretold = nics.map((saved) => ({ ...saved, inputs: { ...saved.inputs, address: "42:00:00:00:00:99" } }));
    const provider = await processBehind({ url });
    expect(await preview(provider, foretold)).toEqual(nics.map(({ id }) => id));
  });
});

describePostgres("what check remembers", () => {
  it("decides nothing: a lease that somebody ended meanwhile is found gone by diff, and asserted by update", async () => {
    const { url } = await relayed();
    const nics = await stackOf(3, url);
    const provider = await processBehind({ url });
    await preview(provider, nics);
    const others = await openUrl(url);
    const [, , last] = nics;
    if (last === undefined) throw new Error("there are three");
    const ref = { address: parseMac(last.id), token: String(last.outputs["token"]) };
    expect(await others.store.release([ref])).toMatchObject([{ address: ref.address }]);
    expect(await preview(provider, nics)).toEqual(nics.map(({ id }) => id));
    expect(await up(provider, last, nic(2))).toMatchObject({ op: "update", id: last.id });
    expect(await others.store.find(ref.address)).toMatchObject({ owner: "acme/net/prod/nic-2" });
    expect((await others.store.find(ref.address))?.releasedAt).toBeUndefined();
  });

  it("is not used for what is new: each time the register is asked", async () => {
    const { url } = await relayed();
    const nics = await stackOf(3, url);
    const provider = await processBehind({ url });
    await preview(provider, nics);
    const favourite = String(await shown(provider, {}, nic(3)));
    const others = await openUrl(url);
    await others.grant({ owner: "somebody", pool: "default", requestedAddress: parseMac(favourite) });
    const next = await shown(provider, {}, nic(3));
    expect(next).not.toBe(favourite);
    expect((await create(provider, nic(3))).id).toBe(next);
    // A NIC without old inputs, as in a replacement or after a crash, whose lease is somebody else's by now.
    const [first] = nics;
    if (first === undefined) throw new Error("there are three");
    const requestedAddress = parseMac(first.id);
    await others.store.release([{ address: requestedAddress, token: String(first.outputs["token"]) }]);
    expect((await others.grant({ owner: "heir", pool: "default", requestedAddress })).rule).toBe("claim");
    expect(await shown(provider, {}, nic(0))).not.toBe(first.id);
  });
});
