import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatMac } from "../../provider/mac/mac";
import { repository } from "./built-package";
import type { Created, Host, HostOptions, Properties } from "./harness";
import { create, declared, liveLeases, nics, useProject } from "./project";

const project = useProject();

/** Starts a host that dies when it is about to answer `method` for the resource of this URN. */
function mortal(method: string): Partial<HostOptions> {
  const script = createRequire(__filename).resolve("@pulumi/pulumi/cmd/dynamic-provider");
  return {
    nodeArgs: ["--require", join(repository, "test", "engine", "die-before-reply.cjs")],
    env: { ENGINE_DOUBLE_DIE: JSON.stringify({ script, method, name: "nic" }) },
  };
}

const urn = "urn:pulumi:prod::net::pulumi-nodejs:dynamic/macpool:MacAddress::nic";

describe("a host that is killed after the commit and before the answer", () => {
  it("of a create loses nothing: the retry gets the same address, and there is one lease", async () => {
    const host = await project.start(mortal("create"));
    const { inputs } = await host.check({}, declared());
    await expect(host.create(inputs, urn)).rejects.toThrow();
    const committed = await liveLeases(await project.open());
    expect(committed).toHaveLength(1);

    const { id, outputs } = await create(await project.start(), declared());
    expect([["acme/net/prod/nic", id]]).toEqual(committed.map(([owner, address]) => [owner, formatMac(address)]));
    expect(await liveLeases(await project.open())).toEqual(committed);
    expect((await (await project.start()).read(id, outputs)).id).toBe(id);
  });

  it("of an update loses nothing: the retry finds the renamed lease by its token", async () => {
    const { id, outputs } = await create(await project.start(), declared({ requestedAddress: "42:ab:00:00:00:01" }));
    const news = declared({ requestedAddress: id, owner: "renamed", pool: "default" });
    await expect((await project.start(mortal("update"))).update(id, outputs, news, urn)).rejects.toThrow();
    expect(await liveLeases(await project.open())).toEqual([["renamed", 0x42ab00000001]]);

    const host = await project.start();
    const { inputs, failures } = await host.check(outputs, { ...news, defaultOwner: "acme/net/prod/nic" });
    expect(failures).toEqual([]);
    expect(await host.update(id, outputs, inputs)).toMatchObject({ address: id, owner: "renamed" });
    expect(await liveLeases(await project.open())).toEqual([["renamed", 0x42ab00000001]]);
  });

  it("of a delete loses nothing: the retry is success", async () => {
    const { id, outputs } = await create(await project.start(), declared());
    await expect((await project.start(mortal("delete"))).delete(id, outputs, urn)).rejects.toThrow();
    expect(await liveLeases(await project.open())).toEqual([]);
    const host = await project.start();
    await host.delete(id, outputs);
    expect((await create(host, declared())).id).toBe(id);
  });
});

describe("a host that is killed while it creates", () => {
  it("ten times over leaves neither duplicates nor leaks, and keeps every answer it gave", async () => {
    const answered = new Map<string, Created>();
    for (let round = 0; round < 10; round += 1) {
      const pending = nics(20 * (round + 1)).filter(({ owner }) => !answered.has(String(owner)));
      await createUntilKilled(await project.start(), pending, answered, round % 2 === 0 ? 0 : round);
    }
    const survivor = await project.start();
    const all = nics(200);
    await Promise.all(
      all.map(async (news) => {
        const owner = String(news["owner"]);
        if (!answered.has(owner)) answered.set(owner, await create(survivor, news));
      }),
    );
    const expected = [...answered].map(([owner, { id }]) => [owner, id]).sort();
    const register = await project.open();
    expect((await liveLeases(register)).map(([owner, address]) => [owner, formatMac(address)])).toEqual(expected);
    expect(new Set([...answered.values()].map(({ id }) => id)).size).toBe(all.length);
    expect((await register.verify()).faults).toEqual([]);
    for (const { id, outputs } of answered.values()) expect((await survivor.read(id, outputs)).id).toBe(id);
  });
});

/** Creates all at once, and kills the process after so many answers; what was answered is what the engine saves. */
async function createUntilKilled(host: Host, pending: Properties[], answered: Map<string, Created>, answers: number) {
  let left = answers;
  const work = pending.map(async (news) => {
    const created = await create(host, news);
    answered.set(String(news["owner"]), created);
    left -= 1;
    if (left === 0) await host.kill();
  });
  const settled = Promise.allSettled(work);
  // Or before the first answer, in the middle of whatever goes on by then.
  if (answers === 0) await new Promise((next) => setTimeout(next, Math.random() * 40));
  if (answers === 0) await host.kill();
  await settled;
  await host.kill();
}
