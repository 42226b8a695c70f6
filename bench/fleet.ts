import { createRegister, openRegister, systemContext } from "../provider/store/open";
import { findPulumi } from "../test/engine/find-pulumi";
import { type CliStack, makeCliStack } from "../test/engine/real-cli";
import { findServer } from "../test/postgres/binaries";
import { TestServer } from "../test/postgres/server";
import type { Bench } from "./bench";
import { makeProject } from "./project";
import { interleaved, median, medianFigure, ratios, timed } from "./report";

const ROUNDS = 2;
const SIZE = { stacks: 20, nics: 100 };
const SHORT = { stacks: 6, nics: 10 };

/** Returns how long many stacks take that go up at once with one register in PostgreSQL, against no register at all. */
export const fleet: Bench = async ({ isShort }) => {
  const cli = findPulumi();
  const bin = findServer();
  if (cli === undefined || bin === undefined) {
    console.warn("SKIPPED bench fleet: it needs a Pulumi CLI and a PostgreSQL server.");
    return [];
  }
  const size = isShort ? SHORT : SIZE;
  const server = await TestServer.start(bin);
  try {
    const store = server.url();
    await createRegister(store, context);
    const fleets = { noop: await fleetOf(cli, "noop", store, size), ours: await fleetOf(cli, "ours", store, size) };
    const ours = async () => {
      const took = await timed(fleets.ours.up);
      await assertSound(store, size);
      await fleets.ours.down();
      return took;
    };
    const noop = async () => {
      const took = await timed(fleets.noop.up);
      await fleets.noop.down();
      return took;
    };
    const times = await interleaved(ROUNDS, { noop, ours });
    for (const each of Object.values(fleets)) each.remove();
    const seconds = (values: readonly number[]) => `${(median(values) / 1000).toFixed(1)} s`;
    return [
      medianFigure(
        {
          id: "",
          bound: "at most",
          target: 1.15,
          name: `${size.stacks} stacks of ${size.nics} NICs up at once, register in PostgreSQL / no-op provider`,
        },
        ratios(times.ours, times.noop),
        `${seconds(times.ours)} against ${seconds(times.noop)}`,
      ),
    ];
  } finally {
    await server.stop();
  }
};

const context = systemContext(console.error);

async function fleetOf(cli: string, provider: "noop" | "ours", store: string, size: typeof SIZE) {
  const project = makeProject(
    provider,
    `const { MacAddress } = require("pulumi-macpool");
     for (let nic = 0; nic < ${size.nics}; nic += 1) new MacAddress("nic-" + nic);`,
  );
  const stacks: CliStack[] = [];
  for (let index = 0; index < size.stacks; index += 1) {
    stacks.push(await makeCliStack(cli, project.directory, `stack-${index}`, { "macpool:store": store }));
  }
  const all = (command: "up" | "destroy") => async () => {
    const ran = await Promise.all(stacks.map((stack) => stack.run(command, "--skip-preview")));
    for (const { ok, text } of ran) if (!ok || text.includes("macpool: ")) throw new Error(text);
  };
  return {
    up: all("up"),
    down: all("destroy"),
    remove: () => {
      for (const stack of stacks) stack.remove();
      project.remove();
    },
  };
}

/** Every NIC has an address of its own, and the register is whole. */
async function assertSound(store: string, { stacks, nics }: typeof SIZE): Promise<void> {
  const register = await openRegister(store, context);
  const addresses = new Set<number>();
  let leases = 0;
  for await (const { address } of register.list({ state: "live" })) {
    leases += 1;
    addresses.add(address);
  }
  const { faults } = await register.verify();
  await register.close();
  if (leases !== stacks * nics || addresses.size !== leases || faults.length > 0) {
    throw new Error(`${leases} leases of ${addresses.size} addresses; ${faults.join(" ")}`);
  }
}
