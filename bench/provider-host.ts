import { join } from "node:path";
import { createRegister, systemContext } from "../provider/store/open";
import { LOADER } from "../sdk/loader";
import { type Host, startHost } from "../test/host/harness";
import { makeProject } from "./project";
import { type Figure, interleaved, median, medianRatio, timed } from "./report";

const PARALLEL = 16;
const CREATES = 800;
const CHECKS = 500;
const ROUNDS = 5;

/** Returns the speed of the provider in Pulumi's own host process, against a provider that does nothing. */
export async function providerHostFigures(): Promise<readonly Figure[]> {
  const hosts = { noop: await contestant("noop"), ours: await contestant("ours") };
  const creates = (host: Host) => () => timed(() => inParallel(CREATES, () => host.create(inputs())));
  const times = await interleaved(ROUNDS, { noop: creates(hosts.noop.host), ours: creates(hosts.ours.host) });
  const checks = { noop: await checkTimes(hosts.noop.host), ours: await checkTimes(hosts.ours.host) };
  for (const { end } of Object.values(hosts)) await end();
  const rate = (name: keyof typeof times) => `${((1000 * CREATES) / median(times[name])).toFixed(0)}/s`;
  return [
    {
      name: "16 parallel creates in the host / no-op provider",
      value: medianRatio(times.noop, times.ours),
      target: 0.5,
      bound: "at least",
      detail: `${rate("ours")} against ${rate("noop")}, rate over rate`,
    },
    {
      name: "check, median milliseconds in the host",
      value: median(checks.ours),
      target: 1,
      bound: "at most",
      detail: `with the gRPC round trip, which is ${median(checks.noop).toFixed(2)} ms for a no-op`,
    },
  ];
}

async function contestant(provider: "noop" | "ours") {
  const { directory, remove } = makeProject(provider);
  const register = join(directory, "register.db");
  await createRegister(register, systemContext(console.error));
  const host = await startHost({ cwd: directory, env: { MACPOOL_STORE: register } });
  const end = async () => {
    await host.close();
    remove();
  };
  return { host, end };
}

let made = 0;

function inputs() {
  made += 1;
  const owner = `acme/network/production/web-${made}-nic`;
  const address = "42:00:00:00:00:00";
  return { __provider: LOADER, owner, pool: "default", installation: "bench", rotation: "", address };
}

async function checkTimes(host: Host): Promise<readonly number[]> {
  const times: number[] = [];
  for (let done = 0; done < CHECKS; done += 1) times.push(await timed(() => host.check({}, inputs())));
  return times;
}

async function inParallel(times: number, work: () => Promise<unknown>): Promise<void> {
  let started = 0;
  const lane = async () => {
    while (started < times) {
      started += 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
}
