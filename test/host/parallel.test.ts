import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePrefix } from "../../provider/mac/range";
import { createRegister, systemContext } from "../../provider/store/open";
import { create, declared, liveLeases, nics, useProject } from "./project";

const project = useProject();

describe("parallel creates", () => {
  it("of 100 NICs in one host process get 100 addresses, those that were shown", async () => {
    const host = await project.start();
    const checks = [];
    for (const news of nics(100)) checks.push((await host.check({}, news)).inputs);
    const granted = await Promise.all(checks.map((inputs) => host.create(inputs)));
    expect(new Set(granted.map(({ id }) => id)).size).toBe(100);
    expect(granted.map(({ id }) => id)).toEqual(checks.map(({ address }) => address));
    expect(await liveLeases(await project.open())).toHaveLength(100);
  });

  it.each(["derived", "sequential"] as const)(
    "of 3 host processes on one %s pool get an address each",
    async (strategy) => {
      await createRegister(project.path, systemContext(console.warn));
      await (await project.open()).createPool({ name: "lab", ranges: [parsePrefix("52:54:00:00:00")], strategy });
      const config = { "macpool:pool": "lab" };
      const hosts = await Promise.all([1, 2, 3].map(() => project.start({ config })));
      const granted = await Promise.all(
        hosts.flatMap((host, index) => nics(50, `host-${index}`).map((news) => create(host, news))),
      );
      expect(new Set(granted.map(({ id }) => id)).size).toBe(150);
      expect(await liveLeases(await project.open())).toHaveLength(150);
    },
  );

  it("of 3 host processes that find no register make one register", async () => {
    const hosts = await Promise.all([1, 2, 3].map(() => project.start()));
    const granted = await Promise.all(
      hosts.flatMap((host, index) => nics(50, `host-${index}`).map((news) => create(host, news))),
    );
    expect(new Set(granted.map(({ outputs }) => outputs["storeId"])).size).toBe(1);
    expect(new Set(granted.map(({ id }) => id)).size).toBe(150);
  });

  it("of one declaration in 3 host processes leave one lease", async () => {
    await createRegister(project.path, systemContext(console.warn));
    const hosts = await Promise.all([1, 2, 3].map(() => project.start()));
    const granted = await Promise.all(hosts.map((host) => create(host, declared())));
    expect(new Set(granted.map(({ id }) => id)).size).toBe(1);
    expect(new Set(granted.map(({ outputs }) => outputs["token"])).size).toBe(3);
    expect(await liveLeases(await project.open())).toHaveLength(1);
  });
});

describe("calls that arrive before any other was answered", () => {
  it("all see the configuration, though the host does not wait for configure", async () => {
    await createRegister(project.path, systemContext(console.warn));
    const register = await project.open();
    await register.createPool({ name: "lab", ranges: [parsePrefix("52:54:00")] });
    const { storeId } = await register.identity();
    const host = await project.start({ config: { "macpool:pool": "lab", "macpool:storeId": storeId } });
    const checks = await Promise.all(nics(50).map((news) => host.check({}, news)));
    expect(new Set(checks.map(({ inputs }) => inputs["pool"]))).toEqual(new Set(["lab"]));

    const second = await project.start({ config: { "macpool:pool": "lab", "macpool:storeId": storeId } });
    const granted = await Promise.all(checks.map(({ inputs }) => second.create(inputs)));
    expect(new Set(granted.map(({ outputs }) => outputs["storeId"]))).toEqual(new Set([storeId]));
    expect(existsSync(join(project.dir, "data"))).toBe(false);
  });

  it("all fail when the configuration is bad", async () => {
    const host = await project.start({ config: { "macpool:pool": "" } });
    const outcomes = await Promise.allSettled(nics(20).map((news) => host.check({}, news)));
    expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(20);
    await expect(host.check({}, declared())).rejects.toThrow(/macpool:pool/);
  });
});
