import { join } from "node:path";
import { createRegister, systemContext } from "../provider/store/open";
import { LOADER } from "../sdk/loader";
import { type Host, type Properties, startHost } from "../test/host/harness";
import type { Bench } from "./bench";
import { makeProject } from "./project";
import { type Figure, interleaved, median, medianFigure, ratios, timed } from "./report";
import type { SlowDisk } from "./slow-disk";

const PARALLEL = 16;
const WARM_UP = 1_500;
const CHECKS = 400;
const SLOW_MILLISECONDS = 2;

/** Returns the speed of the provider in Pulumi's own host process, against a provider that does nothing. */
export const providerHost: Bench = async ({ isShort, slowDisk }) => {
  const figures = await againstNoop(isShort ? 7 : 15, isShort ? 320 : 640);
  return slowDisk === undefined ? figures : [...figures, await groupAgainstSingle(slowDisk, isShort ? 5 : 9)];
};

async function againstNoop(rounds: number, creates: number): Promise<readonly Figure[]> {
  const hosts = { noop: await contestant("noop"), ours: await contestant("ours") };
  for (const { create } of Object.values(hosts)) await create(WARM_UP, PARALLEL);
  const times = await interleaved(rounds, {
    noop: () => hosts.noop.create(creates, PARALLEL),
    ours: () => hosts.ours.create(creates, PARALLEL),
  });
  const checks = { noop: await checkTimes(hosts.noop.host), ours: await checkTimes(hosts.ours.host) };
  for (const { end } of Object.values(hosts)) await end();
  const rate = (name: keyof typeof times) => `${((1000 * creates) / median(times[name])).toFixed(0)}/s`;
  return [
    medianFigure(
      {
        id: "S9",
        name: "16 parallel creates in the host / no-op provider",
        bound: "at least",
        target: 0.6,
        moonshot: 0.8,
      },
      ratios(times.noop, times.ours),
      `${rate("ours")} against ${rate("noop")}`,
    ),
    {
      id: "",
      name: "check, median milliseconds in the host",
      bound: "at most",
      target: 1,
      value: median(checks.ours),
      detail: `with the gRPC round trip, which is ${median(checks.noop).toFixed(2)} ms for a no-op`,
    },
  ];
}

async function groupAgainstSingle(slowDisk: SlowDisk, rounds: number): Promise<Figure> {
  const ours = await contestant("ours", slowDisk.environment(SLOW_MILLISECONDS));
  await ours.create(300, PARALLEL);
  const group = 10 * PARALLEL;
  const single = 40;
  const times = await interleaved(rounds, {
    group: async () => (await ours.create(group, PARALLEL)) / group,
    single: async () => (await ours.create(single, 1)) / single,
  });
  await ours.end();
  const micros = (values: readonly number[]) => `${(1000 * median(values)).toFixed(0)} us`;
  return medianFigure(
    {
      id: "S9",
      name: "16 parallel creates in the host / one after the other, disk 2 ms slower",
      bound: "at least",
      target: 3,
      moonshot: 5,
    },
    ratios(times.single, times.group),
    `${micros(times.group)} a create against ${micros(times.single)}`,
  );
}

async function contestant(provider: "noop" | "ours", environment: NodeJS.ProcessEnv = {}) {
  const { directory, remove } = makeProject(provider);
  const register = join(directory, "register.db");
  await createRegister(register, systemContext(console.error));
  const host = await startHost({ cwd: directory, env: { ...environment, MACPOOL_STORE: register } });
  /** Returns the milliseconds that the creates took; the engine checks before it creates, so ours comes with an address. */
  const create = async (count: number, lanes: number) => {
    const checked = await inLanes(Array.from({ length: count }, inputs), lanes, async (news) => {
      return (await host.check({}, news)).inputs;
    });
    return timed(() => inLanes(checked, lanes, (bag) => host.create({ ...bag, __provider: LOADER })));
  };
  const end = async () => {
    await host.close();
    remove();
  };
  return { host, create, end };
}

let made = 0;

function inputs(): Properties {
  made += 1;
  const owner = `acme/network/production/web-${made}-nic`;
  return { __provider: LOADER, owner, pool: "default", installation: "bench", rotation: "" };
}

async function checkTimes(host: Host): Promise<readonly number[]> {
  const times: number[] = [];
  for (let done = 0; done < CHECKS; done += 1) times.push(await timed(() => host.check({}, inputs())));
  return times;
}

/** Does `work` with each item, in so many lanes side by side, and returns what came of each. */
async function inLanes<T, R>(items: readonly T[], lanes: number, work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const rest = items.values();
  const lane = async () => {
    for (const item of rest) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
