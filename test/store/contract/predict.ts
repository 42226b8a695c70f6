import { describe, expect, it } from "vitest";
import { ATTEMPTS, derive } from "../../../provider/lease/derive";
import { definePool } from "../../../provider/lease/pool";
import { type Mac, parseMac } from "../../../provider/mac/mac";
import { parsePrefix } from "../../../provider/mac/range";
import { BIG, type Open, rejection, request, start } from "../support";

const candidate = (attempt: number): Mac => derive(definePool(BIG), request().owner, attempt);
const wanted = parseMac("42:20:00:00:00:07");

/** `predict`; that it agrees with `acquire` in every state is in invariants.ts. */
export function predictContract(open: Open): void {
  describe("a prediction", () => predicts(open));
  describe("a prediction that others were shown", () => respectsPromises(open));
}

function predicts(open: Open): void {
  it("is the derived address of an owner that has none, and is granted then", async () => {
    const register = await start(open);
    const predicted = await register.store.predict(request());
    expect(predicted).toEqual({ rule: "derive", address: candidate(0) });
    expect(await register.grant()).toMatchObject({ rule: "derive", lease: { address: candidate(0) } });
  });

  it("writes nothing", async () => {
    const register = await start(open);
    const before = [await register.seq(), await register.leases(), await register.store.stats("big")];
    await register.store.predict(request());
    await register.store.predict(request({ requestedAddress: wanted }));
    expect([await register.seq(), await register.leases(), await register.store.stats("big")]).toEqual(before);
  });

  it("is the address the owner has, had, names or would adopt, with the rule, also in a small pool", async () => {
    const register = await start(open);
    const predict = (change: object) => register.store.predict(request({ pool: "tiny", ...change }));
    const { lease } = await register.grant({ pool: "tiny" });
    const { address } = lease;
    expect(await predict({})).toEqual({ rule: "keep", address });
    expect(await predict({ installation: "two", adopt: true })).toEqual({ rule: "adopt", address });
    await register.release(lease);
    expect(await predict({})).toEqual({ rule: "reclaim", address });
    expect(await predict({ requestedAddress: address + 1 })).toEqual({ rule: "claim", address: address + 1 });
  });

  it("is left out where another request may come first: sequential, anonymous, and pools below 2^24", async () => {
    const register = await start(open);
    const below = { start: parseMac("42:40:00:00:00:01"), end: parseMac("42:40:00:ff:ff:ff") };
    await register.store.createPool({ name: "below", ranges: [below] });
    await register.store.createPool({ name: "enough", ranges: [parsePrefix("42:50:00")] });
    const rule = async (change: object) => (await register.store.predict(request(change)))?.rule;
    expect(await rule({ pool: "tiny" })).toBeUndefined();
    expect(await rule({ owner: "" })).toBeUndefined();
    expect(await rule({ sequential: true })).toBeUndefined();
    expect(await rule({ pool: "below" })).toBeUndefined();
    expect(await rule({ pool: "enough" })).toBe("derive");
  });

  it("is left out when every candidate is gone, though acquire would still find one", async () => {
    const register = await start(open);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      await register.grant({ owner: `o-${attempt}`, requestedAddress: candidate(attempt) });
    }
    expect(await register.store.predict(request())).toBeUndefined();
    expect(await register.grant()).toMatchObject({ rule: "sequence" });
  });

  it("fails as acquire would", async () => {
    const register = await start(open);
    await register.grant({ owner: "other", requestedAddress: wanted });
    for (const change of [{ requestedAddress: wanted }, { pool: "nowhere" }, { requestedAddress: 0 }]) {
      const predicted = await rejection(register.store.predict(request(change)));
      const refused = await register.refusal(change);
      expect([predicted.code, predicted.message]).toEqual([refused.code, refused.message]);
    }
  });

  it("does not fail when the pool is used up", async () => {
    const register = await start(open);
    for (let index = 0; index < 5; index += 1) await register.grant({ pool: "tiny", owner: "" });
    expect(await register.store.predict(request({ pool: "tiny" }))).toBeUndefined();
  });
}

function respectsPromises(open: Open): void {
  it("is the next candidate, which acquire grants when it is told what was shown", async () => {
    const register = await start(open);
    const predicted = await register.store.predict(request(), (address) => address === candidate(0));
    expect(predicted).toEqual({ rule: "derive", address: candidate(1) });
    expect(await register.grant({ preferred: candidate(1) })).toMatchObject({ lease: { address: candidate(1) } });
  });

  it("is left out when all candidates were shown to others", async () => {
    const register = await start(open);
    expect(await register.store.predict(request(), () => true)).toBeUndefined();
  });

  it("is the owner's own address all the same when it has one or names one", async () => {
    const register = await start(open);
    const { lease } = await register.grant();
    expect(await register.store.predict(request(), () => true)).toEqual({ rule: "keep", address: lease.address });
    const claim = request({ owner: "other", requestedAddress: wanted });
    expect(await register.store.predict(claim, () => true)).toEqual({ rule: "claim", address: wanted });
  });

  it("is the address of an earlier preview when that is still free", async () => {
    const register = await start(open);
    const predicted = await register.store.predict(request({ preferred: candidate(3) }));
    expect(predicted).toEqual({ rule: "derive", address: candidate(3) });
  });
}
