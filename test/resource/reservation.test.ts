import { describe, expect, it } from "vitest";
import type { Manager } from "../../provider/lease/pool";
import { type Bag, UNKNOWN } from "../../provider/resource/schema";
import type { LeaseStore } from "../../provider/store/store";
import { codeOf, type Provider, useLab } from "./lab";
import { declaredReservation } from "./managed";
import { checked, create, declared, up } from "./stack";

const lab = useLab();
const ends = { start: "42:0a:00:00:00:00", end: "42:0a:ff:ff:ff:ff", range: "42:0a:00:00:00:00-42:0a:ff:ff:ff:ff" };

const range = { start: 0x420a00000000, end: 0x420affffffff };

/** Returns who manages the reservation that tests declare; undefined when there is none, or nobody does. */
async function reservedBy(register: LeaseStore): Promise<Manager | undefined> {
  return (await register.reserved()).find(({ start }) => start === range.start)?.managedBy;
}

describe("what check says of a reservation", () => {
  it("is its range in canonical form with both ends, and nothing is written", async () => {
    const register = await lab.register();
    const before = await register.identity();
    const inputs = await checked((await lab.provider()).reservation, {}, declaredReservation());
    expect(inputs).toEqual({ ...declaredReservation(), ...ends });
    expect(await register.identity()).toEqual(before);
  });

  it.each<[string, Bag, string]>([
    ["a bad range", { range: "42:1" }, "range"],
    ["a range that runs backwards", { range: "42:00:00:00:00:02-42:00:00:00:00:01" }, "range"],
    ["a list", { range: ["42:0a"] }, "range"],
    ["what every new register reserves", { range: "42:01" }, "range"],
    ["what no register hands out anyway, also with adopt", { range: "02:bf", adopt: true }, "range"],
    ["a reason that is none", { reason: 1 }, "reason"],
  ])("is a failure of the right property for %s", async (_, news, property) => {
    await lab.register();
    const { failures = [] } = await (await lab.provider()).reservation.check({}, declaredReservation(news));
    expect(failures.map((failure) => failure.property)).toEqual([property]);
  });

  it.each(["owner", "installation", "range", "reason", "adopt"])(
    "leaves %s open while it is not known",
    async (key) => {
      await lab.register();
      const inputs = await checked((await lab.provider()).reservation, {}, declaredReservation({ [key]: UNKNOWN }));
      expect(inputs[key]).toBe(UNKNOWN);
    },
  );
});

describe("a reservation", () => {
  it("lives its whole life", async () => {
    const register = await lab.register();
    const { reservation } = await lab.provider();
    const saved = await create(reservation, declaredReservation({ reason: "printers" }));
    expect(saved).toMatchObject({ id: ends.range, outputs: { ...ends, reason: "printers", schemaVersion: 1 } });
    const { __provider, ...inputs } = saved.inputs;
    expect(await reservation.read(saved.id, saved.outputs)).toMatchObject({ id: ends.range, inputs });
    expect((await up(reservation, saved, declaredReservation({ reason: "printers", range: "420A" }))).op).toBe("same");
    const changed = await up(reservation, saved, declaredReservation({ reason: "label printers" }));
    expect(changed.op).toBe("update");
    expect(await register.reserved()).toContainEqual(expect.objectContaining({ reason: "label printers" }));
    await reservation.delete(changed.id, changed.outputs);
    expect((await register.reserved()).map(({ reason }) => reason)).not.toContain("label printers");
    expect((await reservation.read(changed.id, changed.outputs)).id).toBe("");
    await reservation.delete(changed.id, changed.outputs);
  });

  it("is replaced when its range changes", async () => {
    const register = await lab.register();
    const { reservation } = await lab.provider();
    const saved = await create(reservation, declaredReservation({ reason: "a" }));
    expect((await up(reservation, saved, declaredReservation({ range: "42:0b", reason: "a" }))).op).toBe("replace");
    expect((await register.reserved()).filter(({ reason }) => reason === "a")).toHaveLength(1);
  });

  it("is found again by a retry after a crash, and refused to any other declaration", async () => {
    await lab.register();
    const { reservation } = await lab.provider();
    const first = await create(reservation, declaredReservation());
    const again = await create(reservation, declaredReservation());
    expect(again.outputs).toEqual({ ...first.outputs, token: again.outputs["token"] });
    expect(again.outputs["token"]).not.toBe(first.outputs["token"]);
    for (const other of [{ owner: "acme/net/prod/other" }, { installation: "stack-2" }]) {
      const { failures } = await reservation.check({}, declaredReservation(other));
      expect(failures).toMatchObject([{ property: "range" }]);
      expect(await codeOf(reservation.create(declaredReservation(other)))).toBe("RESERVATION_CONFLICT");
    }
  });

  it("is taken over with adopt, and then left alone by the one who had it", async () => {
    const register = await lab.register();
    const { reservation } = await lab.provider();
    const first = await create(reservation, declaredReservation({ reason: "a" }));
    await create(reservation, declaredReservation({ owner: "acme/net/prod/other", reason: "b", adopt: true }));
    await reservation.delete(first.id, first.outputs);
    expect((await reservation.read(first.id, first.outputs)).id).toBe("");
    expect(await codeOf(reservation.update(first.id, first.outputs, first.inputs))).toBe("RESERVATION_CONFLICT");
    expect(await register.reserved()).toContainEqual(expect.objectContaining({ reason: "b" }));
  });

  it("keeps its register entry through a rename of its stack, also when that is repeated after a crash", async () => {
    const register = await lab.register();
    const { reservation } = await lab.provider();
    const saved = await create(reservation, declaredReservation());
    const renamed = declaredReservation({ owner: "acme/net/next/printers", installation: "stack-2" });
    expect((await up(reservation, saved, renamed)).op).toBe("update");
    const again = await up(reservation, saved, renamed);
    expect(again.outputs["token"]).toBe(saved.outputs["token"]);
    expect(await reservedBy(register)).toMatchObject({ installation: "stack-2", token: saved.outputs["token"] });
    await reservation.delete(again.id, again.outputs);
    expect(await register.reserved()).not.toContainEqual(expect.objectContaining({ start: 0x420a00000000 }));
  });

  it("leaves live leases in its range alone, and says how many there are", async () => {
    const register = await lab.register();
    const provider = await lab.provider();
    const nic = await create(provider, declared({ requestedAddress: "42:0a:00:00:00:01" }));
    await create(provider.reservation, declaredReservation());
    expect(lab.printed.join("\n")).toContain("1 live lease in 42:0a");
    expect((await provider.read(nic.id, nic.outputs)).id).toBe(nic.id);
    expect((await register.find(0x420a00000001))?.releasedAt).toBeUndefined();
  });

  it("is made again by an update when somebody removed it", async () => {
    const register = await lab.register();
    const { reservation } = await lab.provider();
    const saved = await create(reservation, declaredReservation({ reason: "a" }));
    await register.unreserve(range);
    const again = await up(reservation, saved, declaredReservation({ reason: "a" }));
    expect(again).toMatchObject({ op: "update", outputs: saved.outputs });
    expect(await register.reserved()).toContainEqual(expect.objectContaining({ reason: "a" }));
    expect((await up(reservation, again, declaredReservation({ reason: "a" }))).op).toBe("same");
    await reservation.delete(again.id, again.outputs);
    expect(await reservedBy(register)).toBeUndefined();
  });
});

describe("two reservations of one range in a program", () => {
  const rival = { owner: "acme/net/prod/rival" };
  const check = async (provider: Provider, news: Bag, olds: Bag = {}) =>
    (await provider.reservation.check(olds, declaredReservation(news))).failures ?? [];

  it.each(["with a register", "without one"])("are refused before anything is made, %s", async (where) => {
    if (where === "with a register") await lab.register();
    const provider = await lab.provider();
    expect(await check(provider, {})).toEqual([]);
    const reason = expect.stringContaining("acme/net/prod/printers");
    expect(await check(provider, { ...rival, range: "42-0a-00-00-00-00..420affffffff" })).toEqual([
      { property: "range", reason },
    ]);
  });

  it.each<[string, Bag]>([
    ["of which one is a part of the other", { range: "42:0a:00" }],
    ["of which one adopts what the other has", { adopt: true }],
    ["of which one is not known yet", { range: UNKNOWN }],
    ["of which one has an owner that is not known yet", { owner: UNKNOWN }],
  ])("are none %s", async (_, news) => {
    await lab.register();
    for (const order of [
      [{}, { ...rival, ...news }],
      [{ ...rival, ...news }, {}],
    ]) {
      const provider = await lab.provider();
      for (const bag of order) expect(await check(provider, bag)).toEqual([]);
    }
  });

  it("are none when one is checked twice, is renamed, or gives its range to the other in the same update", async () => {
    await lab.register();
    const provider = await lab.provider();
    for (const olds of [declaredReservation(), {}]) expect(await check(provider, {}, olds)).toEqual([]);
    expect(await check(provider, rival, declaredReservation())).toEqual([]);
    expect(await check(provider, { range: "42:0b" }, declaredReservation())).toEqual([]);
    expect(await check(provider, { ...rival, range: "42:0c" }, declaredReservation(rival))).toEqual([]);
    expect(await check(provider, {}, declaredReservation({ range: "42:0b" }))).toEqual([]);
  });
});
