import { expect } from "vitest";
import type { Lab, Stack } from "./support/lab";
import { exported, macpool } from "./support/macpool";
import { onEveryEngine } from "./support/scenario";

/** Declares NICs, each with its arguments. */
function nics(args: Readonly<Record<string, object>>): string {
  return `
    import { MacAddress } from "pulumi-macpool";
    for (const [name, args] of Object.entries(${JSON.stringify(args)})) new MacAddress(name, args);
  `;
}

const DEV = { web: { tags: { rack: "7" } }, db: { description: "first NIC" } };
const PROD = { web: {}, cache: { keepers: { image: "debian-13" } } };

async function twoStacks(lab: Lab): Promise<readonly [Stack, Stack]> {
  const dev = await lab.stack({ program: nics(DEV) });
  const prod = await lab.stack({ program: nics(PROD), stack: "prod" });
  await dev.up();
  await prod.up();
  return [dev, prod];
}

async function exports(lab: Lab, [dev, prod]: readonly [Stack, Stack]): Promise<readonly [string, string]> {
  return [await exported(lab, dev, "dev.json"), await exported(lab, prod, "prod.json")];
}

/** The next `up` of both stacks must change nothing, and what is new must get an address that is nobody's. */
async function expectRecovered(lab: Lab, stacks: readonly [Stack, Stack], before: readonly string[]): Promise<void> {
  const [dev, prod] = stacks;
  for (const stack of stacks) expect((await stack.up({ previewFirst: true })).changes).toEqual([]);
  expect(await lab.register.live()).toEqual(before);
  dev.program(nics({ ...DEV, fresh: {} }));
  expect((await dev.up()).changes).toEqual(["create fresh"]);
  expect(before).not.toContain((await dev.outputs("fresh"))["address"]);
  for (const stack of stacks) await stack.refresh();
  for (const stack of stacks) expect((await stack.up()).changes).toEqual([]);
  await prod.destroy();
  await dev.destroy();
  expect(await lab.register.live()).toEqual([]);
}

onEveryEngine((scenario) => {
  scenario("a register that was deleted is made anew from the states of its stacks", async (lab) => {
    const stacks = await twoStacks(lab);
    const before = await lab.register.leases();
    const files = await exports(lab, stacks);
    await lab.register.remove();
    const dry = await macpool(lab, "reconcile", ...files);
    expect(dry).toMatchObject({ code: 1, stdout: expect.stringMatching(/^(insert\t.*\n){4}$/) });
    expect(await lab.register.exists()).toBe(false);
    expect(await macpool(lab, "reconcile", "--apply", ...files)).toMatchObject({ code: 0 });
    expect(await lab.register.leases()).toEqual(before);
    expect(await macpool(lab, "reconcile", ...files)).toMatchObject({ code: 0 });
    const events = await lab.register.events();
    expect(await macpool(lab, "reconcile", "--apply", ...files)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^(present\t.*\n){4}$/),
    });
    expect(await lab.register.events()).toEqual(events);
    const [dev] = stacks;
    const released = String((await dev.outputs("web"))["address"]);
    expect(await macpool(lab, "release", "--force", released)).toMatchObject({ code: 0 });
    expect((await dev.up({ previewFirst: true })).changes).toEqual(["update web"]);
    await expectRecovered(
      lab,
      stacks,
      before.map(({ address }) => address),
    );
  });

  scenario("an old copy that was written to since is brought up to the states of its stacks", async (lab) => {
    const backup = lab.newRegister("backup");
    const dev = await lab.stack({ program: nics({ web: {} }) });
    await dev.up();
    await lab.register.copyTo(backup);
    const prod = await lab.stack({ program: nics(PROD), stack: "prod" });
    dev.program(nics(DEV));
    await dev.up();
    await prod.up();
    const before = await lab.register.leases();
    await backup.copyTo(lab.register);
    // A stack that knows nothing of what was lost comes as far again.
    const other = await lab.stack({ program: nics({ a: {}, b: {}, c: {}, d: {} }), stack: "other" });
    await other.up();
    await dev.failing("up");

    const files = await exports(lab, [dev, prod]);
    expect(await macpool(lab, "reconcile", "--apply", ...files)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("present"),
    });
    const others = (await Promise.all(["a", "b", "c", "d"].map((name) => other.outputs(name)))).map(
      ({ address }) => address,
    );
    expect((await lab.register.leases()).filter(({ address }) => !others.includes(address))).toEqual(before);
    expect(await macpool(lab, "reconcile", ...files)).toMatchObject({ code: 0 });
    expect((await other.up()).changes).toEqual([]);
    await other.destroy();
    await expectRecovered(
      lab,
      [dev, prod],
      before.map(({ address }) => address),
    );
  });

  scenario("pools, reservations and blocks come back with the register, and nothing changes then", async (lab) => {
    const program = `
      import { MacAddress, MacAddressBlock, MacPool, MacReservation } from "pulumi-macpool";
      const lab = new MacPool("lab", { ranges: ["4a:00:00"], strategy: "sequential" });
      const dependsOn = [new MacReservation("printers", { range: "4a:00:00:00:00:00-4a:00:00:00:00:03" }, { dependsOn: lab })];
      new MacAddress("one", { pool: lab.name }, { dependsOn });
      new MacAddressBlock("many", { pool: lab.name, count: 3 }, { dependsOn });
    `;
    const stack = await lab.stack({ program });
    await stack.up();
    const before = await lab.register.leases();
    expect(before).toHaveLength(4);
    const file = await exported(lab, stack, "stack.json");
    await lab.register.remove();
    expect((await macpool(lab, "reconcile", file)).stdout).toMatch(/^(insert\t.*\n){6}$/);
    expect(await macpool(lab, "reconcile", "--apply", file)).toMatchObject({ code: 0 });
    expect(await lab.register.leases()).toEqual(before);
    expect((await stack.up({ previewFirst: true })).changes).toEqual([]);
    await stack.destroy();
    expect(await lab.register.live()).toEqual([]);
  });

  scenario(
    "a pool that was narrowed after the backup is narrow again, and an older export does not widen it",
    async (lab) => {
      const backup = lab.newRegister("backup");
      const program = (args: object, nics: string) => `
      import { MacAddress, MacPool, MacReservation } from "pulumi-macpool";
      const vms = new MacPool("vms", ${JSON.stringify(args)});
      new MacReservation("printers", { range: "42:02", reason: ${JSON.stringify(Object.keys(args).join())} });
      ${nics}
    `;
      const nic = 'new MacAddress("nic", { pool: vms.name });';
      const stack = await lab.stack({ program: program({ ranges: ["62:00:00", "62:00:01"] }, "") });
      await stack.up();
      const old = await exported(lab, stack, "old.json");
      await lab.register.copyTo(backup);
      stack.program(program({ ranges: ["62:00:01"], quarantineSeconds: 60 }, nic));
      await stack.up();
      const current = await exported(lab, stack, "current.json");
      const before = await macpool(lab, "pool", "show", "vms");
      expect(await macpool(lab, "reconcile", "--apply", old)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^(stale\t.*\n){2}orphan\t.*\n$/),
      });
      expect(await macpool(lab, "pool", "show", "vms")).toEqual(before);

      await backup.copyTo(lab.register);
      const back = { stdout: expect.stringMatching(/^(renew\t.*\n){2}insert\t.*\n$/) };
      expect(await macpool(lab, "reconcile", current)).toMatchObject({ code: 1, ...back });
      expect(await macpool(lab, "reconcile", "--apply", current)).toMatchObject({ code: 0, ...back });
      expect(await macpool(lab, "pool", "show", "vms")).toEqual(before);
      expect((await stack.up({ previewFirst: true })).changes).toEqual([]);
      await stack.destroy();
    },
  );

  scenario("an old export changes nothing in a register that has gone on since", async (lab) => {
    const program = (image: string, names: readonly string[], count: number) => `
      import { MacAddress, MacAddressBlock } from "pulumi-macpool";
      new MacAddress("kept", { keepers: { image: "${image}" } });
      for (const name of ${JSON.stringify(names)}) new MacAddress(name, {}, { aliases: [{ name: "web" }] });
      new MacAddressBlock("many", { count: ${count} });
    `;
    const stack = await lab.stack({ program: program("a", ["web"], 4) });
    await stack.up();
    const old = await exported(lab, stack, "old.json");
    stack.program(program("b", ["www"], 2));
    await stack.up();
    const before = { leases: await lab.register.leases(), events: await lab.register.events() };
    expect(await macpool(lab, "reconcile", "--apply", old)).toMatchObject({ code: 0 });
    expect({ leases: await lab.register.leases(), events: await lab.register.events() }).toEqual(before);
    expect((await stack.up()).changes).toEqual([]);
    await stack.destroy();
    expect(await macpool(lab, "reconcile", "--apply", old)).toMatchObject({ code: 0 });
    expect(await lab.register.live()).toEqual([]);
  });
});
